"""An array of multipliers between two networks and a buffer: which events a layer makes there."""

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from plumline._names import look_up
from plumline.energy.events import Events
from plumline.errors import InputError


@dataclass(frozen=True)
class MatrixProduct:
    """A layer as the array computes it (im2col): weights (filters, depth) by (depth, columns).

    Attributes:
        name: of the layer.
        nonzeros: how many weights of each filter are not zero, all groups in order.
        depth: weights of a filter: channels of its group times the kernel's positions.
        columns: outputs of a filter: pixels times images.
        inputs: numbers of the layer's input, each of which comes from DRAM once.
        groups: products that the layer consists of; each has its share of the filters.
    """

    name: str
    nonzeros: tuple[int, ...]
    depth: int
    columns: int
    inputs: int
    groups: int = 1

    def __post_init__(self) -> None:
        sizes = (len(self.nonzeros), self.depth, self.columns, self.inputs, self.groups)
        if min(sizes) < 1 or len(self.nonzeros) % self.groups:
            raise InputError(f"layer {self.name!r} has sizes that are no matrix product: {sizes}")
        if not all(0 <= count <= self.depth for count in self.nonzeros):
            raise InputError(f"layer {self.name!r} has filters of more weights than {self.depth}")

    @property
    def filters(self) -> int:
        """Rows of the weights, of all groups."""
        return len(self.nonzeros)

    @property
    def weights(self) -> int:
        """Weights, zeros too."""
        return self.filters * self.depth

    @property
    def density(self) -> float:
        """Part of the weights that are not zero."""
        return sum(self.nonzeros) / self.weights

    def dense(self) -> "MatrixProduct":
        """Return the same product where no weight is known to be zero."""
        full = (self.depth,) * self.filters
        return MatrixProduct(self.name, full, self.depth, self.columns, self.inputs, self.groups)


