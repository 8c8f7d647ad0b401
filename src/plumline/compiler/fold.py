"""Constant folding: a node of constant inputs is computed now, by ONNX's own reference."""

from math import prod

import numpy as np
import onnx
from onnx import helper
from onnx.reference import ReferenceEvaluator

from plumline.compiler.graph import Array

MAX_ELEMENTS = 1 << 28
"""Most elements of a folded tensor (1 GiB of float32): a tiny file must not fill the memory."""

_SMALL = 4096
_FIRST_VERSION = {"DequantizeLinear": 19}
"""What ONNX's reference has no earlier version of; a later one takes all that an earlier did."""

_RANDOM = {
    "Bernoulli",
    "Multinomial",
    "RandomNormal",
    "RandomNormalLike",
    "RandomUniform",
    "RandomUniformLike",
}


class NotFoldableError(Exception):
    """The node cannot be computed at compile time; the text says why."""


def can_fold(node: onnx.NodeProto) -> bool:
    """Whether equal inputs of this standard operator always give equal outputs, and it holds no
    graph of its own.
    """
    has_graph = any(attribute.HasField("g") or attribute.graphs for attribute in node.attribute)
    return node.op_type not in _RANDOM and not has_graph


def fold(node: onnx.NodeProto, inputs: list[Array | None], opset: int) -> list[Array | None]:
    """Compute the outputs of a node from its constant inputs (None: left out)."""
    feeds = {
        name: array for name, array in zip(node.input, inputs, strict=True) if array is not None
    }
    model = _model(node, feeds, max(opset, _FIRST_VERSION.get(node.op_type, 0)))
    _check_size(model, feeds)
    try:
        with np.errstate(all="ignore"):
            results = ReferenceEvaluator(model).run(None, feeds)
    except MemoryError:
        raise NotFoldableError("its constant result does not fit in memory") from None
    except Exception as error:
        raise NotFoldableError(
            f"its constant inputs cannot be computed with: {_line(error)}"
        ) from None
    by_name = dict(zip([output.name for output in model.graph.output], results, strict=True))
    arrays = [None if not name else np.asarray(by_name[name]) for name in node.output]
    if any(array is not None and array.size > MAX_ELEMENTS for array in arrays):
        raise NotFoldableError("its constant result is too large")
    return arrays


def _model(node: onnx.NodeProto, feeds: dict[str, Array], opset: int) -> onnx.ModelProto:
    def info(name: str, array: Array) -> onnx.ValueInfoProto:
        return helper.make_tensor_value_info(
            name, helper.np_dtype_to_tensor_dtype(array.dtype), array.shape
        )

    graph = helper.make_graph(
        [node],
        "constant",
        [info(name, array) for name, array in feeds.items()],
        [onnx.ValueInfoProto(name=name) for name in node.output if name],
    )
    return helper.make_model(graph, opset_imports=[helper.make_opsetid("", opset)])


def _check_size(model: onnx.ModelProto, feeds: dict[str, Array]) -> None:
    # Shape inference sees the small tensors (the shape of an Expand, the repeats of a Tile), so
    # that a result too large is refused before it is made.
    probe = onnx.ModelProto()
    probe.CopyFrom(model)
    for name, array in feeds.items():
        if array.size <= _SMALL and array.dtype.kind in "fiub":
            probe.graph.initializer.append(onnx.numpy_helper.from_array(array, name))
    try:
        inferred = onnx.shape_inference.infer_shapes(probe, data_prop=True)
    except Exception:
        return
    for output in inferred.graph.output:
        sizes = [dimension.dim_value for dimension in output.type.tensor_type.shape.dim]
        if prod(sizes) > MAX_ELEMENTS:
            raise NotFoldableError(f"its constant result of the shape {tuple(sizes)} is too large")


def _line(error: Exception) -> str:
    return " ".join(str(error).split())[:200] or type(error).__name__
