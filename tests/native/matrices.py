"""Random nodes of ``conv`` and ``linear`` in each form of weights, and their results in numpy."""

from collections.abc import Callable
from dataclasses import dataclass, field
from itertools import pairwise
from typing import Any

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float32]
Tensors = dict[str, NDArray[Any]]

FORMS = ("dense", "sparse", "binary", "signed_binary", "two_valued", "ternary", "planes")
ACTIVATIONS: dict[str, list[float]] = {
    "none": [],
    "relu": [],
    "leaky_relu": [0.1],
    "clip": [-0.5, 0.75],
    "sigmoid": [],
    "tanh": [],
    "hard_sigmoid": [0.2, 0.5],
    "hard_swish": [],
    "prelu": [],
}


def normal(rng: np.random.Generator, shape: tuple[int, ...]) -> Floats:
    """Numbers of a standard normal distribution."""
    return rng.standard_normal(shape).astype(np.float32)


def changed(array: NDArray[Any], index: int, value: int) -> NDArray[Any]:
    """A copy in which one number is another."""
    array = array.copy()
    array.reshape(-1)[index] = value
    return array


@dataclass
class Node:
    """A node, and the dense matrix that its tensors stand for."""

    op: str
    attributes: dict[str, Any]
    tensors: Tensors
    matrix: NDArray[np.float64]
    kernels: list[str] = field(default_factory=list)

    def run(
        self, native: Any, isa: str, x: Floats, residual: Floats | None = None, threads: int = 1
    ) -> Floats:
        """Run the node alone; ``kernels`` then says what ran."""
        inputs = [x] if residual is None else [x, residual]
        numbers = list(range(len(inputs)))
        graph = native.Graph(
            len(inputs) + 1,
            [(i, array.shape) for i, array in enumerate(inputs)],
            [len(inputs)],
            {},
            [(self.op, "node", numbers, [len(inputs)], self.attributes, self.tensors)],
            isa,
            threads,
        )
        (shape,) = graph.infer([array.shape for array in inputs])
        self.kernels = graph.kernels()
        y = np.full(shape, np.nan, np.float32)
        graph.run(inputs, [y])
        return y

    def finish(self, sums: NDArray[np.float64], residual: Floats | None) -> NDArray[np.float64]:
        """Add bias and residual to sums (batch, filters, ...) and apply the activation."""
        per_filter = (1, -1) + (1,) * (sums.ndim - 2)
        sums = sums + self.tensors.get("bias", np.zeros(sums.shape[1])).reshape(per_filter)
        if residual is not None:
            sums = sums + residual
        slope = self.tensors.get("slope", np.zeros(sums.shape[1])).reshape(per_filter)
        parameters = self.attributes["activation_parameters"]
        return activate(self.attributes["activation"], parameters, sums, slope)


def assert_close(node: Node, y: Floats, expected: NDArray[np.float64]) -> None:
    """Equal to within some roundings of the magnitudes that are added up, inputs being about 1."""
    magnitude = 1.0 + float(np.abs(node.matrix).sum(axis=1).max(initial=0))
    np.testing.assert_allclose(y, expected, rtol=0, atol=1e-6 * magnitude)


def activate(name: str, p: list[float], x: NDArray[np.float64], slope: Any) -> NDArray[np.float64]:
    """Apply an activation by its definition in ONNX."""
    formulas: dict[str, Callable[[], Any]] = {
        "none": lambda: x,
        "relu": lambda: np.maximum(x, 0),
        "leaky_relu": lambda: np.where(x < 0, p[0] * x, x),
        "clip": lambda: np.clip(x, p[0], p[1]),
        "sigmoid": lambda: 1 / (1 + np.exp(-x)),
        "tanh": lambda: np.tanh(x),
        "hard_sigmoid": lambda: np.clip(p[0] * x + p[1], 0, 1),
        "hard_swish": lambda: x * np.clip(x / 6 + 0.5, 0, 1),
        "prelu": lambda: np.where(x < 0, slope * x, x),
    }
    result: NDArray[np.float64] = formulas[name]()
    return result


def dense_tensors(matrix: NDArray[np.float64]) -> Tensors:
    return {"weight": matrix.astype(np.float32)}


def sparse_tensors(matrix: NDArray[np.float64]) -> Tensors:
    found = matrix != 0
    return {"bits": pack(found), "value": matrix[found].astype(np.float32)}


def pack(planes: NDArray[np.bool_]) -> NDArray[np.uint8]:
    return np.packbits(planes, axis=1, bitorder="little")


