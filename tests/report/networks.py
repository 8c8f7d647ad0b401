"""Small networks to report on, as ONNX models."""

from pathlib import Path
from typing import Any

import numpy as np
import onnx
import onnx.parser

from plumline import report
from plumline.report import Report

HOSTILE = '</script><img src=x onerror="window.broken=1"><b>&amp;\'\\u003c'

TEXT = """<ir_version: 8, opset_import: ["" : 17]>
agraph (float[N,3,12,12] x) => (float[N,5] y) {
    a = Conv <pads = [1,1,1,1]> (x, stem) b = Relu(a)
    c = Conv <pads = [1,1,1,1]> (b, one_sign) d = Relu(c)
    e = Conv <pads = [1,1,1,1]> (d, both_signs) f = Add(e, b) g = Relu(f)
    h = Conv (g, pointwise)
    p = GlobalAveragePool(h) q = Flatten(p)
    y = Gemm <transB = 1> (q, classifier)
}"""

FILTERS = 16


def weights() -> dict[str, np.ndarray]:
    """Float, signed-binary, ternary, a signed-binary 1x1 and float again."""
    random = np.random.default_rng(0)

    def present(shape: tuple[int, ...], density: float) -> np.ndarray:
        return (random.random(shape) < density).astype(np.float32)

    kernels = (FILTERS, FILTERS, 3, 3)
    sign = np.where(np.arange(FILTERS) < FILTERS // 2, 1, -1).reshape(-1, 1, 1, 1)
    return {
        "stem": random.standard_normal((FILTERS, 3, 3, 3)),
        "one_sign": 0.25 * sign * present(kernels, 0.35),
        "both_signs": 0.5 * random.choice((-1, 1), kernels) * present(kernels, 0.6),
        "pointwise": 0.125 * sign * present((FILTERS, FILTERS, 1, 1), 0.5),
        "classifier": random.standard_normal((5, FILTERS)),
    }


def make(arrays: dict[str, np.ndarray], text: str = TEXT) -> onnx.ModelProto:
    """Make the model of `TEXT`; its ternary convolution has a hostile name."""
    proto = onnx.parser.parse_model(text)
    for name, array in arrays.items():
        proto.graph.initializer.append(onnx.numpy_helper.from_array(array.astype(np.float32), name))
    for number, node in enumerate(proto.graph.node):
        node.name = HOSTILE if "both_signs" in node.input else f"{node.op_type.lower()}-{number}"
    return proto


def report_on_floats(folder: Path) -> Report:
    """Write the report of a network without a quantized layer."""
    random = np.random.default_rng(0)
    arrays = {name: random.standard_normal(array.shape) for name, array in weights().items()}
    onnx.save(make(arrays), folder / "float.onnx")
    return report.write(folder / "float.onnx", folder / "float.html", seconds=0.01)


def layers_of(found: Report) -> list[dict[str, Any]]:
    return [row["layer"] for row in found.data["steps"] if "layer" in row]


def kinds() -> dict[str, onnx.ModelProto]:
    """Networks of other kinds, each with weights of few values: what a page must draw as well."""
    random = np.random.default_rng(1)

    def signs(*shape: int) -> np.ndarray:
        return random.choice((-1, 0, 1), shape) * 0.5

    few = random.standard_normal((12, 8, 3, 3))
    return {
        "linear layers": make(
            {"a": signs(40, 33), "b": signs(4, 40)},
            _graph("x, a", "h", "Gemm <transB = 1>", "float[N,33] x", "float[N,4] y")
            + "r = Relu(h) y = Gemm <transB = 1> (r, b) }",
        ),
        "one axis": make(
            {"a": signs(16, 8, 5)},
            _graph("x, a", "y", "Conv", "float[N,8,20] x", "float[N,16,16] y") + "}",
        ),
        "groups": make(
            {"a": signs(16, 2, 3, 3)},
            _graph("x, a", "y", "Conv <group = 8>", "float[N,16,9,9] x", "float[N,16,7,7] y") + "}",
        ),
        "zeros": make(
            {"a": np.zeros((8, 4, 3, 3)), "b": signs(8, 8, 3, 3)},
            _graph("x, a", "h", "Conv", "float[N,4,9,9] x", "float[N,8,5,5] y")
            + "r = Relu(h) y = Conv (r, b) }",
        ),
        "sparse": make(
            {"a": few * (np.abs(few) > 1.2)},
            _graph("x, a", "y", "Conv", "float[N,8,9,9] x", "float[N,12,7,7] y") + "}",
        ),
    }


def _graph(inputs: str, output: str, node: str, source: str, target: str) -> str:
    head = '<ir_version: 8, opset_import: ["" : 17]> agraph'
    operator, _, attributes = node.partition(" ")
    return f"{head} ({source}) => ({target}) {{ {output} = {operator} {attributes} ({inputs}) "
