"""The graph that the passes work on: steps of the runtime over values with shapes."""

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from plumline.compiler.dims import Shape

Array = NDArray[Any]


@dataclass(frozen=True)
class Codes:
    """The integers that a float32 constant was made of: ``(codes - zero_point) * scale``.

    ``scale`` (float32) and ``zero_point`` have no axis, or one of which ``axis`` of the constant
    has as many places.
    """

    codes: Array
    scale: Array
    zero_point: Array
    axis: int

    @property
    def centred(self) -> Array:
        """``codes - zero_point`` as int64."""
        zero = self.zero_point.astype(np.int64)
        if zero.ndim:
            shape = [1] * self.codes.ndim
            shape[self.axis] = -1
            zero = zero.reshape(shape)
        return self.codes.astype(np.int64) - zero


@dataclass(eq=False)
class Value:
    """A tensor of the graph: an activation, or a constant when ``data`` is set.

    Data of type object holds integers that depend on an input's shape (`dims.Expression`). An
    activation is float32, uint8 or int8.
    """

    shape: Shape
    data: Array | None = None
    dtype: str = "float32"
    codes: Codes | None = None

    @classmethod
    def constant(cls, data: Array) -> "Value":
        """Make a constant."""
        return cls(tuple(data.shape), data)

    @property
    def is_symbolic(self) -> bool:
        """Whether this is a small integer tensor made of sizes that are not known yet."""
        return self.data is not None and self.data.dtype == object

    @property
    def is_constant(self) -> bool:
        """Whether every number of this tensor is known."""
        return self.data is not None and self.data.dtype != object


@dataclass(eq=False)
class Step:
    """One step: an op of the table in docs/architecture.md.

    Until the weights are packed, a conv or linear has its ``weight`` as (filters, columns).
    ``codes`` tells, for the pass that looks for integer layers, which integers its tensors are.
    """

    op: str
    name: str
    inputs: list[Value]
    outputs: list[Value]
    attributes: dict[str, Any] = field(default_factory=dict)
    tensors: dict[str, Array] = field(default_factory=dict)
    about: dict[str, int | float | str] = field(default_factory=dict)
    codes: dict[str, Codes] = field(default_factory=dict)

    @property
    def output(self) -> Value:
        """The first output."""
        return self.outputs[0]


@dataclass
class Graph:
    """Named inputs and outputs, and the steps between them in an order in which they can run."""

    inputs: dict[str, Value]
    outputs: dict[str, Value]
    steps: list[Step]
    metadata: dict[str, str] = field(default_factory=dict)

    def producers(self) -> dict[Value, Step]:
        """Map every value that a step makes to this step."""
        return {value: step for step in self.steps for value in step.outputs}

    def readers(self) -> dict[Value, list[Step]]:
        """Map every value that steps read to these; one that reads it twice stands there twice."""
        found: dict[Value, list[Step]] = {}
        for step in self.steps:
            for value in step.inputs:
                found.setdefault(value, []).append(step)
        return found

    def uses(self) -> dict[Value, int]:
        """Count how often each value is read, as an output of the graph too."""
        counts: dict[Value, int] = {}
        read = [value for step in self.steps for value in step.inputs]
        for value in [*read, *self.outputs.values()]:
            counts[value] = counts.get(value, 0) + 1
        return counts

    def remove(self, steps: Iterable[Step]) -> None:
        """Take steps out."""
        gone = {id(step) for step in steps}
        self.steps = [step for step in self.steps if id(step) not in gone]


def floats(value: Value) -> NDArray[np.float32] | None:
    """Return the float32 data of a constant, or None for anything else."""
    return value.data if value.data is not None and value.data.dtype == np.float32 else None
