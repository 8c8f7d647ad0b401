"""Tell what a source is and read its layers."""

import os
from pathlib import Path
from typing import Any

from plumline.analysis.layer import Network
from plumline.analysis.sources import program as programs
from plumline.errors import InputError
from plumline.runtime import Program, load
from plumline.runtime.artifact import Artifact


def read_network(
    source: Any,
    *,
    input_shape: tuple[int, ...] | None = None,
    shapes: programs.Shapes | None = None,
) -> Network:
    """Return the layers of a network with their weights; arguments as of `analyze`.

    Raises `InputError` for what is no network, has no layer with weights, or has a weight that is
    NaN or infinite.
    """
    network = _read(source, input_shape, shapes)
    if not network.layers:
        raise InputError(f"{network.source} has no convolution and no linear layer to analyse")
    return network


def _read(
    source: Any, input_shape: tuple[int, ...] | None, shapes: programs.Shapes | None
) -> Network:
    if isinstance(source, Network):
        return source
    if isinstance(source, Artifact):
        source = Program(source)
    if isinstance(source, Program):
        return programs.read(source, "the program", "program", shapes)
    if isinstance(source, str | os.PathLike):
        return _read_path(os.fspath(source), shapes)
    return _read_object(source, input_shape, shapes)


def _read_path(path: str, shapes: programs.Shapes | None) -> Network:
    if Path(path).is_dir():
        from plumline.analysis.sources import module
        from plumline.training import read_run

        run = read_run(path)
        return module.read(run.model, run.input_shape, path, "run")
    suffix = Path(path).suffix
    if suffix == ".plum":
        return programs.read(load(path), path, "program", shapes)
    if suffix == ".onnx":
        from plumline.compiler import compile

        # Sizes that are given at once are known to the compiler too.
        program = compile(path, shapes=shapes)
        return programs.read(program, path, "onnx")
    raise InputError(f"{path!r} is neither a run folder, a .onnx nor a .plum file")


def _read_object(
    model: Any, input_shape: tuple[int, ...] | None, shapes: programs.Shapes | None
) -> Network:
    if type(model).__module__.split(".")[0] == "onnx":
        from plumline.compiler import compile

        return programs.read(compile(model, shapes=shapes), "the ONNX model", "onnx")
    if not hasattr(model, "named_modules"):
        raise InputError(
            f"cannot analyse a {type(model).__name__}: give a module, a program, or the path of a "
            f"run folder, .onnx or .plum file"
        )
    if input_shape is None:
        raise InputError("a module needs the shape of one sample: input_shape=(3, 224, 224)")
    from plumline.analysis.sources import module

    return module.read(model, tuple(input_shape), type(model).__name__, "model")
