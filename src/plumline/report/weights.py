"""Which weights of a layer are positive, negative or zero: packed for the page, and counted."""

import base64
from typing import Any

import numpy as np
from numpy.typing import NDArray

from plumline.analysis import CHANNEL_GROUP, Layer

Signs = NDArray[np.int8]

MOST_PATTERNS = 24
"""Patterns that are shown, the most frequent ones."""


def signs(layer: Layer) -> Signs | None:
    """Return -1, 0 and 1 for each weight as (M, K); None where weights have no pattern.

    That is of the weights as they run: a BatchNormalization with a negative factor that was folded
    into a filter has turned its signs.
    """
    return None if layer.form == "dense" else np.sign(layer.matrix).astype(np.int8)


def pack(matrix: Signs) -> dict[str, str]:
    """Pack a matrix as base64 texts of bits, rows one after another, low bits first.

    ``nonzero`` is left out where all weights are, ``negative`` where none is. Where each filter has
    one sign, ``negative_filters`` has a bit a filter instead.
    """
    nonzero, negative = np.not_equal(matrix, 0), np.less(matrix, 0)
    packed = {} if nonzero.all() else {"nonzero": _text(nonzero)}
    if not negative.any():
        return packed
    has_negative = np.asarray(negative.any(axis=1))
    if not (has_negative & (matrix > 0).any(axis=1)).any():
        return {**packed, "negative_filters": _text(has_negative)}
    return {**packed, "negative": _text(negative)}


def _text(bits: NDArray[np.bool_]) -> str:
    return base64.b64encode(np.packbits(bits, bitorder="little").tobytes()).decode("ascii")


def patterns(layer: Layer, matrix: Signs) -> dict[str, Any] | None:
    """Count the patterns of a layer's slices, or of runs of channels where a slice is one weight.

    Returns how many pieces and how many distinct ones there are, the most frequent as texts of
    ``+``, ``-`` and ``0`` with their counts, and how many have 0, 1, ... weights that are not zero.
    None where channels do not divide into runs.
    """
    if layer.taps > 1:
        size, what = layer.taps, "slices, each the kernel of one filter on one channel"
        kernel = (1, *layer.kernel)[-2:]
    elif layer.columns % CHANNEL_GROUP == 0:
        size, what = CHANNEL_GROUP, f"runs of {CHANNEL_GROUP} channels of one filter"
        kernel = (1, CHANNEL_GROUP)
    else:
        return None
    pieces = np.ascontiguousarray(matrix.reshape(-1, size))
    distinct, counts = np.unique(pieces.view(np.dtype((np.void, size))), return_counts=True)
    order = np.argsort(-counts, kind="stable")[:MOST_PATTERNS]
    top = distinct[order].view(np.int8).reshape(-1, size)
    return {
        "what": what,
        "kernel": kernel,
        "size": size,
        "count": len(pieces),
        "distinct": len(distinct),
        "top": [
            ["".join("0+-"[value] for value in pattern), int(counts[number])]
            for pattern, number in zip(top, order, strict=True)
        ],
        "nonzeros": np.bincount(np.count_nonzero(pieces, axis=1), minlength=size + 1).tolist(),
    }
