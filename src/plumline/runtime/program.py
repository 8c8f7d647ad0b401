"""Run a compiled program: numpy arrays in, numpy arrays out."""

import contextlib
import os
import threading
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from plumline._names import unknown
from plumline.errors import ArtifactError, InputError
from plumline.runtime import native, plan
from plumline.runtime.artifact import Artifact, Node, Port, Size

Floats = NDArray[np.float32]


@dataclass(frozen=True)
class TensorInfo:
    """Name, shape and type of an input or output; a size chosen by each run is a text: ``"N"``."""

    name: str
    shape: tuple[Size, ...]
    dtype: str = "float32"

    def __str__(self) -> str:
        return f"{self.name}: {self.dtype} ({', '.join(map(str, self.shape))})"


@dataclass(frozen=True)
class StepTime:
    """Median time of one step in one run."""

    node: str
    op: str
    kernel: str
    seconds: float


@dataclass(frozen=True)
class Candidates:
    """The methods that can compute a step: estimated costs by name, in a unit of the step's own.

    ``input_shape`` is that of the step's first input; ``costs`` is empty where there is no choice.
    """

    input_shape: tuple[int, ...]
    costs: dict[str, float]


class Program:
    """A compiled network, ready to run.

    Args:
        artifact: what `plumline.compile` made or a ``.plum`` file holds.
        threads: how many threads share a run; more than the cores this process may use, or than
        256, are cut to that number.

    The instruction set is the best of the machine, or the best that is not beyond ``$PLUMLINE_ISA``
    (``reference``, ``portable``, ``avx2``, ``avx512``, ``amx``), read when the program is made.

    Numbers are IEEE float32. A NaN or infinity in an input reaches those outputs that depend on
    it, and steps that choose between values (``relu``, ``clip``, maximum pooling) may replace a
    NaN by a number: check the inputs, not the outputs, for NaN. One sample's never reach another's
    outputs. No values are an error; an input with an axis of size 0 may be one.

    Raises `ArtifactError` for a program the native module refuses, `InputError` for a wrong number
    of threads or instruction set.
    """

    def __init__(self, artifact: Artifact, threads: int = 1) -> None:
        self._artifact = artifact
        self._isa = native.choose_isa()
        self._shapes: list[tuple[int, ...]] | None = None
        self._output_shapes: list[tuple[int, ...]] = []
        # The native graph holds one memory plan; two Python threads take turns.
        self._lock = threading.Lock()
        try:
            self._graph = native.module().Graph(
                artifact.values,
                [
                    (p.value, [s if isinstance(s, int) else -1 for s in p.shape])
                    for p in artifact.inputs
                ],
                [port.value for port in artifact.outputs],
                {value: _plain(array) for value, array in artifact.constants.items()},
                [_native_node(node) for node in artifact.nodes],
                self._isa,
                native.choose_threads(threads),
            )
        except native.module().NativeError as error:
            raise ArtifactError(f"the program cannot be run: {error}") from None

    @property
    def inputs(self) -> tuple[TensorInfo, ...]:
        """What `run` takes."""
        return tuple(TensorInfo(port.name, port.shape) for port in self._artifact.inputs)

    @property
    def outputs(self) -> tuple[TensorInfo, ...]:
        """What `run` gives."""
        return tuple(TensorInfo(port.name, port.shape) for port in self._artifact.outputs)

    @property
    def metadata(self) -> dict[str, str]:
        """Texts that came with the model, such as ``plumline.dataset``."""
        return dict(self._artifact.metadata)

    @property
    def artifact(self) -> Artifact:
        """The program as plain data."""
        return self._artifact

    @property
    def threads(self) -> int:
        """How many threads share a run."""
        return int(self._graph.threads)

    @property
    def isa(self) -> str:
        """The instruction set in use."""
        return self._isa

    def __call__(self, x: Any) -> Any:
        """Run a program of one input; return its output, or a tuple when there are several."""
        if len(self.inputs) != 1:
            names = ", ".join(repr(port.name) for port in self._artifact.inputs)
            raise InputError(
                f"the program has {len(self.inputs)} inputs: call run with a table of {names}"
            )
        outputs = tuple(self.run({self.inputs[0].name: x}).values())
        return outputs[0] if len(outputs) == 1 else outputs

    def run(
        self, inputs: Mapping[str, Any], *, out: Mapping[str, Floats] | None = None
    ) -> dict[str, Floats]:
        """Run the program once.

        Args:
            inputs: a float32 array for every input name; an array that is not contiguous is copied.
            out: arrays to write some or all outputs into (float32, C-contiguous, of the right
                shape, sharing no memory with the inputs); the others are allocated.

        Returns the outputs by name. Raises `InputError` for a wrong name, type or shape.
        """
        arrays = self._inputs(inputs)
        with self._lock:
            self._infer(arrays)
            results = self._outputs(out or {}, arrays)
            self._graph.run(arrays, results)
        return {
            port.name: array for port, array in zip(self._artifact.outputs, results, strict=True)
        }

    def save(self, path: str | os.PathLike[str]) -> None:
        """Write the program as a ``.plum`` file."""
        self._artifact.write(path)

    def plan(self) -> plan.Plan:
        """List the steps with kernel, pattern, operations and bytes; ``print`` it for a table.

        Which kernel is the fastest depends on shapes: it is that of the last run, or of one sample.
        """
        self._infer_something()
        kernels, reasons = list(self._graph.kernels()), list(self._graph.reasons())
        return plan.make(self._artifact, kernels, reasons, self._isa)

    def shapes(self) -> list[tuple[int, ...]]:
        """List the shape of each value, by its number, for the shapes that `plan` is of.

        Empty for a program that cannot be planned for one sample and has not run.
        """
        self._infer_something()
        return [tuple(shape) for shape in self._graph.shapes()]

    def candidates(self) -> list[Candidates]:
        """List the methods that each step can choose from, for the shapes that `plan` is of."""
        self._infer_something()
        return [Candidates(shape, dict(costs)) for shape, costs in self._graph.candidates()]

    def profile(self, inputs: Mapping[str, Any] | None = None, repeats: int = 20) -> list[StepTime]:
        """Time every step: medians of ``repeats`` runs on ``inputs`` (default: one sample)."""
        if repeats < 1:
            raise InputError(f"repeats={repeats} is not a number of runs: use 1 or more")
        arrays = self._inputs(self._noise() if inputs is None else inputs)
        with self._lock:
            self._infer(arrays)
            seconds = self._graph.profile(arrays, repeats)
        steps = zip(self._artifact.nodes, self._graph.kernels(), seconds, strict=True)
        return [StepTime(node.name, node.op, kernel, time) for node, kernel, time in steps]

    def __repr__(self) -> str:
        inputs, outputs = ", ".join(map(str, self.inputs)), ", ".join(map(str, self.outputs))
        return f"Program({inputs} -> {outputs}; {len(self._artifact.nodes)} steps, {self.isa})"

    def _inputs(self, inputs: Mapping[str, Any]) -> list[Floats]:
        if not isinstance(inputs, Mapping):
            raise InputError(
                f"run takes a table of arrays by input name, not {type(inputs).__name__}"
            )
        names = [port.name for port in self._artifact.inputs]
        for name in inputs:
            if name not in names:
                raise unknown("input", str(name), names)
        for name in names:
            if name not in inputs:
                raise InputError(f"input {name!r} is missing: the program takes {', '.join(names)}")
        symbols: dict[str, tuple[int, str]] = {}
        return [_checked(port, inputs[port.name], symbols) for port in self._artifact.inputs]

    def _infer_something(self) -> None:
        if self._shapes is not None:
            return
        # A program whose other open sizes cannot be 1 names all kernels that it may use.
        with self._lock, contextlib.suppress(InputError):
            self._infer(self._inputs(self._noise()))

    def _infer(self, arrays: Sequence[Floats]) -> None:
        shapes = [array.shape for array in arrays]
        if shapes == self._shapes:
            return
        self._shapes = None
        try:
            inferred = self._graph.infer([list(shape) for shape in shapes])
        except native.module().NativeError as error:
            raise InputError(
                f"inputs of the shapes {_listed(shapes)} cannot be run: {error}"
            ) from None
        self._output_shapes = [tuple(shape) for shape in inferred]
        self._shapes = shapes

    def _outputs(self, out: Mapping[str, Floats], arrays: Sequence[Floats]) -> list[Floats]:
        names = [port.name for port in self._artifact.outputs]
        for name in out:
            if name not in names:
                raise unknown("output", str(name), names)
        results: list[Floats] = []
        for name, shape in zip(names, self._output_shapes, strict=True):
            array = out[name] if name in out else np.empty(shape, np.float32)
            if name in out:
                _check_out(name, array, shape, [*arrays, *results])
            results.append(array)
        return results

    def _noise(self) -> dict[str, Floats]:
        random = np.random.default_rng(0)
        return {
            port.name: random.standard_normal(
                [size if isinstance(size, int) else 1 for size in port.shape], np.float32
            )
            for port in self._artifact.inputs
        }


