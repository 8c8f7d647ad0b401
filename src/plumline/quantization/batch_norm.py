"""Fold BatchNormalization into the convolution before it, so that one step is quantized."""

import numpy as np
import onnx

from plumline.quantization.model import Array, Model, attribute


def fold(model: Model) -> None:
    """Apply to the model in place; a filter's equal weights stay equal."""
    makers, readers = model.makers(), model.readers()
    gone: list[int] = []
    for norm in model.graph.node:
        if norm.op_type != "BatchNormalization":
            continue
        conv = makers.get(norm.input[0])
        if conv is None or conv.op_type != "Conv" or len(readers[conv.output[0]]) != 1:
            continue
        parts = [model.floats(name) for name in norm.input[1:5]]
        known = [part for part in parts if part is not None]
        weight = model.floats(conv.input[1])
        bias = model.floats(conv.input[2]) if len(conv.input) > 2 else None
        if weight is None or len(known) < 4 or (len(conv.input) > 2 and bias is None):
            continue
        _fold(model, conv, weight, bias, known, norm)
        conv.output[0] = norm.output[0]
        gone.append(id(norm))
    model.replace_nodes([node for node in model.graph.node if id(node) not in gone])


def _fold(
    model: Model,
    conv: onnx.NodeProto,
    weight: Array,
    bias: Array | None,
    parts: list[Array],
    norm: onnx.NodeProto,
) -> None:
    scale, shift, mean, variance = (part.astype(np.float64) for part in parts)
    factor = scale / np.sqrt(variance + attribute(norm, "epsilon", 1e-5))
    offset = np.zeros_like(mean) if bias is None else bias.astype(np.float64)
    folded = weight.astype(np.float64) * factor.reshape(-1, *[1] * (weight.ndim - 1))
    names = [
        model.constant(f"{conv.input[1]}_folded", folded.astype(np.float32)),
        model.constant(
            f"{conv.input[1]}_bias", ((offset - mean) * factor + shift).astype(np.float32)
        ),
    ]
    del conv.input[1:]
    conv.input.extend(names)
