"""Winograd's convolution F(4x4, 3x3), as the kernel ``winograd`` evaluates it."""

from dataclasses import dataclass

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view

from plumline.analysis.execution.graph import (
    CountedGraph,
    GraphBuilder,
    LayerGraph,
    Reals,
    Term,
    padded_images,
)
from plumline.analysis.execution.kernels.winograd_sizes import (
    PLACES,
    POINTS,
    SQUARE,
    squares,
    weight_passes,
)
from plumline.analysis.execution.kernels.winograd_transforms import (
    from_points,
    of_kernels,
    to_points,
    twice,
)
from plumline.analysis.execution.operations import Operations
from plumline.analysis.execution.registry import ExecutionModel
from plumline.analysis.layer import Layer

# Of a square and channel, of a square and filter, of a kernel: each axis is transformed by itself.
_INPUT = Operations(12, 8) * (2 * POINTS)
_OUTPUT = Operations(10, 8) * (POINTS + SQUARE)
_KERNEL = Operations(6, 6) * (POINTS - 2) + Operations(6, 4) * POINTS


@dataclass(frozen=True)
class Winograd(ExecutionModel):
    """Squares of 4 x 4 outputs, transformed to 36 places: at each a product over the channels.

    Squares are whole, those that reach over the edge of the output too. The weights are transformed
    once, before any inference, and not counted; but where they are many they are transformed
    whenever they are used, and counted, for a sample that runs alone.
    """

    name = "winograd"

    def count(self, layer: Layer) -> Operations:
        """See `ExecutionModel.count`."""
        channels, filters = layer.channels, layer.filters // layer.groups
        products = Operations(filters * (channels - 1), filters * channels) * PLACES
        square = _INPUT * channels + products + _OUTPUT * filters
        rows, across = squares(layer)
        transformed = _KERNEL * (channels * filters * weight_passes(layer))
        return (square * (rows * across) + transformed) * layer.groups

    def graph(self, layer: Layer) -> LayerGraph:
        """See `ExecutionModel.graph`."""
        return WinogradGraph(layer, weight_passes(layer))


@dataclass(frozen=True)
class WinogradGraph(LayerGraph):
    """Transforms of the input, products at each place, transforms of their sums.

    The weights are transformed here as well, which counts ``passes`` times.
    """

    layer: Layer
    passes: int

    def run(self, x: Reals) -> tuple[Reals, Operations]:
        """See `LayerGraph.run`."""
        layer = self.layer
        kernels, total = _everywhere(of_kernels(), layer.weight.reshape(-1, 9).T.astype(np.float64))
        total *= self.passes
        kernels = kernels.reshape(PLACES, layer.groups, -1, layer.channels)
        read = _windows(layer, x)
        places, once = _everywhere(twice(POINTS, to_points), read.reshape(PLACES, -1))
        total += once
        places = places.reshape(PLACES, layer.groups, layer.channels, -1)
        sums = np.empty((PLACES, layer.groups, kernels.shape[2], places.shape[3]))
        for place, group in np.ndindex(sums.shape[:2]):
            products = _products(kernels[place, group])
            sums[place, group], once = _everywhere(products, places[place, group])
            total += once
        made, once = _everywhere(twice(POINTS, from_points), sums.reshape(PLACES, -1))
        return _image(layer, made), total + once


def _everywhere(graph: CountedGraph, x: Reals) -> tuple[Reals, Operations]:
    """Run a graph at all positions of its inputs, and count all of them."""
    y, once = graph.run(x)
    return y, once * x.shape[1]


def _windows(layer: Layer, x: Reals) -> Reals:
    """Return what each square reads: (row, column, channel, square down, square across)."""
    padded = padded_images(layer, x)
    sizes = [count * SQUARE + 2 for count in squares(layer)]
    room = [size - has for size, has in zip(sizes, padded.shape[1:], strict=True)]
    whole = np.pad(padded, [(0, 0), (0, room[0]), (0, room[1])])
    found = sliding_window_view(whole, (POINTS, POINTS), axis=(1, 2))[:, ::SQUARE, ::SQUARE]
    return np.moveaxis(found, (3, 4), (0, 1))


def _image(layer: Layer, made: Reals) -> Reals:
    """Put squares, (row and column, filter and square), together to the layer's output."""
    rows, across = squares(layer)
    found = made.reshape(SQUARE, SQUARE, layer.filters, rows, across).transpose(2, 3, 0, 4, 1)
    whole: Reals = found.reshape(layer.filters, rows * SQUARE, across * SQUARE)
    return whole[:, : layer.output_size[1], : layer.output_size[2]]


def _products(weights: Reals) -> CountedGraph:
    """Make the graph of the product with transformed weights (filters, channels) of a place."""
    builder = GraphBuilder(weights.shape[1])
    rows = [[Term(k, float(w), multiplied=True) for k, w in enumerate(row)] for row in weights]
    return builder.graph(builder.sum(row) for row in rows)