def load(path: str | os.PathLike[str], threads: int = 1) -> Program:
    """Load a ``.plum`` file; needs numpy alone. Raises `ArtifactError` for an unsound file."""
    return Program(Artifact.read(path), threads)


def _checked(port: Port, value: Any, symbols: dict[str, tuple[int, str]]) -> Floats:
    array = np.asarray(value)
    if array.dtype != np.float32:
        raise InputError(
            f"input {port.name!r} is {array.dtype}, not float32: pass .astype(np.float32)"
        )
    wanted = f"({', '.join(map(str, port.shape))})"
    if array.ndim != len(port.shape):
        raise InputError(
            f"input {port.name!r} has the shape {array.shape}: it must have the "
            f"{len(port.shape)} axes {wanted}"
        )
    for axis, (size, known) in enumerate(zip(array.shape, port.shape, strict=True)):
        if isinstance(known, int):
            if size != known:
                raise InputError(
                    f"input {port.name!r} has the shape {array.shape}: axis {axis} must be "
                    f"{known}, as in {wanted}"
                )
            continue
        first, owner = symbols.setdefault(known, (size, port.name))
        if size != first:
            raise InputError(
                f"input {port.name!r} has the shape {array.shape}: {known} is {size} here and "
                f"{first} in {owner!r}"
            )
    return _plain(array)


