"""The steps of a program: facts of its plan, measured times, and who reads what."""

import time
from collections.abc import Mapping
from dataclasses import dataclass
from statistics import median
from typing import Any

import numpy as np

from plumline.errors import InputError
from plumline.runtime import Program
from plumline.runtime.artifact import Artifact, Node
from plumline.runtime.plan import PlanStep

FEWEST_RUNS, MOST_RUNS = 5, 400


@dataclass(frozen=True)
class Step:
    """One step: its node, the plan's facts, median seconds, shapes, and the steps it reads from.

    ``reads`` has the number of a step, or -1 for an input of the network; ``moved`` counts the
    bytes of activations that come in and go out, each once.
    """

    node: Node
    plan: PlanStep
    seconds: float
    shape: tuple[int, ...]
    reads: tuple[int, ...]
    moved: int


@dataclass(frozen=True)
class Measured:
    """All steps of a program, ``seconds`` of a whole call, and how many runs the medians are of."""

    steps: tuple[Step, ...]
    seconds: float
    runs: int


def measure(program: Program, budget: float) -> Measured:
    """Time a program on one sample, step by step and as a whole, for about ``budget`` seconds."""
    artifact = program.artifact
    _check(artifact)
    sample = _sample(artifact)
    once = sum(step.seconds for step in program.profile(sample, 3))
    runs = int(min(max(budget / 2 / max(once, 1e-9), FEWEST_RUNS), MOST_RUNS))
    times = [step.seconds for step in program.profile(sample, runs)]
    whole = median(_timed(program, sample) for _ in range(runs))
    shapes = program.shapes()
    sizes = _bytes_of_values(artifact, shapes)
    made_by = {
        value: number for number, node in enumerate(artifact.nodes) for value in node.outputs
    }
    steps = []
    for node, plan, seconds in zip(artifact.nodes, program.plan(), times, strict=True):
        activations = [value for value in node.inputs if value not in artifact.constants]
        steps.append(
            Step(
                node=node,
                plan=plan,
                seconds=seconds,
                shape=shapes[node.outputs[0]],
                reads=tuple(dict.fromkeys(made_by.get(value, -1) for value in activations)),
                moved=sum(sizes[value] for value in (*dict.fromkeys(activations), *node.outputs)),
            )
        )
    return Measured(tuple(steps), whole, runs)


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


def _sample(artifact: Artifact) -> dict[str, Any]:
    random = np.random.default_rng(0)
    arrays = {}
    for port in artifact.inputs:
        sizes = [1 if axis == 0 and isinstance(n, str) else n for axis, n in enumerate(port.shape)]
        if any(isinstance(size, str) for size in sizes):
            wanted = ",".join(map(str, sizes))
            raise InputError(
                f"the size of input {port.name!r} is open: report on the ONNX file with --shape "
                f"{port.name}={wanted}"
            )
        arrays[port.name] = random.standard_normal(sizes, np.float32)  # type: ignore[arg-type] # sizes are known by now
    return arrays


def _timed(program: Program, sample: Mapping[str, Any]) -> float:
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
