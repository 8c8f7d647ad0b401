"""Read an ONNX model: from a path, bytes or a ModelProto; check it; bring its weights in."""

import os
from math import prod
from pathlib import Path
from typing import Any

import numpy as np
import onnx
import onnx.inliner
from google.protobuf.message import DecodeError
from onnx import numpy_helper

from plumline.compiler import external
from plumline.compiler.fold import MAX_ELEMENTS
from plumline.compiler.graph import Array
from plumline.errors import InputError

MIN_OPSET = 7
"""Before it, broadcasting was an attribute."""

Model = str | os.PathLike[str] | bytes | onnx.ModelProto


def load(model: Model) -> onnx.ModelProto:
    """Return a checked model with all its weights inside and without functions of its own.

    Raises `InputError`, in one line, for a file that cannot be read, is not ONNX, is not sound, or
    has an operator set outside those understood.
    """
    proto = _parse(model)
    if not isinstance(model, onnx.ModelProto | bytes):
        external.load(proto, Path(model).resolve().parent)
    elif external.tensors(proto):
        raise InputError(
            "the model keeps weights in a file beside it: give its path, not its contents"
        )
    _check_opset(proto)
    try:
        onnx.checker.check_model(proto)
    except onnx.checker.ValidationError as error:
        raise InputError(f"the ONNX model is not sound: {_line(error)}") from None
    except ValueError:
        # A message over 2 GiB cannot be handed to the checker; the steps after this one check what
        # they use.
        pass
    return onnx.inliner.inline_local_functions(proto) if proto.functions else proto


def opset(proto: onnx.ModelProto) -> int:
    """Return the version of the standard operators that the model uses."""
    versions = [entry.version for entry in proto.opset_import if entry.domain in ("", "ai.onnx")]
    return max(versions, default=0)


def to_array(tensor: onnx.TensorProto) -> Array:
    """Read a tensor of the model; raise `InputError` when its bytes do not fit its shape."""
    try:
        return np.asarray(numpy_helper.to_array(tensor))
    except (ValueError, TypeError, KeyError) as error:
        raise InputError(
            f"the tensor {tensor.name!r} of the ONNX model cannot be read: {_line(error)}"
        ) from None


def to_dense(sparse: onnx.SparseTensorProto) -> Array:
    """Read a sparse tensor of the model as an ordinary one; raise `InputError` as `to_array`."""
    values, indices, shape = to_array(sparse.values), to_array(sparse.indices), tuple(sparse.dims)
    if prod(shape) > MAX_ELEMENTS:
        raise InputError(
            f"the sparse tensor {sparse.values.name!r} of the shape {shape} is too large"
        )
    dense = np.zeros(shape, values.dtype)
    # One number a value counts over the whole tensor; one a value and axis is a position.
    where = np.unravel_index(indices, shape) if indices.ndim == 1 else tuple(indices.T)
    dense[where] = values
    return dense


def _parse(model: Any) -> onnx.ModelProto:
    if isinstance(model, onnx.ModelProto):
        proto = onnx.ModelProto()
        proto.CopyFrom(model)
        return proto
    if isinstance(model, bytes):
        name, data = "the model", model
    elif isinstance(model, str | os.PathLike):
        name = os.fspath(model)
        try:
            data = Path(model).read_bytes()
        except OSError as error:
            raise InputError(f"cannot read {name!r}: {error.strerror}") from None
    else:
        raise InputError(
            f"a model is a path, bytes or an onnx.ModelProto, not {type(model).__name__}"
        )
    proto = onnx.ModelProto()
    try:
        proto.ParseFromString(data)
    except DecodeError:
        raise InputError(f"{name} is not an ONNX model, or it is cut short") from None
    if not proto.HasField("graph"):
        raise InputError(f"{name} is not an ONNX model: it holds no graph")
    return proto


def _check_opset(proto: onnx.ModelProto) -> None:
    version, newest = opset(proto), onnx.defs.onnx_opset_version()
    if version > newest:
        raise InputError(
            f"the model uses opset {version} and onnx {onnx.__version__} knows {newest}: "
            f"upgrade onnx"
        )
    if version < MIN_OPSET:
        raise InputError(
            f"the model uses opset {version}: convert it to {MIN_OPSET} or later with "
            f"onnx.version_converter"
        )


def _line(error: Exception) -> str:
    return " ".join(str(error).split())[:300]
