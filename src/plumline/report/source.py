"""What a report is of: a program, an ONNX file compiled in memory, or a run that is exported."""

import os
import tempfile
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING

from plumline.errors import InputError
from plumline.runtime import Program, load

if TYPE_CHECKING:
    from plumline.training import Run

Shapes = Mapping[str, tuple[int, ...]]


@dataclass(frozen=True)
class Source:
    """A network ready to be measured.

    ``modules`` gives the name of the module behind a node, where the ONNX file tells it; ``bytes``
    is the size of the program as a file; ``shapes`` are those that its inputs still have to be
    given; ``run`` and ``folder`` are there for a run.
    """

    title: str
    program: Program
    bytes: int
    modules: Mapping[str, str] = field(default_factory=dict)
    shapes: Shapes = field(default_factory=dict)
    run: "Run | None" = None
    folder: Path | None = None


def read(path: str | os.PathLike[str], shapes: Shapes, threads: int) -> Source:
    """Read a run folder, an ONNX file or a program; ``shapes`` fixes sizes that it leaves open."""
    where = Path(path)
    if where.is_dir():
        return _of_run(where, shapes, threads)
    if where.suffix not in (".onnx", ".plum"):
        raise InputError(f"{os.fspath(path)!r} is neither a run folder, a .onnx nor a .plum file")
    if where.suffix == ".plum":
        size = where.stat().st_size
        return Source(where.name, load(where, threads), size, shapes=shapes)
    return _of_onnx(where, where.name, shapes, threads)


def _of_run(folder: Path, shapes: Shapes, threads: int) -> Source:
    import torch

    from plumline.export import export_onnx
    from plumline.training import read_run

    run = read_run(folder)
    with tempfile.TemporaryDirectory() as temporary:
        path = Path(temporary) / "net.onnx"
        export_onnx(run.model, torch.zeros(1, *run.input_shape), path)
        source = _of_onnx(path, folder.resolve().name, shapes, threads)
    return replace(source, run=run, folder=folder)


def _of_onnx(path: Path, title: str, shapes: Shapes, threads: int) -> Source:
    import onnx

    from plumline.compiler import compile

    program = compile(path, threads=threads, shapes=shapes)
    size = len(program.artifact.to_bytes())
    model = onnx.load(path, load_external_data=False)
    return Source(title, program, size, _modules(model.graph))


def _modules(graph: object) -> dict[str, str]:
    """Name a node after the module whose ``weight`` it reads."""
    return {
        node.name: name.removesuffix(".weight")
        for node in graph.node  # type: ignore[attr-defined]  # onnx has no types
        for name in node.input
        if name.endswith(".weight") and node.op_type in ("Conv", "Gemm", "MatMul")
    }
