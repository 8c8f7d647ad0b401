"""How often the filters of a layer, and pieces of them, are the same."""

import numpy as np
from numpy.typing import NDArray

from plumline.analysis.layer import Floats, Layer

Codes = NDArray[np.int64]


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
    """Count the different rows of a matrix of codes of at least 0.

    Rows become numbers: a column at a time joins what is numbered so far, and numbers are made
    small again before they could leave 64 bits.
    """
    values = int(codes.max()) + 1
    numbers, limit = np.zeros(len(codes), np.int64), 1
    for column in codes.T:
        if limit > (1 << 62) // values:
            found, numbers = np.unique(numbers, return_inverse=True)
            limit = len(found)
        numbers = numbers * values + column
        limit *= values
    return len(np.unique(numbers))


def codes(matrix: Floats) -> Codes:
    """Number the weights of a matrix (M, K): equal numbers, equal weights.

    Filters that are sums of inputs times one number of their own, {0, a}, {-a, +a} or {-a, 0, +a},
    are compared without it: 0, 1 and 2 are negative, zero and positive. So a network counts the
    same before and after a BatchNorm is folded into it.
    """
    numbers = np.sign(matrix).astype(np.int64) + 1
    largest = np.abs(matrix).max(axis=1, keepdims=True)
    scaled = ((matrix == 0) | (np.abs(matrix) == largest)).all(axis=1)
    if not scaled.all():
        others = matrix[~scaled]
        values, found = np.unique(others, return_inverse=True)
        numbers[~scaled] = 3 + found.reshape(others.shape)
    return numbers
