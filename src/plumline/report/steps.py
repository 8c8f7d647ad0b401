"""The steps of a program: facts of its plan, measured times, and who reads what."""

import time
from collections.abc import Mapping
from dataclasses import dataclass
from statistics import median

import numpy as np
from numpy.typing import NDArray

from plumline._names import unknown
from plumline.errors import InputError
from plumline.runtime import Program
from plumline.runtime.artifact import Artifact, Node, Size
from plumline.runtime.plan import PlanStep
from plumline.runtime.program import StepTime

Shapes = Mapping[str, tuple[int, ...]]
Sample = dict[str, NDArray[np.float32]]

FEWEST_RUNS, MOST_RUNS = 5, 400


@dataclass(frozen=True)
class Step:
    """One step, for one sample: its node, the plan's facts, median seconds and what it reads.

    ``shape`` is that of the first output; ``reads`` has the number of a step, or -1 for an input of
    the network; ``moved`` counts the bytes of activations that come in and go out, each once.
    """

    node: Node
    plan: PlanStep
    seconds: float
    shape: tuple[int, ...]
    reads: tuple[int, ...]
    moved: int


@dataclass(frozen=True)
class Measured:
    """All steps of a program, and ``seconds`` of a whole call, for one sample.

    The program ran ``runs`` times on inputs of the shapes in ``inputs``, ``batch`` samples at once:
    times and bytes are a part of what that took.
    """

    steps: tuple[Step, ...]
    seconds: float
    runs: int
    inputs: Shapes
    batch: int


def measure(program: Program, budget: float, shapes: Shapes | None = None) -> Measured:
    """Time a program, step by step and as a whole, for about ``budget`` seconds.

    It runs on one sample, or on as many as its inputs are fixed to or ``shapes`` gives them.
    """
    artifact = program.artifact
    _check(artifact)
    sample = _sample(artifact, shapes or {})
    batch = _batch(sample)
    once = sum(step.seconds for step in _profile(program, sample, 3))
    runs = int(min(max(budget / 2 / max(once, 1e-9), FEWEST_RUNS), MOST_RUNS))
    times = [step.seconds / batch for step in program.profile(sample, runs)]
    whole = median(_timed(program, sample) for _ in range(runs)) / batch
    values = program.shapes()
    sizes = _bytes_of_values(artifact, values)
    made_by = {
        value: number for number, node in enumerate(artifact.nodes) for value in node.outputs
    }
    steps = []
    for node, plan, seconds in zip(artifact.nodes, program.plan(), times, strict=True):
        activations = [value for value in node.inputs if value not in artifact.constants]
        moved = sum(sizes[value] for value in (*dict.fromkeys(activations), *node.outputs))
        steps.append(
            Step(
                node=node,
                plan=plan,
                seconds=seconds,
                shape=_of_one(values[node.outputs[0]], batch),
                reads=tuple(dict.fromkeys(made_by.get(value, -1) for value in activations)),
                moved=moved // batch,
            )
        )
    inputs = {name: array.shape for name, array in sample.items()}
    return Measured(tuple(steps), whole, runs, inputs, batch)


def _check(artifact: Artifact) -> None:
    if not any(node.attributes.get("weights") for node in artifact.nodes):
        raise InputError("the network has no convolution and no linear layer: nothing to report")
    for node in artifact.nodes:
        for role, array in node.tensors.items():
            if array.dtype.kind == "f" and not np.isfinite(array).all():
                raise InputError(
                    f"the {role} of layer {node.name!r} has a NaN or infinite number: train again "
                    "from an earlier checkpoint"
                )


def _sample(artifact: Artifact, shapes: Shapes) -> Sample:
    """Make standard normal numbers: of the shapes given, of one sample where the first is open."""
    ports = {port.name: port.shape for port in artifact.inputs}
    for name in shapes:
        if name not in ports:
            raise unknown("input", name, ports)
    random = np.random.default_rng(0)
    arrays = {}
    for name, port in ports.items():
        if name not in shapes and any(isinstance(size, str) for size in port[1:]):
            wanted = ",".join(map(str, _sizes(port, EXAMPLE)))
            raise InputError(
                f"input {name!r} leaves sizes open, ({', '.join(map(str, port))}): give its "
                f"shape, as in --shape {name}={wanted}"
            )
        arrays[name] = random.standard_normal(shapes.get(name, _sizes(port, 1)), np.float32)
    return arrays


EXAMPLE = 224
"""What an open size may be: the common one of images."""


def _sizes(port: tuple[Size, ...], others: int) -> list[int]:
    """Put 1 for an open first size, and ``others`` for open sizes beyond."""
    opened = [1, *[others] * (len(port) - 1)]
    return [size if isinstance(size, int) else n for size, n in zip(port, opened, strict=False)]


def _batch(sample: Sample) -> int:
    """Return the number of samples: the first size of the first input, as in an analysis."""
    first = next(iter(sample.values())).shape
    return first[0] if first else 1


def _of_one(shape: tuple[int, ...], batch: int) -> tuple[int, ...]:
    """Return the shape that a value has for one sample."""
    if not shape or shape[0] % batch:
        return shape
    return (shape[0] // batch, *shape[1:])


def _profile(program: Program, sample: Sample, runs: int) -> list[StepTime]:
    """Time the steps; say what to do where the network cannot run on these shapes."""
    try:
        return program.profile(sample, runs)
    except InputError as error:
        name, array = next(iter(sample.items()))
        wanted = ",".join(map(str, (8, *array.shape[1:])))
        raise InputError(
            f"{error}: give a shape that it can run, as in --shape {name}={wanted}"
        ) from None


def _timed(program: Program, sample: Sample) -> float:
    start = time.perf_counter()
    program.run(sample)
    return time.perf_counter() - start


def _bytes_of_values(artifact: Artifact, shapes: list[tuple[int, ...]]) -> list[int]:
    """Bytes that each value takes: a code is one, a float four."""
    width = dict.fromkeys(range(artifact.values), 4)
    for node in artifact.nodes:
        of_first = width[node.inputs[0]] if node.inputs else 4
        for value in node.outputs:
            width[value] = _WIDTHS.get(node.op, of_first)
            if "output" in node.attributes:
                width[value] = 4 if node.attributes["output"] == "float32" else 1
    return [int(np.prod(shape, dtype=np.int64)) * width[v] for v, shape in enumerate(shapes)]


_WIDTHS = {"quantize_linear": 1, "dequantize_linear": 4}
