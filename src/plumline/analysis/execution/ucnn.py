"""Activation groups (UCNN, Hegde et al., ISCA 2018): inputs that share their weights are one."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from plumline.analysis.execution.check import check_option
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

Codes = NDArray[np.int64]
Flags = NDArray[np.bool_]


@execution_model("ucnn", {"group": 2}, {"group": 4})
@dataclass(frozen=True)
class Ucnn(ExecutionModel):
    """Inputs with the same weights in ``group`` filters at once are added up once for all of them.

    The innermost activation groups are those with equal weights in all the filters; the groups of
    the first g filters are sums of those of the first g + 1. A filter adds up, for each magnitude
    of its weights, the groups that have it, and multiplies once. Inputs whose weights are zero in
    all of them are left out.
    """

    group: int = 2

    needs_few_values = True

    def __post_init__(self) -> None:
        check_option(self.name, "group", self.group, 1, 6)

    def count(self, layer: Layer) -> Operations:
        """See `ExecutionModel.count`."""
        once = Operations()
        for matrix in np.split(layer.matrix, layer.groups):
            for first in range(0, len(matrix), self.group):
                once += _count(matrix[first : first + self.group])
        return once * layer.positions

    def graph(self, layer: Layer) -> LayerGraph:
        """See `ExecutionModel.graph`."""
        matrices = np.split(layer.matrix, layer.groups)
        return WindowGraph(layer, tuple(self._graph(matrix) for matrix in matrices))

    def _graph(self, matrix: Floats) -> CountedGraph:
        builder, outputs = GraphBuilder(matrix.shape[1]), []
        for first in range(0, len(matrix), self.group):
            outputs += _filters(builder, matrix[first : first + self.group])
        return builder.graph(outputs)


def _count(filters: Floats) -> Operations:
    """Count for filters that share their groups: see `_filters`, which does the same slowly."""
    codes, symbols, scales = _codes(filters)
    numbers = np.zeros(filters.shape[1], np.int64)
    for row in codes:
        numbers = numbers * symbols + row
    sizes = np.bincount(numbers, minlength=symbols ** len(filters))
    sizes[0] = 0
    present: Flags = np.asarray(sizes > 0)
    additions = int(sizes.sum()) - int(present.sum())
    for depth in range(len(filters), 0, -1):
        used = int(present.reshape(-1, symbols)[:, 1:].sum())
        additions += max(used - 1, 0)
        parents: Flags = np.any(present.reshape(-1, symbols), axis=1)
        parents[0] = False
        if depth > 1:
            children = present.reshape(-1, symbols)[1:]
            additions += int(children.sum()) - int(parents.sum())
        present = parents
    return Operations(additions, scales)


def _codes(filters: Floats) -> tuple[Codes, int, int]:
    """Number the values of each filter from 1, zero being 0.

    Returns the numbers, how many there are, and how many sums a number other than 1 multiplies.
    """
    codes, scales = np.zeros(filters.shape, np.int64), 0
    for row, filter in zip(codes, filters, strict=True):
        values = np.unique(filter[filter != 0])
        row[:] = np.where(filter != 0, np.searchsorted(values, filter) + 1, 0)
        scales += len(set(np.abs(values).tolist()) - {1.0})
    return codes, int(codes.max()) + 1, scales


def _filters(builder: GraphBuilder, filters: Floats) -> list[int | None]:
    """Make the sums of filters that share their groups."""
    groups: dict[tuple[float, ...], list[int]] = {}
    for column, weights in enumerate(filters.T):
        groups.setdefault(tuple(map(float, weights)), []).append(column)
    outputs: list[int | None] = []
    for _ in filters:
        made = {
            prefix: operand
            for prefix, members in groups.items()
            if any(prefix) and (operand := builder.sum(map(Term, members))) is not None
        }
        by_size: dict[float, list[Term]] = {}
        for prefix, operand in made.items():
            if weight := prefix[-1]:
                by_size.setdefault(abs(weight), []).append(Term(operand, np.sign(weight)))
        products = [
            Term.scaled(operand, size)
            for size, terms in by_size.items()
            if (operand := builder.sum(terms)) is not None
        ]
        outputs.insert(0, builder.sum(products))
        groups = {}
        for prefix, operand in made.items():
            groups.setdefault(prefix[:-1], []).append(operand)
    return outputs
