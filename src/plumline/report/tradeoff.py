"""Repetition against sparsity: operations of this network and of random weights."""

from collections.abc import Mapping
from dataclasses import astuple
from typing import Any

from plumline._progress import progress
from plumline.analysis import Analysis, Layer, Network, Operations
from plumline.analysis.execution import parse
from plumline.analysis.scheme_order import Cost
from plumline.analysis.symbols import BINARY, SIGNED_BINARY, TERNARY
from plumline.report import order, random_weights

TILES = (4, 8)
MODELS = parse([f"summerge:tile={tile}:sparsity=on" for tile in TILES])
"""How sums that filters have in common are made once: whichever takes fewer operations.

Which one that is depends on the weights: binary ones repeat more in short tiles where filters are
few. One tile for all would compare schemes by how well it suits them.
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
    """Put the counted layers, as one network, beside the same layers with random weights.

    All are relative to the dense operations of these layers; points are (density, operations).
    None where no layer was counted.
    """
    if not counts:
        return None
    layers = [network.layers[number] for number in counts]
    found = [analysis.layers[number] for number in counts]
    dense = sum(layer.dense_operations.total for layer in found)

    def cost(scheme: str, density: float) -> Cost:
        drawn = random_weights.cost(layers, MODELS, scheme, density)
        return Cost(drawn.density, drawn.operations / dense)

    density = sum(layer.effectual for layer in found) / sum(layer.parameters for layer in found)
    binary = cost(BINARY, 1.0)
    drawn = [
        {BINARY: binary, **{scheme: cost(scheme, one) for scheme in (SIGNED_BINARY, TERNARY)}}
        for one in progress([density, *DENSITIES], "counting random weights")
    ]
    here, *lines = drawn
    curves = {scheme: [costs[scheme] for costs in lines] for scheme in (SIGNED_BINARY, TERNARY)}
    return {
        "tiles": TILES,
        "layers": len(layers),
        "curves": [
            {"scheme": scheme, "points": [astuple(point) for point in points]}
            for scheme, points in {**curves, BINARY: [binary]}.items()
        ],
        "network": (density, sum(map(fewest, counts.values())) / dense),
        "order": order.sentences(density, here, dict(zip(DENSITIES, lines, strict=True))),
    }


def _count(layer: Layer) -> dict[str, Operations]:
    found = {model.label: model.count(layer) for model in MODELS}
    return {label: operations for label, operations in found.items() if operations is not None}
