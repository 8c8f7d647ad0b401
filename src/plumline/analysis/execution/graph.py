"""What an execution model executes, sum by sum, and the interpreter that counts as it goes."""

from abc import ABC, abstractmethod
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import product
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from plumline.analysis.execution.operations import Operations
from plumline.analysis.layer import Layer

Reals = NDArray[np.float64]


class Term(NamedTuple):
    """An operand of a sum, and what it is multiplied by.

    Where it is not ``multiplied``, the factor is 1 or -1: an addition or a subtraction.
    """

    operand: int
    factor: float = 1.0
    multiplied: bool = False

    @classmethod
    def scaled(cls, operand: int, factor: float) -> "Term":
        """Multiply by a number, unless it is only a sign."""
        return cls(operand, factor, abs(factor) != 1)


@dataclass(frozen=True)
class CountedGraph:
    """Sums of inputs and of earlier sums.

    Operands below ``inputs`` are the inputs; operand ``inputs + i`` is sum i, which names only
    operands before it. ``outputs`` says which operand each output is, None for zero.
    """

    inputs: int
    sums: tuple[tuple[Term, ...], ...]
    outputs: tuple[int | None, ...]

    def run(self, x: Reals) -> tuple[Reals, Operations]:
        """Compute the outputs (outputs, positions) of inputs (inputs, positions), and count.

        What is counted is one position: all do the same.
        """
        values: list[Reals] = list(x)
        counter = _Counter()
        for terms in self.sums:
            values.append(counter.sum([(values[term.operand], term) for term in terms]))
        zero = np.zeros(x.shape[1])
        found = [zero if operand is None else values[operand] for operand in self.outputs]
        return np.array(found).reshape(len(self.outputs), x.shape[1]), counter.operations


class GraphBuilder:
    """Makes a graph sum by sum."""

    def __init__(self, inputs: int) -> None:
        self._inputs = inputs
        self._sums: list[tuple[Term, ...]] = []

    def sum(self, terms: Iterable[Term]) -> int | None:
        """Return the operand that is this sum; None for an empty one, no new one for one operand."""
        terms = tuple(terms)
        if not terms:
            return None
        if len(terms) == 1 and terms[0] == Term(terms[0].operand):
            return terms[0].operand
        self._sums.append(terms)
        return self._inputs + len(self._sums) - 1

    def graph(self, outputs: Iterable[int | None]) -> CountedGraph:
        """Return the graph with these operands as its outputs."""
        return CountedGraph(self._inputs, tuple(self._sums), tuple(outputs))


class _Counter:
    """Does the arithmetic of sums and counts it."""

    def __init__(self) -> None:
        self.operations = Operations()

    def sum(self, terms: Sequence[tuple[Reals, Term]]) -> Reals:
        """Add up products."""
        (first, term), *others = terms
        total = self._multiply(first, term)
        for value, term in others:
            self.operations += Operations(additions=1)
            total = total + self._multiply(value, term)
        return total

    def _multiply(self, value: Reals, term: Term) -> Reals:
        if term.multiplied:
            self.operations += Operations(multiplications=1)
        return value * term.factor


class LayerGraph(ABC):
    """A whole layer as counted graphs."""

    @abstractmethod
    def run(self, x: Reals) -> tuple[Reals, Operations]:
        """Execute the layer on one sample of its input size; return its output and the count."""


@dataclass(frozen=True)
class WindowGraph(LayerGraph):
    """One graph a group, executed at every position of the output on the inputs of its window.

    The inputs of a graph are the columns of the weight matrix: (channel, kernel row, ...).
    """

    layer: Layer
    groups: tuple[CountedGraph, ...]

    def run(self, x: Reals) -> tuple[Reals, Operations]:
        """See `LayerGraph.run`."""
        outputs, total = [], Operations()
        for inputs, graph in zip(windows(self.layer, x), self.groups, strict=True):
            y, once = graph.run(inputs)
            outputs.append(y)
            total += once * self.layer.positions
        return from_columns(self.layer, np.concatenate(outputs)), total


def windows(layer: Layer, x: Reals) -> list[Reals]:
    """Return what the filters of each group see: (columns, positions)."""
    if layer.op == "linear":
        return [x.reshape(-1, layer.columns).T]
    rank = len(layer.kernel)
    pads = list(zip(layer.pads[:rank], layer.pads[rank:], strict=True))
    padded = np.pad(x, [(0, 0), *pads])
    reach = [
        (size - 1) * stride + 1
        for size, stride in zip(layer.output_size[1:], layer.strides, strict=True)
    ]
    rows = []
    for channel, *tap in product(range(len(x)), *map(range, layer.kernel)):
        places = [
            slice(at * dilation, at * dilation + length, stride)
            for at, dilation, length, stride in zip(
                tap, layer.dilations, reach, layer.strides, strict=True
            )
        ]
        rows.append(padded[channel][tuple(places)].ravel())
    return np.split(np.array(rows), layer.groups)


def from_columns(layer: Layer, y: Reals) -> Reals:
    """Put (filters, positions) into the shape of the layer's output."""
    return y.T.reshape(layer.output_size) if layer.op == "linear" else y.reshape(layer.output_size)
