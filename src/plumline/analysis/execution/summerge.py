"""SumMerge-style greedy merging: filters share sums of the few inputs of a tile."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from plumline.analysis.execution.check import check_option, check_switch
from plumline.analysis.execution.graph import (
    CountedGraph,
    GraphBuilder,
    LayerGraph,
    Term,
    WindowGraph,
)
from plumline.analysis.execution.operations import Operations
from plumline.analysis.execution.registry import ExecutionModel, execution_model
from plumline.analysis.layer import Floats, Layer
from plumline.runtime import native

TILES = (4, 8)


@execution_model(
    "summerge",
    *({"tile": tile, "sparsity": sparsity} for tile in TILES for sparsity in (False, True)),
)
@dataclass(frozen=True)
class SumMerge(ExecutionModel):
    """The graphs of the kernel ``summerge``: `native.SumMergeGraph`, which the compiler can choose.

    A tile is ``tile`` columns that are neighbours in the order (tap, channel). The inputs of a
    tile are added up by the value of their weights in each filter; sums that several filters need,
    or parts of them, are made once, found greedily. With ``sparsity`` inputs under zero weights
    are left out; without it zero is a value like any other, whose sums are made, multiplied and
    added.

    After Prabhakar, Kuhar et al., "SumMerge", ICS 2021, as far as its abstract and PLUM say.
    """

    tile: int = 8
    sparsity: bool = True

    needs_few_values = True

    def __post_init__(self) -> None:
        check_option(self.name, "tile", self.tile, 1, 8)
        check_switch(self.name, "sparsity", self.sparsity)

    def count(self, layer: Layer) -> Operations:
        """See `ExecutionModel.count`."""
        once = Operations()
        for matrix in np.split(layer.matrix[:, _order(layer)], layer.groups):
            found = native.module().summerge_count(matrix, self.tile, self.sparsity)
            # The native count multiplies by every value of a filter; 1 and -1 are signs here.
            signs = int((np.abs(matrix) == 1).any(axis=1).sum())
            once += Operations(found["additions"], found["multiplications"] - signs)
        return once * layer.positions

    def graph(self, layer: Layer) -> LayerGraph:
        """See `ExecutionModel.graph`."""
        order = _order(layer)
        matrices = np.split(layer.matrix[:, order], layer.groups)
        return WindowGraph(layer, tuple(self._graph(matrix, order) for matrix in matrices))

    def _graph(self, matrix: Floats, order: NDArray[np.intp]) -> CountedGraph:
        native_graph = native.module().SumMergeGraph(matrix, self.tile, self.sparsity)
        builder = GraphBuilder(matrix.shape[1])
        accumulators = native_graph.accumulators()
        parts: list[list[Term]] = [[] for _ in accumulators]
        for index in range(native_graph.tiles):
            first, columns, nodes, uses = native_graph.tile(index)
            operands = [int(order[first + place]) for place in range(columns)]
            for a, b, coefficient in nodes:
                added = Term(operands[b], float(coefficient), multiplied=coefficient == 0)
                made = builder.sum([added] if a < 0 else [Term(operands[a]), added])
                assert made is not None
                operands.append(made)
            for accumulator, operand, sign in uses:
                parts[accumulator].append(Term(operands[operand], float(sign)))
        products: list[list[Term]] = [[] for _ in range(len(matrix))]
        for (filter, value), terms in zip(accumulators, parts, strict=True):
            if (operand := builder.sum(terms)) is not None:
                products[filter].append(Term.scaled(operand, value))
        return builder.graph(builder.sum(terms) for terms in products)


def _order(layer: Layer) -> NDArray[np.intp]:
    """Return the columns of the weight matrix in the order (tap, channel)."""
    columns = np.arange(layer.columns, dtype=np.intp)
    return np.ravel(columns.reshape(layer.channels, layer.taps).T)
