"""A chain of equal convolutions, each with ReLU: what a layer takes once layouts have settled."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from plumline._extras import require
from plumline.bench.subject import Subject

Array = NDArray[np.float32]

# Of max(0, z) with z standard normal: what a layer's inputs are like when its outputs are kept so.
RECTIFIED_MEAN = 0.3989
RECTIFIED_VARIANCE = 0.3408


@dataclass(frozen=True)
class Layer:
    """``max(0, scale * (codes @ x) + bias)``; codes (M, C, kh, kw), scale and bias (M,)."""

    codes: Array
    scale: Array
    bias: Array
    stride: int
    padding: tuple[int, int]

    @property
    def weight(self) -> Array:
        """The codes with the scale in them, as an ordinary convolution has them."""
        return self.codes * self.scale.reshape(-1, 1, 1, 1)


def layers(codes: Sequence[Array], stride: int = 1) -> list[Layer]:
    """Give weights the scale and bias, one a filter, that keep activations near unit variance.

    This is what a folded BatchNormalization is. Inputs of the first layer are standard normal.
    """
    made = []
    for number, weight in enumerate(codes):
        weight = weight.astype(np.float32)
        squares = np.maximum((weight.astype(np.float64) ** 2).sum((1, 2, 3)), 1e-12)
        scale = 1 / np.sqrt(squares * (RECTIFIED_VARIANCE if number else 1.0))
        mean = RECTIFIED_MEAN if number else 0.0
        bias = -mean * scale * weight.sum((1, 2, 3), dtype=np.float64)
        padding = (weight.shape[2] // 2, weight.shape[3] // 2)
        made.append(
            Layer(weight, scale.astype(np.float32), bias.astype(np.float32), stride, padding)
        )
    return made


def subject(
    name: str, chain: Sequence[Layer], height: int, width: int, activations: str = "fp32"
) -> Subject:
    """Make the chain as plain ONNX bytes and, in fp32 where PyTorch is installed, as a module."""
    return Subject.of_onnx(_onnx(chain, height, width), name, _module(chain))


def _onnx(chain: Sequence[Layer], height: int, width: int) -> bytes:
    from onnx import TensorProto, helper, numpy_helper

    nodes, constants, value = [], [], "input"
    for number, layer in enumerate(chain):
        weight, bias = f"weight_{number}", f"bias_{number}"
        constants.append(numpy_helper.from_array(layer.weight, weight))
        constants.append(numpy_helper.from_array(layer.bias, bias))
        convolved, rectified = f"conv_{number}", f"relu_{number}"
        attributes: dict[str, Any] = {
            "strides": [layer.stride] * 2,
            "pads": [*layer.padding, *layer.padding],
        }
        nodes.append(helper.make_node("Conv", [value, weight, bias], [convolved], **attributes))
        nodes.append(helper.make_node("Relu", [convolved], [rectified]))
        value = rectified
    shape = ["batch", chain[0].codes.shape[1], height, width]
    inputs = [helper.make_tensor_value_info("input", TensorProto.FLOAT, shape)]
    outputs = [helper.make_tensor_value_info(value, TensorProto.FLOAT, ["batch", None, None, None])]
    graph = helper.make_graph(nodes, "chain", inputs, outputs, constants)
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 18)], ir_version=8)
    data: bytes = model.SerializeToString()
    return data


def _module(chain: Sequence[Layer]) -> Any:
    from importlib.util import find_spec

    if find_spec("torch") is None:
        return None
    torch = require("torch", "train")
    steps = []
    for layer in chain:
        filters, channels, *kernel = layer.codes.shape
        conv = torch.nn.Conv2d(channels, filters, kernel, layer.stride, layer.padding)
        conv.weight.data = torch.from_numpy(layer.weight)
        conv.bias.data = torch.from_numpy(layer.bias)
        steps += [conv, torch.nn.ReLU()]
    return torch.nn.Sequential(*steps).eval().requires_grad_(False)
