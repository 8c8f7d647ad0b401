"""A small program with every kind of tensor in it."""

import numpy as np
import onnx
import onnx.parser
import pytest

from plumline.compiler import compile_artifact

TEXT = """<ir_version: 8, opset_import: ["" : 17]>
agraph (float[N,3,6,6] x) => (float[N,5] y) {
    a = Conv <pads = [1,1,1,1]> (x, planes) b = Relu(a)
    c = Conv <pads = [1,1,1,1], group = 2> (b, sparse) d = PRelu(c, slope) e = Add(d, b)
    f = Mul(e, map) g = GlobalAveragePool(f) h = Flatten(g)
    y = Gemm <transB = 1> (h, dense, bias)
}"""


@pytest.fixture(scope="session")
def model():
    random = np.random.default_rng(0)
    noise = random.standard_normal
    sparse = noise((4, 2, 3, 3))
    arrays = {
        "planes": np.where(
            np.arange(4).reshape(-1, 1, 1, 1) % 2, np.sign(noise((4, 3, 3, 3))), 0.5
        ),
        "sparse": sparse * (np.abs(sparse) > 1.5),
        "slope": noise((4, 1, 1)),
        "map": noise((1, 4, 6, 6)),
        "dense": noise((5, 4)),
        "bias": noise(5),
    }
    proto = onnx.parser.parse_model(TEXT)
    for name, array in arrays.items():
        proto.graph.initializer.append(onnx.numpy_helper.from_array(array.astype(np.float32), name))
    proto.metadata_props.add(key="plumline.dataset", value="digits")
    return proto


@pytest.fixture(scope="session")
def artifact(model):
    artifact = compile_artifact(model)
    forms = {node.attributes.get("weights") for node in artifact.nodes}
    assert forms >= {"planes", "sparse", "dense"}
    return artifact


@pytest.fixture
def x():
    return np.random.default_rng(1).standard_normal((2, 3, 6, 6)).astype(np.float32)
