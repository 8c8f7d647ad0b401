"""Insert QuantizeLinear and DequantizeLinear where a network computes on codes."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any

import numpy as np
import onnx
from numpy.typing import NDArray
from onnx import helper

from plumline._names import look_up
from plumline.compiler import frontend
from plumline.errors import InputError
from plumline.quantization import batch_norm, ranges
from plumline.quantization.choose import Choice
from plumline.quantization.model import Array, Model, attribute
from plumline.quantization.ranges import METHODS, Feed, Range
from plumline.quantization.weights import quantize_bias, quantize_weight

__all__ = ["METHODS", "Quantized", "quantize"]


@dataclass(frozen=True)
class Quantized:
    """The network with its quantizers; what was found of it."""

    model: onnx.ModelProto
    layers: int
    kept: int
    tensors: int

    def __str__(self) -> str:
        return (
            f"{self.layers} layers on integers ({self.kept} of them keep their weights exactly), "
            f"{self.tensors} quantized tensors"
        )


@dataclass(frozen=True)
class _Scheme:
    scale: np.float32
    zero_point: np.uint8


def quantize(
    model: frontend.Model, samples: Callable[[], Iterable[Feed]], *, method: str = "mse"
) -> Quantized:
    """Quantize a float ONNX network after training, in the QDQ form that every runtime takes.

    Layers with constant weights (Conv, Gemm, MatMul) and additions compute on uint8 activations
    with one scale, and int8 weights with one scale a filter and no zero point. What comes before
    the first and after the last of them stays float32.

    Args:
        model: path, bytes or ``onnx.ModelProto``.
        samples: gives the calibration inputs, a table of arrays a batch, again at each call.
        method: one of `METHODS`: how the range of a tensor follows from its numbers.

    Raises `InputError` for a network without such layers, or no samples.
    """
    choose = look_up("method", method, METHODS)
    graph = Model(frontend.load(model))
    batch_norm.fold(graph)
    choice = Choice(graph)
    if not choice.layers:
        raise InputError("the network has no Conv, Gemm or MatMul with constant weights")
    names = list(choice.tensors)
    found = ranges.measure(graph.proto, names, samples, choose)
    if not found:
        raise InputError("there are no calibration inputs")
    schemes = _schemes(choice, found)
    kept = _rewrite(graph, choice, schemes)
    onnx.checker.check_model(graph.proto)
    return Quantized(graph.proto, len(choice.layers), kept, len(names))


def _schemes(choice: Choice, found: dict[str, Range]) -> dict[str, _Scheme]:
    """Tensors of one group share the range that covers each of theirs."""
    wide: dict[str, Range] = {}
    for name, (low, high) in found.items():
        group = choice.group(name)
        before = wide.get(group, (0.0, 0.0))
        wide[group] = min(before[0], low), max(before[1], high)
    return {name: _scheme(*wide[choice.group(name)]) for name in found}


def _scheme(low: float, high: float) -> _Scheme:
    if high <= low:
        return _Scheme(np.float32(1), np.uint8(0))
    scale = np.float32((high - low) / ranges.LEVELS)
    return _Scheme(scale, np.uint8(np.clip(np.rint(-low / scale), 0, 255)))


def _rewrite(graph: Model, choice: Choice, schemes: dict[str, _Scheme]) -> int:
    codes: dict[str, str] = {}  # a tensor, by what it is quantized to
    nodes: list[onnx.NodeProto] = []
    layers = {id(node) for node in choice.layers}
    kept = 0

    def quantized(name: str) -> str:
        if name not in codes:
            scheme = schemes[name]
            pair = [
                graph.constant(f"{name}_scale", scheme.scale),
                graph.constant(f"{name}_zero_point", scheme.zero_point),
            ]
            code, number = graph.name(f"{name}_codes"), graph.name(f"{name}_dequantized")
            nodes.append(helper.make_node("QuantizeLinear", [name, *pair], [code]))
            nodes.append(helper.make_node("DequantizeLinear", [code, *pair], [number]))
            codes[name] = number
        return codes[name]

    for node in graph.graph.node:
        scheme = schemes.get(node.input[0]) if node.input else None
        if id(node) in layers and scheme is not None:
            made, exact = _quantize_layer(graph, node, scheme.scale)
            nodes += made
            kept += exact
        for position, name in enumerate(node.input):
            if name in schemes:
                node.input[position] = quantized(name)
        nodes.append(node)
    graph.replace_nodes(nodes)
    return kept


def _quantize_layer(
    graph: Model, node: onnx.NodeProto, step: np.float32
) -> tuple[list[onnx.NodeProto], bool]:
    """Replace weight and bias by constants that DequantizeLinear makes of integers."""
    weight = graph.floats(node.input[1])
    assert weight is not None
    by_rows = node.op_type == "Conv" or bool(attribute(node, "transB", 0.0))
    axis = 0 if by_rows else 1
    codes, scales = quantize_weight(weight, axis)
    exact = bool(np.array_equal(codes * _along(scales, weight.ndim, axis), weight))
    nodes = [_constant(graph, node, 1, codes, scales, axis)]
    bias = graph.floats(node.input[2]) if len(node.input) > 2 else None
    if bias is not None and bias.shape == scales.shape:
        sums = (step * scales).astype(np.float32)
        integers = quantize_bias(bias, sums)
        if integers is not None:
            nodes.append(_constant(graph, node, 2, integers, sums, 0))
    return nodes, exact


def _constant(
    graph: Model, node: onnx.NodeProto, position: int, codes: NDArray[Any], scales: Array, axis: int
) -> onnx.NodeProto:
    name = node.input[position]
    parts = [
        graph.constant(f"{name}_integers", codes),
        graph.constant(f"{name}_scale", scales),
        graph.constant(f"{name}_zero_point", np.zeros(scales.shape, codes.dtype)),
    ]
    node.input[position] = graph.name(f"{name}_dequantized")
    return helper.make_node("DequantizeLinear", parts, [node.input[position]], axis=axis)


def _along(scales: Array, rank: int, axis: int) -> Array:
    shape = [1] * rank
    shape[axis] = -1
    return scales.reshape(shape)
