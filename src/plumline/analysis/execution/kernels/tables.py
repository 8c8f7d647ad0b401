"""Kernels with tables of all subset sums of a few inputs."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import ClassVar, NamedTuple

import numpy as np
from numpy.typing import NDArray

from plumline.analysis.execution.graph import (
    ZERO,
    GraphBuilder,
    LayerGraph,
    Piece,
    PositionGraph,
    Term,
    WindowGraph,
)
from plumline.analysis.execution.kernels import planes
from plumline.analysis.execution.kernels.codes import code_chunk
from plumline.analysis.execution.kernels.taps import taps_together
from plumline.analysis.execution.operations import Operations
from plumline.analysis.execution.registry import ExecutionModel
from plumline.analysis.layer import Layer
from plumline.runtime import native

BITS = 4


@dataclass(frozen=True)
class WindowTables(ExecutionModel):
    """A table of every four columns of a window; a plane adds one entry of each, zero or not."""

    name = "tables"

    def count(self, layer: Layer) -> Operations:
        """See `ExecutionModel.count`."""
        tables = -(-layer.columns // BITS)
        once = Operations()
        for matrix in np.split(layer.matrix, layer.groups):
            found = planes.split(matrix)
            sums = len(found.signs) + found.has_total
            once += Operations(_entries(layer.columns, BITS) + sums * (tables - 1))
            once += found.finishing
        return once * layer.positions

    def graph(self, layer: Layer) -> LayerGraph:
        """See `ExecutionModel.graph`."""
        graphs = []
        for matrix in np.split(layer.matrix, layer.groups):
            found, builder = planes.split(matrix), GraphBuilder(layer.columns)
            sums = _look_up(builder, _with_total(found), BITS, skip=False)
            graphs.append(builder.graph(planes.then(builder, sums, found.finish())))
        return WindowGraph(layer, tuple(graphs))


class Cut(NamedTuple):
    """The channels whose tables are made at a time, and those of a table."""

    chunk: int
    bits: int


@dataclass(frozen=True)
class SharedTables(ExecutionModel):
    """Tables of the channels at a position, of which all taps that read it add entries.

    The tables of a chunk of channels that a plane does not name at a tap are passed over together.
    The sum of all inputs, where filters need it, is a plane of ones.
    """

    name = "shared_tables"
    total_in_tables: ClassVar[bool] = True

    def cut(self, layer: Layer, groups: Sequence[planes.Planes]) -> Cut:
        """Return how the channels of a group are cut, as the engine does."""
        module = native.module()
        bits = module.shared_table_bits(layer.channels, layer.taps, _most_planes(groups))
        return Cut(module.SHARED_TABLES_CHUNK, bits)

    def count(self, layer: Layer) -> Operations:
        """See `ExecutionModel.count`."""
        once = Operations()
        groups = _groups(layer)
        cut = self.cut(layer, groups)
        for found in groups:
            additions = -len(found.signs) - found.has_total
            for _, part in _chunks(layer, found.signs, cut.chunk):
                channels, used = part.shape[1], int(part.any(axis=1).sum())
                tables, places = -(-channels // cut.bits), len(taps_together(layer))
                additions += _entries(channels, cut.bits) * places + used * tables
                if found.has_total and self.total_in_tables:
                    additions += layer.taps * tables
                elif found.has_total:
                    additions += (channels - 1) * places + layer.taps
            once += Operations(additions) + found.finishing
        return once * layer.positions

    def graph(self, layer: Layer) -> LayerGraph:
        """See `ExecutionModel.graph`."""
        groups = _groups(layer)
        cut = self.cut(layer, groups)
        pieces = tuple(tuple(self._pieces(layer, found, cut)) for found in groups)
        return PositionGraph(layer, pieces, tuple(found.finish() for found in groups))

    def _pieces(self, layer: Layer, found: planes.Planes, cut: Cut) -> Iterator[Piece]:
        rows = _with_total(found) if self.total_in_tables else found.signs
        for first, part in _chunks(layer, rows, cut.chunk):
            channels = part.shape[1]
            for taps in taps_together(layer):
                words = part[:, :, list(taps)].transpose(0, 2, 1).reshape(-1, channels)
                builder = GraphBuilder(channels)
                outputs = _look_up(builder, words, cut.bits, skip=True)
                if found.has_total and not self.total_in_tables:
                    outputs += [builder.sum(map(Term, range(channels)))] * len(taps)
                yield Piece(first, taps, builder.graph(outputs))


class IntegerTables(SharedTables):
    """The same on 8-bit codes: a sum over a chunk fits int16.

    The sum of all inputs is made once at a position, without tables.
    """

    name = "integer_tables"
    total_in_tables = False

    def cut(self, layer: Layer, groups: Sequence[planes.Planes]) -> Cut:
        """Return how the channels of a group are cut, as the engine does."""
        chunk = code_chunk(layer, groups)
        bits = native.module().integer_table_bits(chunk, _most_planes(groups), layer.taps)
        return Cut(chunk, bits)


def _groups(layer: Layer) -> list[planes.Planes]:
    return [planes.split(matrix) for matrix in np.split(layer.matrix, layer.groups)]


def _most_planes(groups: Sequence[planes.Planes]) -> int:
    """Return the most planes that a group has."""
    return max(len(group.signs) for group in groups)


def _chunks(
    layer: Layer, rows: NDArray[np.int8], chunk: int
) -> Iterator[tuple[int, NDArray[np.int8]]]:
    """Yield the first channel of each chunk, and its part of rows, (rows, channels, taps)."""
    split = rows.reshape(len(rows), layer.channels, layer.taps)
    for first in range(0, layer.channels, chunk):
        yield first, split[:, first : first + chunk]


def _with_total(found: planes.Planes) -> NDArray[np.int8]:
    """Return the planes, then, where a filter needs the sum of all inputs, a plane of ones."""
    return np.pad(found.signs, ((0, int(found.has_total)), (0, 0)), constant_values=1)


def _entries(inputs: int, bits: int) -> int:
    """Count the additions that make the tables of some inputs, the last one of what is left."""
    tables, rest = divmod(inputs, bits)
    return tables * ((1 << bits) - bits - 1) + (1 << rest) - rest - 1


def _look_up(
    builder: GraphBuilder, rows: NDArray[np.int8], bits: int, *, skip: bool
) -> list[int | None]:
    """Make all tables of the inputs, and of each row the sum of the entries that it names.

    With ``skip`` a row without ones is none; otherwise it adds entries that are zero.
    """
    sums: list[list[Term]] = [[] for _ in rows]
    for first in range(0, rows.shape[1], bits):
        words = rows[:, first : first + bits]
        entries = _table(builder, range(first, first + words.shape[1]))
        for terms, word in zip(sums, words, strict=True):
            terms.append(Term(entries[int(word @ (1 << np.arange(len(word))))]))
    return [
        None if skip and not row.any() else builder.sum(terms)
        for row, terms in zip(rows, sums, strict=True)
    ]


def _table(builder: GraphBuilder, inputs: range) -> list[int]:
    """Return the operands of all subset sums: entry e has the inputs whose bit is set in e."""
    entries = [ZERO]
    for number in inputs:
        for entry in tuple(entries):
            made = builder.sum([Term(entry), Term(number)] if entry != ZERO else [Term(number)])
            assert made is not None
            entries.append(made)
    return entries