def tensors_and_matrix(
    rng: np.random.Generator, form: str, filters: int, columns: int
) -> tuple[str, Tensors, NDArray[np.float64]]:
    """Random weights in a form: its name in the contract, its tensors, the matrix they mean."""
    size = (filters, columns)

    def values(n: int = filters) -> NDArray[np.float64]:
        return rng.uniform(0.1, 1.0, n).astype(np.float32).astype(np.float64)

    if form == "dense":
        matrix = rng.standard_normal(size).astype(np.float32).astype(np.float64)
        return "dense", dense_tensors(matrix), matrix
    if form == "sparse":
        values32 = rng.standard_normal(size).astype(np.float32)
        matrix = values32.astype(np.float64) * (rng.random(size) < 0.2)
        return "sparse", sparse_tensors(matrix), matrix
    if form == "planes":  # any number of planes a filter, overlapping, with a total
        counts = rng.integers(0, 4, filters)
        starts = np.concatenate([[0], np.cumsum(counts)])
        planes = rng.random((starts[-1], columns)) < rng.random((starts[-1], 1))
        coefficient, total = values(starts[-1]), values()
        matrix = np.array(
            [
                coefficient[a:b] @ planes[a:b] + total[m] * np.ones(columns)
                for m, (a, b) in enumerate(pairwise(starts))
            ]
        )
        extra = {"row_start": starts.astype(np.int32)}
    elif form == "ternary":
        sign = rng.choice([-1, 0, 1], size, p=[0.25, 0.5, 0.25])
        a, b = values(), values()
        planes = np.stack([sign > 0, sign < 0], axis=1).reshape(-1, columns)
        coefficient, total = np.stack([b, -a], axis=1).reshape(-1), np.zeros(filters)
        matrix = b[:, None] * (sign > 0) - a[:, None] * (sign < 0)
        extra = {"row_start": np.arange(0, 2 * filters + 1, 2, dtype=np.int32)}
    else:  # one plane: low where a bit is 0, high where it is 1
        planes = rng.random(size) < (0.35 if form == "signed_binary" else 0.5)
        high = values() * rng.choice([-1, 1], filters)
        low = {"binary": -high, "signed_binary": 0 * high, "two_valued": values()}[form]
        coefficient, total = high - low, low
        matrix = np.where(planes, high[:, None], low[:, None])
        extra = {}
    tensors: Tensors = {
        "bits": pack(planes),
        "coefficient": coefficient.astype(np.float32),
        **extra,
    }
    if np.any(total):
        tensors["total_coefficient"] = total.astype(np.float32)
    return "planes", tensors, matrix


def finishing(
    rng: np.random.Generator, filters: int, activation: str
) -> tuple[dict[str, Any], Tensors]:
    """Attributes and tensors of a random bias and the given activation."""
    tensors: Tensors = {}
    if rng.random() < 0.7:
        tensors["bias"] = rng.standard_normal(filters).astype(np.float32)
    if activation == "prelu":
        tensors["slope"] = rng.random(filters).astype(np.float32)
    parameters = ACTIVATIONS[activation]
    return {"activation": activation, "activation_parameters": parameters}, tensors


def random_activation(rng: np.random.Generator) -> str:
    return str(rng.choice(list(ACTIVATIONS)))


def linear_node(
    rng: np.random.Generator, form: str, filters: int, columns: int, activation: str = "none"
) -> Node:
    weights, tensors, matrix = tensors_and_matrix(rng, form, filters, columns)
    attributes, more = finishing(rng, filters, activation)
    attributes |= {"filters": filters, "columns": columns, "weights": weights}
    return Node("linear", attributes, tensors | more, matrix)


def conv_node(
    rng: np.random.Generator,
    form: str,
    filters: int,
    channels: int,
    kernel: list[int],
    *,
    groups: int = 1,
    strides: list[int] | None = None,
    dilations: list[int] | None = None,
    pads: list[int] | None = None,
    activation: str = "none",
) -> Node:
    """``channels`` counts those of one group."""
    columns = channels * int(np.prod(kernel))
    weights, tensors, matrix = tensors_and_matrix(rng, form, filters, columns)
    attributes, more = finishing(rng, filters, activation)
    axes = len(kernel)
    attributes |= {
        "kernel": kernel,
        "strides": strides or [1] * axes,
        "dilations": dilations or [1] * axes,
        "pads": pads or [0] * (2 * axes),
        "groups": groups,
        "filters": filters,
        "columns": columns,
        "weights": weights,
    }
    return Node("conv", attributes, tensors | more, matrix)


def convolve(node: Node, x: Floats) -> NDArray[np.float64]:
    """The sums of a convolution, (batch, filters, spatial...), window by window."""
    a = node.attributes
    kernel, strides, dilations, groups = a["kernel"], a["strides"], a["dilations"], a["groups"]
    axes = len(kernel)
    pads = list(zip(a["pads"][:axes], a["pads"][axes:], strict=True))
    x64 = np.pad(x.astype(np.float64), [(0, 0), (0, 0), *pads])
    extents = [(k - 1) * d + 1 for k, d in zip(kernel, dilations, strict=True)]
    out = [(n - e) // s + 1 for n, e, s in zip(x64.shape[2:], extents, strides, strict=True)]
    filters, channels = len(node.matrix) // groups, x.shape[1] // groups
    y = np.empty((x.shape[0], len(node.matrix), *out))
    for place in np.ndindex(*out):
        reach = [
            slice(p * s, p * s + e, d)
            for p, s, e, d in zip(place, strides, extents, dilations, strict=True)
        ]
        read = (slice(None), slice(None), *reach)
        window = x64[read]
        for g in range(groups):
            columns = window[:, g * channels : (g + 1) * channels].reshape(x.shape[0], -1)
            rows = slice(g * filters, (g + 1) * filters)
            written = (slice(None), rows, *place)
            y[written] = columns @ node.matrix[rows].T
    return y
