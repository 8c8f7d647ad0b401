"""The 3x3 convolutions of a trained network, shape by shape, with the weights they came to have."""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from plumline.compiler.patterns import classify
from plumline.errors import InputError

if TYPE_CHECKING:
    import onnx

SCHEMES = {
    "signed-binary": {"{0}", "{a}", "{0,a}"},
    "binary": {"{a}", "{-a,+a}"},
    "ternary": {"{0}", "{a}", "{0,a}", "{-a,+a}", "{-a,0,+a}"},
}
"""The value sets that a scheme's filters may have; what fits none is called ``float``."""


@dataclass(frozen=True)
class Found:
    """Layers of one shape: their weights (M, C, 3, 3), and (height, width) of the input.

    ``name`` is that of the shape.
    """

    name: str
    scheme: str
    codes: tuple[NDArray[np.float32], ...]
    stride: int
    image: tuple[int, int]


def label(path: Path) -> str:
    """Name a network by its folder, usually that of its run, and its file."""
    return f"{path.resolve().parent.name}/{path.stem}"


def read_layers(path: Path, longest: int) -> Iterator[Found]:
    """Yield the padded 3x3 convolutions of one group, one `Found` a shape and scheme.

    Layers that can stand in a chain (stride 1, as many filters as channels) come up to ``longest``
    together, in the network's order; of others the first counts.

    Raises:
        InputError: not an ONNX file, or one whose images have no fixed size.
    """
    shapes: dict[tuple[int, int, int, int, int, str], list[NDArray[np.float32]]] = {}
    for weight, stride, image in _convolutions(path):
        key = (weight.shape[1], weight.shape[0], *image, stride, _scheme(weight))
        shapes.setdefault(key, []).append(weight)
    for (channels, filters, height, width, stride, scheme), weights in shapes.items():
        chained = stride == 1 and channels == filters
        size = str(height) if height == width else f"{height}x{width}"
        name = f"{channels}@{size}" if chained else f"{channels}->{filters}@{size}/{stride}"
        codes = tuple(weights[: longest if chained else 1])
        yield Found(name, scheme, codes, stride, (height, width))


def _convolutions(path: Path) -> Iterator[tuple[NDArray[np.float32], int, tuple[int, int]]]:
    """Yield weight, stride, and (height, width) of the input."""
    import onnx

    from plumline.compiler.frontend import load

    model = load(path)
    for value in model.graph.input:
        if value.type.tensor_type.shape.dim:
            value.type.tensor_type.shape.dim[0].dim_value = 1
    graph = onnx.shape_inference.infer_shapes(model).graph
    shapes = {value.name: _sizes(value) for value in (*graph.value_info, *graph.input)}
    weights = {tensor.name: tensor for tensor in graph.initializer}
    for node in graph.node:
        options = {item.name: onnx.helper.get_attribute_value(item) for item in node.attribute}
        if node.op_type != "Conv" or node.input[1] not in weights:
            continue
        weight = onnx.numpy_helper.to_array(weights[node.input[1]])
        strides = options.get("strides", [1, 1])
        usual = options.get("group", 1) == 1 and options.get("pads") == [1, 1, 1, 1]
        usual = usual and strides[0] == strides[-1] and set(options.get("dilations", [1])) == {1}
        if weight.shape[2:] != (3, 3) or not usual:
            continue
        sizes = shapes.get(node.input[0], ())
        if len(sizes) != 4 or 0 in sizes:
            raise InputError(f"{path}: the sizes of its images are open: export it for one size")
        yield weight.astype(np.float32), strides[0], (sizes[2], sizes[3])


def _sizes(value: "onnx.ValueInfoProto") -> tuple[int, ...]:
    return tuple(dim.dim_value for dim in value.type.tensor_type.shape.dim)


def _scheme(weight: NDArray[np.float32]) -> str:
    patterns = {classify(row).name for row in weight.reshape(len(weight), -1)}
    return next((name for name, allowed in SCHEMES.items() if patterns <= allowed), "float")
