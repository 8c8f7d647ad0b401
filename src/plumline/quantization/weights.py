"""Weights as int8 codes, a scale for each filter, and biases in units of the sums."""

import numpy as np
from numpy.typing import NDArray

from plumline.quantization.model import Array

Codes = NDArray[np.int8]


def quantize_weight(weight: Array, axis: int) -> tuple[Codes, Array]:
    """Return codes and the scale of each place of ``axis``: ``codes * scale`` is the weight.

    A filter of {-a, 0, +a} has the codes -1, 0 and 1 with the scale a, so that nothing is lost and
    the compiler finds the pattern again. Any other has codes up to 127, rounded.
    """
    rows = np.moveaxis(weight, axis, 0).reshape(weight.shape[axis], -1)
    codes, scales = zip(*(_row(row) for row in rows), strict=True)
    moved = np.moveaxis(weight, axis, 0).shape
    matrix = np.moveaxis(np.array(codes, np.int8).reshape(moved), 0, axis)
    return np.ascontiguousarray(matrix), np.array(scales, np.float32)


def _row(row: Array) -> tuple[NDArray[np.float32], np.float32]:
    sizes = np.abs(row)
    largest = sizes.max()
    if largest == 0:
        return row, np.float32(1)
    if np.isin(sizes, (0, largest)).all():
        return np.sign(row), np.float32(largest)
    scale = np.float32(largest / np.float32(127))
    return np.clip(np.rint(row / scale), -127, 127), scale


def quantize_bias(bias: Array, sums: Array) -> NDArray[np.int32] | None:
    """Return the bias in units of the sums' scales; None when it is too large for int32."""
    codes = np.rint(bias.astype(np.float64) / sums)
    # A quarter of the range leaves room for any sum of products that is added to it.
    return codes.astype(np.int32) if np.abs(codes).max(initial=0) < 2**29 else None
