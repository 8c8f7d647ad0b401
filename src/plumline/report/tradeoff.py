"""Repetition against sparsity: operations of this network and of random weights."""

from collections.abc import Iterator, Mapping
from dataclasses import replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from plumline._progress import progress
from plumline.analysis import Analysis, Layer, Network, Operations
from plumline.analysis.execution import parse

Floats = NDArray[np.float32]

TILES = (4, 8)
MODELS = parse([f"summerge:tile={tile}:sparsity=on" for tile in TILES])
"""How sums that filters have in common are made once: whichever takes fewer operations.

Which one that is depends on the weights: binary ones repeat more in short tiles where filters are
few. One tile for all would compare schemes by how well it suits them.
"""

(DENSE,) = parse(["dense"])

MOST_FILTERS, MOST_COLUMNS = 512, 576
"""Of the layer that random weights are counted for.

Columns beyond change the operations of a weight little, because tiles share nothing; filters do.
"""

DENSITIES = (0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9)

Counts = Mapping[str, Operations]
"""By the label of the model."""


def count(network: Network, analysis: Analysis) -> dict[int, Counts]:
    """Count the operations of each quantized layer, by its number."""
    numbers = [number for number, layer in enumerate(analysis.layers) if layer.quantized]
    return {
        number: _count(network.layers[number])
        for number in progress(numbers, "counting operations")
    }


def fewest(counts: Counts) -> int:
    """Return the operations of the model that takes the fewest."""
    return min(operations.total for operations in counts.values())


def compare(
    network: Network, analysis: Analysis, counts: Mapping[int, Counts]
) -> dict[str, Any] | None:
    """Put the counted layers beside random weights of each scheme, in the shape of one of them.

    That is the layer with the most weights, cut to `MOST_FILTERS` and `MOST_COLUMNS`; its own
    weights are counted in this shape too. All are relative to the dense operations, points are
    (density, operations). None where no layer was counted.
    """
    if not counts:
        return None
    layers = {number: analysis.layers[number] for number in counts}
    largest = max(layers, key=lambda number: layers[number].parameters)
    small = _part(network.layers[largest])
    curves: dict[str, list[tuple[float, float]]] = {}
    for scheme, weight in _random(small.weight.shape):
        curves.setdefault(scheme, []).append(_point(replace(small, weight=weight)))
    parameters = sum(layer.parameters for layer in layers.values())
    effectual = sum(layer.effectual for layer in layers.values())
    dense = sum(layer.dense_operations.total for layer in layers.values())
    total = sum(map(fewest, counts.values()))
    return {
        "tiles": TILES,
        "shape": small.weight.shape,
        "largest": {
            "layer": largest,
            "cut": small.parameters < network.layers[largest].parameters,
            "point": _point(small),
        },
        "curves": [{"scheme": name, "points": points} for name, points in curves.items()],
        "network": (effectual / parameters, total / dense),
    }


def _count(layer: Layer) -> dict[str, Operations]:
    found = {model.label: model.count(layer) for model in MODELS}
    return {label: operations for label, operations in found.items() if operations is not None}


def _point(layer: Layer) -> tuple[float, float]:
    dense = DENSE.count(layer)
    assert dense is not None, "every layer has dense operations"
    density = np.count_nonzero(layer.weight) / layer.parameters
    return density, fewest(_count(layer)) / dense.total


def _part(layer: Layer) -> Layer:
    """Cut a layer to the filters of its first group and the channels that random weights get."""
    filters = min(layer.filters // layer.groups, MOST_FILTERS)
    channels = min(layer.channels, max(MOST_COLUMNS // layer.taps, 1))
    weight = layer.weight[:filters, :channels]
    if layer.op == "linear":
        inputs, outputs = (*layer.input_size[:-1], channels), (*layer.output_size[:-1], filters)
    else:
        inputs, outputs = (channels, *layer.input_size[1:]), (filters, *layer.output_size[1:])
    return replace(layer, weight=weight, groups=1, input_size=inputs, output_size=outputs)


def _random(shape: tuple[int, ...]) -> Iterator[tuple[str, Floats]]:
    random = np.random.default_rng(0)
    sign = np.where(np.arange(shape[0]) < shape[0] // 2, 1, -1).reshape(-1, *[1] * (len(shape) - 1))
    for density in DENSITIES:
        present = random.random(shape) < density
        yield "signed-binary", (present * sign).astype(np.float32)
        yield "ternary", (present * random.choice((-1, 1), shape)).astype(np.float32)
    yield "binary", random.choice((-1, 1), shape).astype(np.float32)
