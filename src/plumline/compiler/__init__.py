"""Compile ONNX models: read, lower, rewrite, pack, assemble; measure if asked to."""

from collections.abc import Mapping, Sequence
from typing import Any

from plumline.compiler import operators as _operators  # noqa: F401 - registers the operators
from plumline.compiler import passes, plan, summerge, tuning
from plumline.compiler.assemble import assemble
from plumline.compiler.frontend import Model, load
from plumline.compiler.lowering import lower, operators
from plumline.runtime.artifact import Artifact
from plumline.runtime.program import Program

__all__ = ["compile", "compile_artifact", "operators"]


def compile_artifact(
    model: Model,
    *,
    shapes: Mapping[str, Sequence[int]] | None = None,
    constants: Mapping[str, Any] | None = None,
    kernels: str | None = None,
    sparsity_support: bool | None = None,
    tile: int | None = None,
) -> Artifact:
    """Compile an ONNX model to plain data; see `compile`."""
    choice = summerge.chosen(kernels, sparsity_support, tile)
    graph = lower(load(model), shapes, constants)
    passes.run(graph)
    plan.run(graph, choice)
    return assemble(graph)


def compile(
    model: Model,
    *,
    threads: int = 1,
    shapes: Mapping[str, Sequence[int]] | None = None,
    constants: Mapping[str, Any] | None = None,
    tune: bool = False,
    kernels: str | None = None,
    sparsity_support: bool | None = None,
    tile: int | None = None,
) -> Program:
    """Compile an ONNX model to a program that runs on this CPU.

    Args:
        model: path of an ONNX file, its bytes, or an ``onnx.ModelProto``; opset 7 or later,
        float32. threads: how many threads share a run; see `Program`. shapes: sizes to fix for
        inputs that leave some open, as in ``{"input": (1, 3, 224, 224)}``. constants: inputs that
        always have one value, as in ``{"axes": np.array([1])}``; they are no longer inputs.
        tune: run the program on this machine, with these threads, to find the fastest kernels
        instead of estimating them, and keep the findings in it; takes seconds and needs inputs of
        fixed sizes. kernels: ``"summerge"`` to execute convolutions whose filters repeat a few
        values in the manner of SumMerge, for comparison with the literature; None for the engine's
        own choice, which is faster but for a few layers. sparsity_support: whether summerge leaves
        zero weights out (the default) or adds up their inputs like those of any other value. tile:
        how many columns summerge merges at a time, 1 to 8 (4).

    Raises `InputError` for a model that cannot be read or is not sound, and
    `UnsupportedOperatorError`, which lists every node, for one with nodes that are not compiled.
    """
    artifact = compile_artifact(
        model,
        shapes=shapes,
        constants=constants,
        kernels=kernels,
        sparsity_support=sparsity_support,
        tile=tile,
    )
    if tune:
        artifact, _ = tuning.tune(artifact, threads)
    return Program(artifact, threads)
