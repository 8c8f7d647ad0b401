"""Repetition against sparsity: operations of this network and of random weights."""

from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from plumline._progress import progress
from plumline.analysis import Analysis, ExecutionModel, Layer, Network, Operations

Floats = NDArray[np.float32]

MOST_FILTERS = MOST_CHANNELS = 64
"""Of the layer that random weights are counted for: more change the counts of a weight little."""

DENSITIES = (0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9)

Counts = dict[int, Operations]
"""By the number of the layer, for those that the model serves."""


def count(network: Network, analysis: Analysis, model: ExecutionModel) -> Counts:
    """Count the operations of each quantized layer."""
    numbers = [number for number, layer in enumerate(analysis.layers) if layer.quantized]
    found = {
        number: model.count(network.layers[number])
        for number in progress(numbers, "counting operations")
    }
    return {number: operations for number, operations in found.items() if operations is not None}


def compare(
    network: Network, analysis: Analysis, counts: Counts, model: ExecutionModel
) -> dict[str, Any] | None:
    """Put the counted layers beside random weights of each scheme, in the shape of one of them.

    All are relative to the dense operations; None where no layer was counted.
    """
    if not counts:
        return None
    layers = {number: analysis.layers[number] for number in counts}
    largest = max(layers, key=lambda number: layers[number].dense_macs)
    small = _part(network.layers[largest])
    curves: dict[str, list[tuple[float, float]]] = {}
    for scheme, weight in _random(small.weight.shape):
        operations = model.count(replace(small, weight=weight))
        if operations is not None:
            density = np.count_nonzero(weight) / weight.size
            curves.setdefault(scheme, []).append((density, share(operations, small)))
    parameters = sum(layer.parameters for layer in layers.values())
    effectual = sum(layer.effectual for layer in layers.values())
    dense = sum(layer.dense_operations.total for layer in layers.values())
    total = sum(operations.total for operations in counts.values())
    return {
        "model": model.label,
        "shape": small.weight.shape,
        "curves": [{"scheme": name, "points": points} for name, points in curves.items()],
        "network": (effectual / parameters, total / dense),
    }


def share(operations: Operations, layer: Layer) -> float:
    """Return operations relative to a multiplication and an addition for every weight."""
    return operations.total / (2 * layer.dense_macs)


def _part(layer: Layer) -> Layer:
    """Cut a layer to the filters and channels that random weights are counted for."""
    weight = layer.weight[:MOST_FILTERS, :MOST_CHANNELS]
    filters, channels = weight.shape[:2]
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
