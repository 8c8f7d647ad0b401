"""A chain of equal convolutions, each with ReLU: what a layer takes once layouts have settled."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from plumline._extras import require
from plumline.bench.networks.graph import Graph
from plumline.bench.subject import Subject

Array = NDArray[np.float32]

STEP = np.float32(4 / 255)
"""Of 8-bit activations: standard normal ones are hardly ever above 4."""
ZERO = np.uint8(0)


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

    @property
    def attributes(self) -> dict[str, list[int]]:
        """Those of an ONNX Conv."""
        return {"strides": [self.stride] * 2, "pads": [*self.padding, *self.padding]}


def layers(
    codes: Sequence[Array], stride: int, image: tuple[int, int], *, rectified: bool = False
) -> list[Layer]:
    """Give weights the scale and bias, one a filter, that a folded BatchNormalization would be.

    They make a filter's outputs of mean 0 and variance 1 before ReLU, where inputs of the chain are
    standard normal; negative ones count as zero where they are ``rectified``.
    """
    x = np.random.default_rng(0).standard_normal((codes[0].shape[1], *image), dtype=np.float32)
    x = np.maximum(x, 0) if rectified else x
    made = []
    for weight in codes:
        padding = (weight.shape[2] // 2, weight.shape[3] // 2)
        y = _convolve(x, weight, stride, padding)
        scale = 1 / np.maximum(y.std((1, 2), dtype=np.float64), 1e-6)
        bias = -scale * y.mean((1, 2), dtype=np.float64)
        layer = Layer(weight, scale.astype(np.float32), bias.astype(np.float32), stride, padding)
        x = np.maximum(y * _by_filter(layer.scale) + _by_filter(layer.bias), 0)
        made.append(layer)
    return made


def _convolve(x: Array, weight: Array, stride: int, padding: tuple[int, int]) -> Array:
    """Convolve one image (C, H, W)."""
    padded = np.pad(x, ((0, 0), *((amount, amount) for amount in padding)))
    windows = np.lib.stride_tricks.sliding_window_view(padded, weight.shape[2:], (1, 2))
    y: Array = np.tensordot(weight, windows[:, ::stride, ::stride], ((1, 2, 3), (0, 3, 4)))
    return y


def _by_filter(numbers: Array) -> Array:
    return numbers.reshape(-1, 1, 1)


def fp32(name: str, codes: Sequence[Array], stride: int, image: tuple[int, int]) -> Subject:
    """Make the chain as plain ONNX bytes and, where PyTorch is installed, as a module."""
    chain = layers(codes, stride, image)
    graph = Graph()
    value = "input"
    for layer in chain:
        value = graph.add("Conv", value, layer.weight, layer.bias, **layer.attributes)
        value = graph.add("Relu", value)
    data = graph.model(value, (codes[0].shape[1], *image))
    return Subject.of_onnx(data, name, _module(chain))


def int8(name: str, codes: Sequence[Array], stride: int, image: tuple[int, int]) -> Subject:
    """Make the chain as ONNX bytes with 8-bit activations, in QuantizeLinear/DequantizeLinear form.

    Activations are uint8 with one scale and zero point 0, so that the first quantization makes
    negative inputs zero; weights are int8 with a scale a filter, biases int32.
    """
    graph = Graph()
    value = graph.add("QuantizeLinear", "input", STEP, ZERO)
    for layer in layers(codes, stride, image, rectified=True):
        whole, scale = whole_numbers(layer)
        bias = np.rint(layer.bias / (scale * STEP)).astype(np.int32)
        inputs = (
            graph.add("DequantizeLinear", value, STEP, ZERO),
            graph.add("DequantizeLinear", whole, scale, np.zeros(len(whole), np.int8), axis=0),
            graph.add("DequantizeLinear", bias, scale * STEP, np.zeros_like(bias), axis=0),
        )
        value = graph.add("Relu", graph.add("Conv", *inputs, **layer.attributes))
        value = graph.add("QuantizeLinear", value, STEP, ZERO)
    value = graph.add("DequantizeLinear", value, STEP, ZERO)
    return Subject.of_onnx(graph.model(value, (codes[0].shape[1], *image)), name)


def whole_numbers(layer: Layer) -> tuple[NDArray[np.int8], Array]:
    """Return int8 weights and their scale a filter; where all have one size they are -1, 0, 1."""
    sizes = np.abs(layer.codes)
    largest = np.maximum(sizes.max((1, 2, 3), keepdims=True), np.float32(1e-12))
    steps = 1 if np.isin(sizes / largest, (0, 1)).all() else 127
    whole = np.rint(layer.codes / largest * steps).astype(np.int8)
    return whole, layer.scale * largest.reshape(-1) / np.float32(steps)


MAKERS = {"fp32": fp32, "int8": int8}
"""By the kind of activations."""


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