@dataclass(frozen=True)
class Array:
    """Multipliers with weights at rest, a tree of switches before them, a tree of adders behind.

    The layout of SIGMA (Qin et al., HPCA 2020) as STONNE simulates it (Munoz-Martinez et al., IISWC
    2021). Both numbers are powers of 2; each port of the buffer serves a tree of switches to its
    share of the multipliers.

    Attributes:
        multipliers: numbers multiplied in a cycle.
        ports: words that the buffer gives to the distribution network in a cycle.
        buffer_kib: capacity of the buffer, for tables whose reads depend on it.
    """

    multipliers: int = 256
    ports: int = 128
    buffer_kib: float = 1024

    def __post_init__(self) -> None:
        for name in ("multipliers", "ports"):
            value = getattr(self, name)
            if value < 1 or value & (value - 1):
                raise InputError(f"{name} of an array is {value}: give a power of 2")
        if self.multipliers < 4 or self.ports > self.multipliers:
            raise InputError(
                f"an array of {self.multipliers} multipliers and {self.ports} ports: give at least "
                "4 multipliers and at most as many ports"
            )
        if not self.buffer_kib > 0:
            raise InputError(f"buffer_kib is {self.buffer_kib}: give a number above 0")

    @property
    def switch_levels(self) -> int:
        """Switches between a port and a multiplier."""
        return (self.multipliers // self.ports).bit_length() - 1

    @property
    def switches(self) -> int:
        """Switches of all ports."""
        return self.multipliers - self.ports


@dataclass(frozen=True)
class Pass:
    """One set of weights at rest while all columns stream by.

    ``weights`` of them are there, of ``filters`` filters, or of a part of one: then ``continued``
    is 1 for every part but the first, and one multiplier passes on the partial sum.
    """

    weights: int
    filters: int
    continued: int = 0


def passes(nonzeros: Sequence[int], multipliers: int) -> tuple[list[Pass], int]:
    """Lay filters onto the array in order; return the passes, and how often activations stream.

    Filters that fit are laid side by side, whole. One that does not fit is cut: activations then
    stream by once in all its passes together, since each part wants its own.
    """
    done: list[Pass] = []
    streams = 0
    held = filters = 0
    for count in nonzeros:
        if held and held + count > multipliers:
            done.append(Pass(held, filters))
            streams += 1
            held = filters = 0
        if count > multipliers:
            done.append(Pass(multipliers, 1))
            left = count - multipliers
            while left > 0:
                done.append(Pass(min(left, multipliers - 1), 1, continued=1))
                left -= multipliers - 1
            streams += 1
        elif count:
            held, filters = held + count, filters + 1
    if held:
        done.append(Pass(held, filters))
        streams += 1
    return done, streams


def on_chip(layer: MatrixProduct, array: Array) -> Events:
    """Count what happens on the chip for the weights of a layer that are not zero.

    Each is multiplied with each column. All activations that a pass spans are read, whatever
    weights want them, and are delivered to the multipliers that do; a filter of n weights takes
    n - 1 additions a column, also where it is cut. Padding counts as activations.
    """
    share = layer.filters // layer.groups
    events = Events()
    for first in range(0, layer.filters, share):
        done, streams = passes(layer.nonzeros[first : first + share], array.multipliers)
        events += _events(done, streams, layer, array)
    return events


def _events(done: list[Pass], streams: int, layer: MatrixProduct, array: Array) -> Events:
    columns = layer.columns
    weights = sum(step.weights for step in done)
    partial = sum(step.continued for step in done) * columns
    outputs = sum(step.filters for step in done) * columns
    multiply = weights * columns
    # Parts of a filter after the first add what came before as well.
    add = multiply + partial - outputs
    delivered = weights + multiply + partial
    cycles = sum(_cycles(step, columns, array) for step in done)
    return Events(
        multiply=multiply,
        add=add,
        forward=partial,
        buffer_read=weights + streams * layer.depth * columns + partial,
        buffer_write=outputs,
        switch=delivered * array.switch_levels,
        distribution_wire=delivered * (array.switch_levels + 1),
        # From each multiplier, from each adder but the last of a sum; from that, a wire and a bus.
        reduction_wire=multiply + partial + (add - outputs) + 2 * outputs,
        multiplier_cycle=cycles * array.multipliers,
        adder_cycle=cycles * (array.multipliers - 1),
        switch_cycle=cycles * array.switches,
        buffer_cycle=cycles,
    )


def _cycles(step: Pass, columns: int, array: Array) -> int:
    """A port gives its multipliers one word a cycle; weights first, then each column."""
    occupied = step.weights + step.continued
    words = min(occupied, array.multipliers // array.ports)
    return words * (1 + columns) + int(math.log2(array.multipliers)) + 2


def dense(layer: MatrixProduct, array: Array, bits: int) -> Events:
    """Count the events of an array that takes every weight for one that matters."""
    return on_chip(layer.dense(), array) + _dram(layer, layer.weights)


def sparse(layer: MatrixProduct, array: Array, bits: int) -> Events:
    """Count those of one that holds a bitmap of the weights and only those that are not zero.

    The bitmap is read from DRAM, and from the buffer once, in words of ``bits`` bits.
    """
    bitmap = layer.weights / bits
    stored = sum(layer.nonzeros) + bitmap
    return on_chip(layer, array) + _dram(layer, stored) + Events(buffer_read=bitmap)


def _dram(layer: MatrixProduct, weights: float) -> Events:
    """Each number once, the least that any buffer can do with."""
    return Events(dram_read=weights + layer.inputs, dram_write=layer.filters * layer.columns)


Dataflow = Callable[[MatrixProduct, Array, int], Events]

DATAFLOWS: dict[str, Dataflow] = {"dense": dense, "sparse": sparse}


def count(layer: MatrixProduct, array: Array, dataflow: str, bits: int) -> Events:
    """Count the events of a layer under a dataflow, ``dense`` or ``sparse``."""
    return look_up("dataflow", dataflow, DATAFLOWS)(layer, array, bits)
