"""A layer as an analysis sees it: the weights that run, and the geometry that they run in."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from math import prod

import numpy as np
from numpy.typing import NDArray

from plumline._weights import check_finite
from plumline.runtime.artifact import Attribute
from plumline.runtime.plan import PlanStep

Floats = NDArray[np.float32]


@dataclass(frozen=True, eq=False)
class Layer:
    """A convolution or a linear layer with its weights, as they multiply.

    ``weight`` is (M, C / groups, *kernel), or (M, K) of a linear layer. ``input_size`` and
    ``output_size`` are without the batch: (C, *spatial) and (M, *spatial), of a linear layer
    (..., K) and (..., M).
    ``strides`` and ``dilations`` have one number a spatial axis, ``pads`` the begins and then the
    ends. ``form`` and ``packed_bytes`` say how an artifact holds the weights, coefficients and
    indices included. ``step`` is the step of the program that it is, with the ``attributes`` of its
    node; None outside a program.
    """

    name: str
    op: str
    weight: Floats
    groups: int
    input_size: tuple[int, ...]
    output_size: tuple[int, ...]
    strides: tuple[int, ...]
    dilations: tuple[int, ...]
    pads: tuple[int, ...]
    form: str
    packed_bytes: int
    step: PlanStep | None = None
    attributes: Mapping[str, Attribute] = field(default_factory=dict)

    def __post_init__(self) -> None:
        """Refuse weights that no count can be made of."""
        check_finite(self.weight, self.name)

    @property
    def filters(self) -> int:
        """M, the number of filters."""
        return int(self.weight.shape[0])

    @property
    def columns(self) -> int:
        """K, the number of weights of a filter."""
        return int(self.weight[0].size) if self.filters else 0

    @property
    def channels(self) -> int:
        """Input channels of a group."""
        return int(self.weight.shape[1])

    @property
    def kernel(self) -> tuple[int, ...]:
        """The sizes of the kernel; empty for a linear layer."""
        return tuple(self.weight.shape[2:])

    @property
    def taps(self) -> int:
        """R x S, the number of places of a kernel."""
        return prod(self.kernel)

    @property
    def positions(self) -> int:
        """How often each filter is applied to one sample."""
        return prod(self.output_size[1:] if self.op == "conv" else self.output_size[:-1])

    @property
    def parameters(self) -> int:
        """The number of weights."""
        return int(self.weight.size)

    @property
    def dense_macs(self) -> int:
        """Multiply-accumulates of one sample as if no weight were zero or repeated.

        Padding is counted like any other input, as is usual.
        """
        return self.parameters * self.positions

    @property
    def matrix(self) -> Floats:
        """The weights as (M, K), columns in the order channel, kernel row, kernel column."""
        return self.weight.reshape(self.filters, -1)


def linear_size(shape: tuple[int, ...], batch: int) -> tuple[int, ...]:
    """Return (..., K), what a linear layer reads for one of ``batch`` samples.

    Its first axis is the batch, or something else where a network has put the rows of all samples
    on one axis, or another axis in front; then one axis holds the rows of a sample.
    """
    rows, left = divmod(prod(shape[:-1]), batch)
    if shape[0] == batch or left:
        return shape[1:]
    return rows, shape[-1]


@dataclass(frozen=True)
class Network:
    """The layers of a network with weights, in the order in which they run.

    ``kind`` is ``"onnx"``, ``"program"``, ``"run"`` or ``"model"``; ``source`` names it for people.
    """

    source: str
    kind: str
    layers: tuple[Layer, ...]
