"""Each scheme's forward formula as plain loops over Python numbers: slow, short, obviously right.

A filter is a list of channels, a channel a list of numbers.
"""

import math


def signed_binary(filters, signs, delta):
    """`signs` has one list a filter, one number a slab of channels."""
    result = []
    for channels, of_slabs in zip(filters, signs, strict=True):
        largest = max(abs(w) for channel in channels for w in channel)
        threshold = delta * largest
        width = len(channels) // len(of_slabs)
        quantized = []
        for index, channel in enumerate(channels):
            sign = of_slabs[index // width]
            if sign > 0:
                row = [1.0 if w >= threshold and w > 0 else 0.0 for w in channel]
            else:
                row = [-1.0 if w <= -threshold and w < 0 else 0.0 for w in channel]
            quantized.append(row)
        result.append(quantized)
    return result


def binary(filters):
    return [[[1.0 if w >= 0 else -1.0 for w in channel] for channel in f] for f in filters]


def ternary(filters, rule):
    result = []
    for channels in filters:
        sizes = [abs(w) for channel in channels for w in channel]
        threshold = 0.7 * sum(sizes) / len(sizes) if rule == "twn" else 0.05 * max(sizes)
        result.append([[_sign(w) if abs(w) > threshold else 0.0 for w in c] for c in channels])
    return result


def mean_of_effectual(channels, codes):
    """The scale of one filter."""
    chosen = [
        abs(w)
        for row, code_row in zip(channels, codes, strict=True)
        for w, code in zip(row, code_row, strict=True)
        if code
    ]
    return sum(chosen) / len(chosen) if chosen else 0.0


def straight_through(weight, gradient):
    return min(1.0, max(-1.0, gradient)) if abs(weight) <= 1 else 0.0


def error_decay(weight, centre, gradient, progress):
    t = 0.1 * 10 ** (progress * math.log10(10 / 0.1))
    k = max(1 / t, 1)
    return gradient * k * t * (1 - math.tanh((weight - centre) * t) ** 2)


def _sign(w):
    return 1.0 if w > 0 else -1.0
