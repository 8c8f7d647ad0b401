"""Weights that a model keeps in files beside it: read from its own folder and nowhere else."""

from collections.abc import Iterator
from pathlib import Path

import onnx

from plumline.errors import InputError


def tensors(proto: onnx.ModelProto) -> list[onnx.TensorProto]:
    """List the tensors, in attributes and subgraphs too, whose bytes are in another file."""
    graphs = [proto.graph, *proto.functions]
    return [
        t for graph in graphs for t in _walk(graph) if t.data_location == onnx.TensorProto.EXTERNAL
    ]


def load(proto: onnx.ModelProto, folder: Path) -> None:
    """Bring all external bytes into the model; a file outside ``folder`` is refused."""
    for tensor in tensors(proto):
        tensor.raw_data = _read(tensor, folder)
        tensor.data_location = onnx.TensorProto.DEFAULT
        del tensor.external_data[:]


def _read(tensor: onnx.TensorProto, folder: Path) -> bytes:
    facts: dict[str, str] = {entry.key: entry.value for entry in tensor.external_data}
    location = facts.get("location", "")
    path = (folder / location).resolve()
    # resolve() follows links, so neither ".." nor a link leads out of the folder.
    if not location or "\0" in location or not path.is_relative_to(folder) or path == folder:
        raise InputError(
            f"the weights of {tensor.name!r} are said to be in {location!r}, outside the "
            f"model's folder"
        )
    try:
        offset, size = int(facts.get("offset", 0)), path.stat().st_size
        length = int(facts.get("length", size - offset))
        if not path.is_file() or offset < 0 or length < 0 or offset + length > size:
            raise ValueError
        with path.open("rb") as file:
            file.seek(offset)
            return file.read(length)
    except FileNotFoundError:
        raise InputError(
            f"the weights file {location!r} is missing: put it beside the model"
        ) from None
    except (OSError, ValueError):
        raise InputError(
            f"the weights file {location!r} is cut short or does not hold {tensor.name!r}"
        ) from None


def _walk(graph: onnx.GraphProto | onnx.FunctionProto) -> Iterator[onnx.TensorProto]:
    if isinstance(graph, onnx.GraphProto):
        yield from graph.initializer
        for sparse in graph.sparse_initializer:
            yield from (sparse.values, sparse.indices)
    for node in graph.node:
        for attribute in node.attribute:
            yield from ([attribute.t] if attribute.HasField("t") else [])
            yield from attribute.tensors
            for sparse in [attribute.sparse_tensor, *attribute.sparse_tensors]:
                yield from (sparse.values, sparse.indices)
            for inner in [*([attribute.g] if attribute.HasField("g") else []), *attribute.graphs]:
                yield from _walk(inner)
