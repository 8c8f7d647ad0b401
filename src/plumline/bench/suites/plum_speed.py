"""PLUM's own comparison: 3x3 layers of ResNet-18 with binary, ternary and signed-binary weights.

Each is executed by the SumMerge-style kernel, with zero weights left out (sparsity support) and
with their inputs added up like any others, and beside it by the engine's own choice. Binary weights
have no zeros: with and without support they are one and the same.
"""

from collections.abc import Iterator, Mapping
from typing import Any

import numpy as np

from plumline.bench import timed
from plumline.bench.networks import chain, values
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
    if settings.activations != "fp32" or settings.weights:
        raise InputError("plum-speed takes random weights and fp32 activations: leave out others")
    timed.time_groups("plum-speed", groups(settings), settings, records, say)


def groups(settings: Settings) -> Iterator[Group]:
    """Yield a group a layer: every scheme in every execution."""
    schemes = [scheme for scheme in SCHEMES if settings.wants(scheme)]
    for channels, size in STRIDE_1:
        shape = (channels, channels, 3, 3)
        yield _group(f"{channels}@{size}", schemes, shape, CHAIN, 1, size)
    for channels, filters, size in STRIDE_2:
        shape = (filters, channels, 3, 3)
        yield _group(f"{channels}->{filters}@{size}/2", schemes, shape, 1, 2, size)


def _group(
    layer: str, schemes: list[str], shape: tuple[int, ...], count: int, stride: int, size: int
) -> Group:
    return [
        _case(layer, execution, scheme, shape, count, stride, size)
        for execution in EXECUTIONS
        for scheme in schemes
    ]


def _case(
    layer: str,
    execution: str,
    scheme: str,
    shape: tuple[int, ...],
    count: int,
    stride: int,
    size: int,
) -> Case:
    name = f"{layer} {execution}"

    def make() -> Subject:
        from plumline.compiler import compile_artifact

        random = np.random.default_rng(0)
        codes = [values.draw(scheme, shape, random) for _ in range(count)]
        network = chain.fp32(name, codes, stride, (size, size))
        assert network.onnx is not None
        artifact = compile_artifact(network.onnx, **EXECUTIONS[execution])
        return Subject(name, network.inputs, artifact=artifact)

    weights = f"random, density {values.density(scheme):g}"
    return Case(name, execution, scheme, weights, make, count)
