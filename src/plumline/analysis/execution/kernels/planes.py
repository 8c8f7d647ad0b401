"""Weights as the engine's bit planes, each one-bit an addition."""

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from plumline.analysis.execution.graph import (
    CountedGraph,
    GraphBuilder,
    LayerGraph,
    Term,
    WindowGraph,
)
from plumline.analysis.execution.operations import Operations
from plumline.analysis.execution.registry import ExecutionModel
from plumline.analysis.layer import Floats, Layer


@dataclass(frozen=True, eq=False)
class Planes:
    """A matrix whose filters have few values: y[m] = sum of coefficient * plane + total[m] * T.

    ``signs`` (rows, K), ``coefficients`` and ``filters`` (rows,) are planes, 0 and 1; T is the sum
    of all inputs, and ``totals`` (M,) what multiplies it.
    """

    signs: NDArray[np.int8]
    coefficients: Floats
    filters: NDArray[np.int64]
    totals: Floats

    @property
    def has_total(self) -> bool:
        """Whether any filter needs the sum of all inputs."""
        return bool(self.totals.any())

    @property
    def finishing(self) -> Operations:
        """What makes filters of the sums of the planes, and of T."""
        factors = np.concatenate([self.coefficients, self.totals[self.totals != 0]])
        owners = np.concatenate([self.filters, np.flatnonzero(self.totals)])
        additions = len(owners) - len(np.unique(owners))
        return Operations(additions, int(np.count_nonzero(np.abs(factors) != 1)))

    def finish(self) -> CountedGraph:
        """Return the graph that does: inputs are the planes' sums, then T if there is one."""
        rows = len(self.signs)
        builder = GraphBuilder(rows + self.has_total)
        terms: list[list[Term]] = [
            [Term.scaled(rows, float(total))] if total else [] for total in self.totals
        ]
        for row, (filter, factor) in enumerate(zip(self.filters, self.coefficients, strict=True)):
            terms[filter].append(Term.scaled(row, float(factor)))
        return builder.graph(builder.sum(each) for each in terms)


def split(matrix: Floats) -> Planes:
    """Take a matrix apart as the compiler does: the value of least magnitude needs no plane."""
    signs, coefficients, filters, totals = [], [], [], []
    for number, row in enumerate(matrix):
        values = np.unique(row + np.float32(0))
        base = min(values, key=abs)
        totals.append(base)
        for value in values[values != base]:
            signs.append(row == value)
            coefficients.append(value - base)
            filters.append(number)
    return Planes(
        np.array(signs, np.int8).reshape(len(filters), matrix.shape[1]),
        np.array(coefficients, np.float32),
        np.array(filters, np.int64),
        np.array(totals, np.float32),
    )


@dataclass(frozen=True)
class AddOnes(ExecutionModel):
    """Every one-bit of a plane is an addition: what the form of the weights asks for.

    This is `PlanStep.planned_operations`, which counts the first addition to each sum as well.
    """

    name = "planes"

    def count(self, layer: Layer) -> Operations:
        """See `ExecutionModel.count`."""
        once = Operations()
        for matrix in np.split(layer.matrix, layer.groups):
            planes = split(matrix)
            ones = int(planes.signs.sum()) - len(planes.signs)
            total = layer.columns - 1 if planes.has_total else 0
            once += Operations(ones + total) + planes.finishing
        return once * layer.positions

    def graph(self, layer: Layer) -> LayerGraph:
        """See `ExecutionModel.graph`."""
        matrices = np.split(layer.matrix, layer.groups)
        return WindowGraph(layer, tuple(_graph(split(matrix)) for matrix in matrices))


def _graph(planes: Planes) -> CountedGraph:
    columns = planes.signs.shape[1]
    builder = GraphBuilder(columns)
    sums = [builder.sum(map(Term, np.flatnonzero(row).tolist())) for row in planes.signs]
    if planes.has_total:
        sums.append(builder.sum(map(Term, range(columns))))
    return builder.graph(then(builder, sums, planes.finish()))


def then(
    builder: GraphBuilder, inputs: list[int | None], graph: CountedGraph
) -> Iterable[int | None]:
    """Append a graph whose inputs are operands of the builder's; return its outputs."""
    operands = [*inputs]
    for terms in graph.sums:
        known = [(operands[term.operand], term) for term in terms]
        operands.append(
            builder.sum(term._replace(operand=at) for at, term in known if at is not None)
        )
    return [None if output is None else operands[output] for output in graph.outputs]
