"""How often the filters of a layer, and pieces of them, are the same."""

import numpy as np
from numpy.typing import NDArray

from plumline.analysis.layer import Floats, Layer

Codes = NDArray[np.uint64]


STEPS = 10_000
"""Weights of a filter with few values are told apart in so many parts of the largest one."""


def codes(matrix: Floats, few: NDArray[np.bool_]) -> Codes:
    """Number the weights of a matrix (M, K): equal numbers, equal weights.

    Filters with ``few`` values (M,) are compared without a positive factor of their own, so that a
    network counts the same before and after a BatchNorm is folded into it. Of those whose values
    are 0 and one magnitude 0, 1 and 2 are negative, zero and positive.
    """
    numbers = (np.sign(matrix) + 1).astype(np.uint64)
    largest = np.abs(matrix).max(axis=1, keepdims=True)
    scaled = ((matrix == 0) | (np.abs(matrix) == largest)).all(axis=1)
    uneven, many = few & ~scaled, ~few & ~scaled
    if uneven.any():
        parts = np.round(STEPS * (matrix[uneven] / largest[uneven])).astype(np.int64)
        numbers[uneven] = (parts + STEPS + 3).astype(np.uint64)
    if many.any():
        others = matrix[many] + np.float32(0)  # -0.0 becomes 0.0
        numbers[many] = others.view(np.uint32) + np.uint64(2 * STEPS + 4)
    return numbers


def distinct_filters(codes: Codes) -> int:
    """Count the filters that differ from each other."""
    return distinct_rows(codes)


def distinct_slices(codes: Codes, layer: Layer) -> int:
    """Count the different R x S slices: all that one filter does with one input channel.

    There are M * C / groups of them. The weights of a linear layer are slices of one.
    """
    return distinct_rows(codes.reshape(-1, layer.taps))


def distinct_channel_groups(codes: Codes, layer: Layer, size: int) -> int:
    """Count the different runs of ``size`` neighbouring channels at one tap of one filter.

    Channels that are left at the end make a shorter run, filled up with a value of its own.
    """
    split = codes.reshape(layer.filters, layer.channels, layer.taps)
    missing = -layer.channels % size
    filled = np.pad(split, ((0, 0), (0, missing), (0, 0)), constant_values=codes.max() + 1)
    runs = filled.reshape(layer.filters, -1, size, layer.taps).transpose(0, 1, 3, 2)
    return distinct_rows(runs.reshape(-1, size))


def distinct_rows(codes: Codes) -> int:
    """Count the different rows of a matrix of codes.

    A row is a number in the base of the codes where that fits in 64 bits. Longer ones have a
    fingerprint: a sum of codes times random numbers modulo 2^64, in which two of a million rows
    are the same by chance less often than once in ten million layers.
    """
    base, length = int(codes.max()) + 1, codes.shape[1]
    if base**length <= 1 << 64:
        factors = np.array([base**place for place in range(length)], np.uint64)
    else:
        factors = np.random.default_rng(0).integers(0, 1 << 64, length, np.uint64)
    ordered = np.sort(codes @ factors)
    return 1 + int(np.count_nonzero(ordered[1:] != ordered[:-1]))
