"""The kernels ``merge`` and ``integer_merge``: programs of additions at each position."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from plumline.analysis.execution.graph import (
    CountedGraph,
    GraphBuilder,
    LayerGraph,
    Piece,
    PositionGraph,
    Term,
)
from plumline.analysis.execution.kernels import planes
from plumline.analysis.execution.kernels.codes import code_chunk
from plumline.analysis.execution.kernels.taps import taps_together
from plumline.analysis.execution.operations import Operations
from plumline.analysis.execution.registry import ExecutionModel
from plumline.analysis.layer import Floats, Layer
from plumline.runtime import native

if TYPE_CHECKING:
    from plumline.runtime._native import MergeProgram


@dataclass(frozen=True)
class Merge(ExecutionModel):
    """Programs for the vectors of an instruction set, 32 or 64 bytes long."""

    vector_bytes: int

    name = "merge"

    def count(self, layer: Layer) -> Operations:
        """See `ExecutionModel.count`."""
        once = Operations()
        groups = _groups(layer)
        for rows in groups:
            programs = [program for _, _, program in self._programs(layer, groups, rows)]
            # A program adds all terms of a row to what is there: one of each plane begins its sum.
            additions = sum(program.additions for program in programs) - len(rows.signs)
            once += Operations(additions) + rows.finishing
        return once * layer.positions

    def graph(self, layer: Layer) -> LayerGraph:
        """See `ExecutionModel.graph`."""
        pieces, finish = [], []
        groups = _groups(layer)
        for rows in groups:
            pieces.append(
                tuple(
                    Piece(channels.start, taps, _graph(program, len(channels)))
                    for channels, taps, program in self._programs(layer, groups, rows)
                )
            )
            finish.append(rows.finish())
        return PositionGraph(layer, tuple(pieces), tuple(finish))

    def chunk(self, layer: Layer, groups: Sequence[planes.Planes]) -> int:
        """Return the channels of a program."""
        chunk: int = native.module().MERGE_CHUNK
        return chunk

    def _programs(
        self, layer: Layer, groups: Sequence[planes.Planes], rows: planes.Planes
    ) -> "Iterator[tuple[range, tuple[int, ...], MergeProgram]]":
        """Yield each program with the channels and the taps that it is for."""
        module = native.module()
        if not len(rows.signs):
            return
        split = rows.signs.reshape(len(rows.signs), layer.channels, layer.taps)
        chunk = self.chunk(layer, groups)
        for first in range(0, layer.channels, chunk):
            channels = range(first, min(first + chunk, layer.channels))
            for taps in taps_together(layer):
                part = split[:, first : channels.stop, list(taps)].transpose(0, 2, 1)
                budget = module.merge_budget(len(channels), self.vector_bytes)
                yield channels, taps, module.MergeProgram(np.ascontiguousarray(part), *budget)


class IntegerMerge(Merge):
    """The same on 8-bit codes: a sum over the channels of a program fits int16."""

    name = "integer_merge"

    def chunk(self, layer: Layer, groups: Sequence[planes.Planes]) -> int:
        """Return the channels of a program."""
        return code_chunk(layer, groups)


def _groups(layer: Layer) -> list[planes.Planes]:
    return [sign_planes(matrix) for matrix in np.split(layer.matrix, layer.groups)]


def sign_planes(matrix: Floats) -> planes.Planes:
    """Return rows of 0, 1 and -1, without sums of all inputs: those are rows of ones.

    A plane whose zeros are the negative of its ones is one row, and so are two opposite planes.
    """
    rows = [row for number, row in enumerate(matrix) for row in _sign_rows(number, row)]
    signs, coefficients, filters = zip(*rows, strict=True) if rows else ((), (), ())
    return planes.Planes(
        np.array(signs, np.int8).reshape(len(filters), matrix.shape[1]),
        np.array(coefficients, np.float32),
        np.array(filters, np.int64),
        np.zeros(len(matrix), np.float32),
    )


def _sign_rows(filter: int, weights: Floats) -> Iterator[tuple[NDArray[np.int8], float, int]]:
    found = planes.split(weights[None])
    total, values, rows = found.totals[0], found.coefficients, found.signs
    if len(values) == 1 and total and values[0] + total == -total:
        yield 2 * rows[0] - 1, -total, filter
        return
    if total:
        yield np.ones(len(weights), np.int8), total, filter
    if len(values) == 2 and values[0] == -values[1]:
        yield rows[0] - rows[1], values[0], filter
        return
    for row, value in zip(rows, values, strict=True):
        yield row, value, filter


def _graph(program: "MergeProgram", channels: int) -> CountedGraph:
    builder = GraphBuilder(channels)
    operands: list[int | None] = list(range(channels))
    for terms in program.terms():
        named = [(operands[term >> 1], -1.0 if term & 1 else 1.0) for term in terms]
        operands.append(builder.sum(Term(at, sign) for at, sign in named if at is not None))
    return builder.graph(operands[channels + program.temporaries :])
