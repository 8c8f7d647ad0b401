"""PLUM's own comparison: 3x3 layers of ResNet-18 with binary, ternary and signed-binary weights.

Each is executed by the SumMerge-style kernel, with zero weights left out (sparsity support) and
with their inputs added up like any others, and beside it by the engine's own choice. Binary weights
have no zeros: with and without support they are one and the same. Layers of trained networks can be
given: those of one shape are timed together.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np

from plumline.bench import timed
from plumline.bench.networks import chain, values
from plumline.bench.networks.trained import label, read_layers
from plumline.bench.records import Records
from plumline.bench.subject import Subject
from plumline.bench.suite import Case, Group, Say, Settings, suite
from plumline.bench.suites.resnet18_conv import CHAIN, STRIDE_1, STRIDE_2
from plumline.errors import InputError

SCHEMES = ("signed-binary", "binary", "ternary")
EXECUTIONS: Mapping[str, Mapping[str, Any]] = {
    "summerge": {"kernels": "summerge"},
    "summerge, zeros added up": {"kernels": "summerge", "sparsity_support": False},
    "engine": {},
}
"""Options of `compile` by the name of what they make."""


@suite(
    "plum-speed",
    "3x3 layers of ResNet-18 in the SumMerge-style kernel, as PLUM times them",
    metric=timed.METRIC,
    columns=timed.COLUMNS,
)
def run(settings: Settings, records: Records, say: Say) -> None:
    """Time every group."""
    if settings.activations != "fp32":
        raise InputError("plum-speed times a kernel of fp32 activations: leave out others")
    timed.time_groups("plum-speed", groups(settings), settings, records, say)


def groups(settings: Settings) -> Iterator[Group]:
    """Yield a group a layer: every scheme in every execution.

    Layers of one shape in trained networks are a group, so that their schemes compare too.
    """
    schemes = [scheme for scheme in SCHEMES if settings.wants(scheme)]
    trained = _trained(settings.weights, schemes)  # before all else: a wrong file is told at once
    for channels, size in STRIDE_1:
        shape = (channels, channels, 3, 3)
        yield _group([_random(f"{channels}@{size}", s, shape, CHAIN, 1, size) for s in schemes])
    for channels, filters, size in STRIDE_2:
        shape = (filters, channels, 3, 3)
        name = f"{channels}->{filters}@{size}/2"
        yield _group([_random(name, s, shape, 1, 2, size) for s in schemes])
    yield from map(_group, trained)


def _random(
    name: str, scheme: str, shape: tuple[int, ...], count: int, stride: int, size: int
) -> Case:
    def make() -> Subject:
        random = np.random.default_rng(0)
        codes = [values.draw(scheme, shape, random) for _ in range(count)]
        return chain.fp32(name, codes, stride, (size, size))

    weights = f"random, density {values.density(scheme):g}"
    return Case(name, "", scheme, weights, make, count)


def _trained(paths: Sequence[str], schemes: Sequence[str]) -> list[list[Case]]:
    """Read the layers of trained networks, those of one shape together."""
    shapes: dict[str, list[Case]] = {}
    for path in map(Path, paths):
        for found in read_layers(path, CHAIN):
            if found.scheme in schemes:
                name, weights = f"trained {found.name}", f"trained: {label(path)}"
                make = partial(chain.fp32, name, found.codes, found.stride, found.image)
                case = Case(name, "trained, ", found.scheme, weights, make, len(found.codes))
                shapes.setdefault(found.name, []).append(case)
    return list(shapes.values())


def _group(layers: Sequence[Case]) -> Group:
    """Execute each layer in every way; the way is added to the name and the part of its case."""
    return [_executed(layer, execution) for execution in EXECUTIONS for layer in layers]


def _executed(layer: Case, execution: str) -> Case:
    name = f"{layer.name} {execution}"

    def make() -> Subject:
        from plumline.compiler import compile_artifact

        plain = layer.subject
        assert plain.onnx is not None
        artifact = compile_artifact(plain.onnx, **EXECUTIONS[execution])
        return Subject(name, plain.inputs, artifact=artifact)

    return replace(layer, name=name, part=f"{layer.part}{execution}", make=make)
