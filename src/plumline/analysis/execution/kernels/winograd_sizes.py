"""How the kernel ``winograd`` cuts a layer, as native/kernels/winograd/plan.h and plan.cc say."""

from plumline.analysis.layer import Layer

SQUARE = 4
"""Outputs of a square along each axis."""
POINTS = SQUARE + 2
"""Inputs, and places, along each axis."""
PLACES = POINTS * POINTS

KEPT_WEIGHTS = 1 << 22
"""The most transformed weights of a group that are kept."""
BAND_NUMBERS = 3 << 16
"""Of the transformed input that is held at a time."""
SQUARES_TOGETHER = 28
"""Squares whose sums are held at a time, with weights that are transformed for them."""


def squares(layer: Layer) -> tuple[int, int]:
    """Return how many squares cover the output, down and across."""
    _, height, width = layer.output_size
    return -(-height // SQUARE), -(-width // SQUARE)


def keeps_weights(layer: Layer) -> bool:
    """Return whether the engine keeps the transformed weights: those that a cache may hold."""
    return PLACES * layer.channels * layer.filters // layer.groups <= KEPT_WEIGHTS


def band_rows(layer: Layer) -> int:
    """Return how many rows of squares the engine transforms before it multiplies them."""
    rows, across = squares(layer)
    fitting = BAND_NUMBERS // (PLACES * layer.channels * across)
    least = -(-2 * SQUARES_TOGETHER // across)
    most = min(max(fitting, least, 1), rows)
    return -(-rows // -(-rows // most))


def weight_passes(layer: Layer) -> int:
    """Return how often all weights are transformed for a sample; 0 where they are kept."""
    if keeps_weights(layer):
        return 0
    rows, across = squares(layer)
    band = band_rows(layer)
    bands = [min(band, rows - first) for first in range(0, rows, band)]
    return sum(-(-rows_of_band * across // SQUARES_TOGETHER) for rows_of_band in bands)
