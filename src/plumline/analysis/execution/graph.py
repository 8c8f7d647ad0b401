"""What an execution model executes, sum by sum, and the interpreter that counts as it goes."""

from abc import ABC, abstractmethod
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
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


ZERO = -1
"""The operand that is zero: the entry of a table that is added like any other."""


@dataclass(frozen=True)
class CountedGraph:
    """Sums of inputs and of earlier sums.

    Operands from 0 and below ``inputs`` are the inputs; operand ``inputs + i`` is sum i, which
    names only operands before it. ``outputs`` says which operand each output is, None for zero.
    """

    inputs: int
    sums: tuple[tuple[Term, ...], ...]
    outputs: tuple[int | None, ...]

    def run(self, x: Reals) -> tuple[Reals, Operations]:
        """Compute the outputs (outputs, positions) of inputs (inputs, positions), and count.

        What is counted is one position: all do the same.
        """
        values, counter = dict(enumerate(x)), Counter()
        values[ZERO] = np.zeros(x.shape[1])
        for terms in self.sums:
            made = counter.sum([(values[term.operand], term) for term in terms])
            values[len(values) - 1] = made
        found = [values[ZERO if operand is None else operand] for operand in self.outputs]
        return np.array(found).reshape(len(self.outputs), x.shape[1]), counter.operations


class GraphBuilder:
    """Makes a graph sum by sum."""

    def __init__(self, inputs: int) -> None:
        self._inputs = inputs
        self._sums: list[tuple[Term, ...]] = []

    def sum(self, terms: Iterable[Term]) -> int | None:
        """Return the operand that is this sum; None for an empty one."""
        terms = tuple(terms)
        if not terms:
            return None
        if len(terms) == 1 and terms[0] == Term(terms[0].operand):
            return terms[0].operand
        self._sums.append(terms)
        return self._inputs + len(self._sums) - 1

    def graph(self, outputs: Iterable[int | None]) -> CountedGraph:
        """Return the graph with these operands as its outputs."""
        outputs = tuple(outputs)  # making them may add sums
        return CountedGraph(self._inputs, tuple(self._sums), outputs)


class Counter:
    """Does the arithmetic of sums and counts it in ``operations``."""

    def __init__(self) -> None:
        self.operations = Operations()

    def sum(self, terms: Sequence[tuple[Reals, Term]]) -> Reals:
        """Add up one product or more."""
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


@dataclass(frozen=True)
class Piece:
    """What some channels give to some taps, at every position of the input.

    ``graph`` has the channels from ``first`` on as inputs, and one output a (row, tap).
    """

    first: int
    taps: tuple[int, ...]
    graph: CountedGraph


@dataclass(frozen=True)
class PositionGraph(LayerGraph):
    """Pieces of each group, executed once at a position of the input for all taps that read it.

    What a position gives is added to the sums of the output that read it, one a row; ``finish``
    makes the filters of a group of its rows. Counted is one position of the output, with one of
    the input for every residue of the strides: what edges add or save is not.
    """

    layer: Layer
    pieces: tuple[tuple[Piece, ...], ...]
    finish: tuple[CountedGraph, ...]

    def run(self, x: Reals) -> tuple[Reals, Operations]:
        """See `LayerGraph.run`."""
        outputs, total = [], Operations()
        groups = np.split(padded_images(self.layer, x), self.layer.groups)
        for image, pieces, finish in zip(groups, self.pieces, self.finish, strict=True):
            gives: list[list[tuple[Reals, Term]]] = [[] for _ in range(finish.inputs)]
            for piece in pieces:
                inputs = image[piece.first : piece.first + piece.graph.inputs]
                y, once = piece.graph.run(inputs.reshape(len(inputs), -1))
                total += once
                for number, values in enumerate(y):
                    row, tap = divmod(number, len(piece.taps))
                    if piece.graph.outputs[number] is not None:
                        shifted = at_tap(
                            self.layer, values.reshape(image.shape[1:]), piece.taps[tap]
                        )
                        gives[row].append((shifted, Term(row)))
            counter = Counter()
            rows = [counter.sum(parts) for parts in gives]
            filters, once = finish.run(np.array(rows).reshape(finish.inputs, self.layer.positions))
            outputs.append(filters)
            total += counter.operations + once
        return from_columns(self.layer, np.concatenate(outputs)), total * self.layer.positions


def windows(layer: Layer, x: Reals) -> list[Reals]:
    """Return what the filters of each group see: (columns, positions)."""
    if layer.op == "linear":
        return [x.reshape(-1, layer.columns).T]
    padded = padded_images(layer, x)
    rows = [at_tap(layer, image, tap) for image in padded for tap in range(layer.taps)]
    return np.split(np.array(rows), layer.groups)


def padded_images(layer: Layer, x: Reals) -> Reals:
    """Put zeros around the images of a convolution's input; a linear layer's is (K, positions)."""
    if layer.op == "linear":
        columns: Reals = x.reshape(-1, layer.columns).T
        return columns
    rank = len(layer.kernel)
    return np.pad(x, [(0, 0), *zip(layer.pads[:rank], layer.pads[rank:], strict=True)])


def at_tap(layer: Layer, image: Reals, tap: int) -> Reals:
    """Return the numbers of a padded image that a tap reads, one a position of the output."""
    if layer.op == "linear":
        return image
    reach = zip(
        *(np.unravel_index(tap, layer.kernel), layer.dilations),
        *(layer.output_size[1:], layer.strides),
        strict=True,
    )
    places = [
        slice(at * dilation, at * dilation + (size - 1) * stride + 1, stride)
        for at, dilation, size, stride in reach
    ]
    read: Reals = image[tuple(places)].reshape(-1)
    return read


def from_columns(layer: Layer, y: Reals) -> Reals:
    """Put (filters, positions) into the shape of the layer's output."""
    return y.T.reshape(layer.output_size) if layer.op == "linear" else y.reshape(layer.output_size)
