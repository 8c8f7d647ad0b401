"""Weights that a model holds in other forms than a plain float32 tensor."""

import numpy as np
import onnx.parser
import pytest
from onnx import helper, numpy_helper

from plumline.compiler import compile, compile_artifact
from plumline.errors import InputError


def parse(text, opset=17):
    return onnx.parser.parse_model(f'<ir_version: 8, opset_import: ["" : {opset}]> agraph ' + text)


def sparse(shape, indices):
    values = numpy_helper.from_array(np.array([1, 2], np.float32), "w")
    proto = parse("(float[N,3] x) => (float[N,4] y) { y = MatMul(x, w) }")
    places = numpy_helper.from_array(np.array(indices))
    proto.graph.sparse_initializer.append(helper.make_sparse_tensor(values, places, shape))
    return proto


@pytest.mark.parametrize("indices", [[1, 6], [[0, 1], [1, 2]]])
def test_sparse_weights(indices):
    program = compile(sparse([3, 4], indices))
    np.testing.assert_array_equal(
        program(np.eye(3, dtype=np.float32)), [[0, 1, 0, 0], [0, 0, 2, 0], [0, 0, 0, 0]]
    )


def test_sparse_weights_that_are_too_large():
    with pytest.raises(InputError, match="too large"):
        compile(sparse([1 << 20, 1 << 20], [1, 6]))


@pytest.mark.parametrize("opset", [13, 21])
def test_weights_stored_as_small_integers(opset):
    proto = parse(
        "(float[N,3] x) => (float[N,2] y) <int8[3,2] q = {-1,0,1,1,0,-1}, float[2] s = {2,3}> "
        "{ w = DequantizeLinear(q, s) y = MatMul(x, w) }",
        opset,
    )
    node = compile_artifact(proto).nodes[0]
    assert node.about["pattern"] == "{-a,0,+a}"
    program = compile(proto)
    np.testing.assert_array_equal(program(np.eye(3, dtype=np.float32)), [[-2, 0], [2, 3], [0, -3]])
