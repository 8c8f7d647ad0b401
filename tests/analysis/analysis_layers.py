"""Small random layers of every kind of weights, what they compute, and a model checked on one."""

from itertools import product

import numpy as np
from numpy.typing import NDArray

from plumline.analysis import ExecutionModel, Layer
from plumline.analysis.execution import parse
from plumline.analysis.sources.program import output_sizes

VALUES = {
    "signed-binary": ((0.0, 1.0), (0.0, -1.0)),
    "scaled signed-binary": ((0.0, 0.25), (0.0, -3.0)),
    "binary": ((-1.0, 1.0),),
    "scaled binary": ((-0.5, 0.5), (-2.0, 2.0)),
    "ternary": ((-1.0, 0.0, 1.0),),
    "uneven ternary": ((-2.0, 0.0, 0.5),),
    "three values": ((0.5, 1.0, -3.0), (0.0, 2.0, 4.0)),
    "some filters of zeros": ((0.0,), (0.0, 1.0)),
}
"""The value sets of filters, in turn."""

RESNET18 = (
    *[(64, 64, 56)] * 4,
    *[(128, 64, 28), (128, 128, 28), (128, 128, 28), (128, 128, 28)],
    *[(256, 128, 14), (256, 256, 14), (256, 256, 14), (256, 256, 14)],
    *[(512, 256, 7), (512, 512, 7), (512, 512, 7), (512, 512, 7)],
)
"""Filters, channels and size of the output of its 3x3 layers."""


def matrix(
    values: str, filters: int, columns: int, random: np.random.Generator
) -> NDArray[np.float32]:
    sets = VALUES[values]
    rows = [random.choice(sets[m % len(sets)], columns) for m in range(filters)]
    return np.array(rows, np.float32)


def conv_layer(values: str, seed: int) -> Layer:
    """A convolution of a random shape, some with groups, strides, dilations and padding."""
    random = np.random.default_rng(seed)
    groups = int(random.choice([1, 1, 2, 3]))
    filters, channels = groups * int(random.integers(1, 6)), int(random.integers(1, 6))
    rank = int(random.choice([1, 2, 2]))
    kernel, strides, dilations = (
        tuple(map(int, random.integers(1, top + 1, rank))) for top in (3, 2, 2)
    )
    pads = tuple(map(int, random.integers(0, 3, 2 * rank)))
    sizes = tuple(map(int, random.integers(5, 9, rank)))
    weight = matrix(values, filters, channels * int(np.prod(kernel)), random)
    return Layer(
        name="layer",
        op="conv",
        weight=weight.reshape(filters, channels, *kernel),
        groups=groups,
        input_size=(channels * groups, *sizes),
        output_size=(filters, *output_sizes(sizes, kernel, strides, dilations, pads)),
        strides=strides,
        dilations=dilations,
        pads=pads,
        form="planes",
        packed_bytes=0,
    )


def linear_layer(values: str, seed: int) -> Layer:
    """A linear layer on three rows."""
    random = np.random.default_rng(seed)
    weight = matrix(values, 7, 11, random)
    return Layer("layer", "linear", weight, 1, (3, 11), (3, 7), (), (), (), "planes", 0)


def convolve(layer: Layer, x: NDArray[np.float64]) -> NDArray[np.float64]:
    """The layer on one sample: plain loops over all places of the output and the kernel."""
    if layer.op == "linear":
        return x @ layer.weight.T.astype(np.float64)
    rank = len(layer.kernel)
    padded = np.pad(x, [(0, 0), *zip(layer.pads[:rank], layer.pads[rank:], strict=True)])
    y = np.zeros(layer.output_size)
    of_group = layer.filters // layer.groups
    for m, *place in product(*map(range, layer.output_size)):
        first = m // of_group * layer.channels
        for tap in product(*map(range, layer.kernel)):
            at = tuple(
                p * stride + t * dilation
                for p, t, stride, dilation in zip(
                    place, tap, layer.strides, layer.dilations, strict=True
                )
            )
            for c in range(layer.channels):
                y[(m, *place)] += layer.weight[(m, c, *tap)] * padded[(first + c, *at)]
    return y


def check(spec: str | ExecutionModel, layer: Layer) -> None:
    """The model's graph computes the layer, and executes what the model counts."""
    (model,) = parse([spec])
    x = np.random.default_rng(7).standard_normal(layer.input_size)
    y, counted = model.graph(layer).run(x)
    np.testing.assert_allclose(y, convolve(layer, x), rtol=1e-5, atol=1e-5)
    assert counted == model.count(layer)