def _check_out(name: str, array: Any, shape: tuple[int, ...], others: Sequence[Floats]) -> None:
    if not isinstance(array, np.ndarray) or array.dtype != np.float32 or array.shape != shape:
        what = (
            f"{array.dtype} {array.shape}"
            if isinstance(array, np.ndarray)
            else type(array).__name__
        )
        raise InputError(
            f"out[{name!r}] is {what}: it must be a float32 array of the shape {shape}"
        )
    if not array.flags.c_contiguous or not array.flags.writeable or not array.flags.aligned:
        raise InputError(
            f"out[{name!r}] must be writeable and C-contiguous: use np.empty({shape}, np.float32)"
        )
    if any(np.may_share_memory(array, other) for other in others):
        raise InputError(
            f"out[{name!r}] shares memory with an input or another output: use a separate array"
        )


def _plain(array: NDArray[Any]) -> NDArray[Any]:
    return np.require(array, array.dtype.newbyteorder("="), ["C", "A"])


def _native_node(node: Node) -> tuple[Any, ...]:
    attributes = {k: list(v) if isinstance(v, tuple) else v for k, v in node.attributes.items()}
    tensors = {role: _plain(array) for role, array in node.tensors.items()}
    return node.op, node.name, list(node.inputs), list(node.outputs), attributes, tensors


def _listed(shapes: Sequence[tuple[int, ...]]) -> str:
    return ", ".join(map(str, shapes)) or "()"
