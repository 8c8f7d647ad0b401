"""Every weight multiplies, zero or not."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass

import numpy as np

from plumline.analysis.execution.graph import GraphBuilder, LayerGraph, Term, WindowGraph
from plumline.analysis.execution.operations import Operations
from plumline.analysis.execution.registry import ExecutionModel, execution_model
from plumline.analysis.layer import Floats, Layer


@execution_model("dense")
@dataclass(frozen=True)
class Dense(ExecutionModel):
    """A matrix product that knows nothing of its weights: K multiplications a filter and position.

    Every one of them is counted, those by 0, 1 and -1 too.
    """

    def count(self, layer: Layer) -> Operations:
        """See `ExecutionModel.count`."""
        additions = layer.filters * (layer.columns - 1)
        return Operations(additions, layer.parameters) * layer.positions

    def graph(self, layer: Layer) -> LayerGraph:
        """See `ExecutionModel.graph`."""
        return of_rows(layer, lambda row: range(len(row)))


def of_rows(layer: Layer, visited: Callable[[Floats], Iterable[int]]) -> WindowGraph:
    """Make the graph that multiplies by the weights at the visited columns of each row."""
    graphs = []
    for rows in np.split(layer.matrix, layer.groups):
        builder = GraphBuilder(layer.columns)
        sums = [
            builder.sum(Term(k, float(row[k]), multiplied=True) for k in visited(row))
            for row in rows
        ]
        graphs.append(builder.graph(sums))
    return WindowGraph(layer, tuple(graphs))
