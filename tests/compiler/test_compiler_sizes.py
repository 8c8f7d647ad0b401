"""Sizes known only at run time: their arithmetic, and networks that compute with them."""

import numpy as np
import onnx.parser
import pytest

from plumline.compiler import compile, compile_artifact
from plumline.compiler.dims import evaluate, product, symbol
from plumline.errors import InputError, UnsupportedOperatorError

N, H = symbol("N"), symbol("H")


@pytest.mark.parametrize(
    ("size", "text"),
    [
        (N + 0, "N"),
        (N + N, "2*N"),
        (N * 4 * H, "4*H*N"),
        (H + 2 - 1, "H + 1"),
        (3 - H, "-1*H + 3"),
        ((N * 12) // 4, "3*N"),
        ((N * H * 6) // (N * 2), "3*H"),
        ((H - 1) // 2 + 1, "((H - 1)//(2)) + 1"),
    ],
)
def test_text_of_a_size(size, text):
    assert str(size) == text


@pytest.mark.parametrize("size", [N - N, N // N, (N + H) // (H + N), product([N, 4]) // N - 3])
def test_names_that_cancel_leave_a_number(size):
    assert isinstance(size, int)


def test_evaluate():
    assert evaluate(N * H + 1, {"N": 2, "H": 5}) == 11
    assert evaluate(N * H, {"N": 2}) is None
    assert evaluate(7, {}) == 7


def model(text):
    return onnx.parser.parse_model('<ir_version: 8, opset_import: ["" : 17]> agraph ' + text)


VIEWS = {
    "batch and the rest": """
        s = Shape(x) n = Gather(s, i0) u = Unsqueeze(n, a0)
        t = Concat <axis=0> (u, minus) y = Reshape(x, t)""",
    "batch and a product of sizes": """
        s = Shape(x) n = Slice(s, a0, a1) c = Gather(s, a1) h = Gather(s, a2) w = Gather(s, a3)
        p = Mul(c, h) q = Mul(p, w) t = Concat <axis=0> (n, q) y = Reshape(x, t)""",
    "the product of all over the rest": """
        s = Size(x) k = Constant <value_int = 24> () n = Div(s, k) u = Unsqueeze(n, a0)
        k1 = Constant <value_ints = [24]> () t = Concat <axis=0> (u, k1) y = Reshape(x, t)""",
    "part of the shape": """
        n = Shape <start=0, end=1> (x) c = Cast <to=7> (n)
        t = Concat <axis=0> (c, minus) y = Reshape(x, t)""",
    "batch times something first": """
        s = Shape(x) n = Gather(s, a0) k = Constant <value_ints = [4]> () m = Mul(n, k)
        t = Concat <axis=0> (m, minus) z = Reshape(x, t)
        b = Concat <axis=0> (n, minus) y = Reshape(z, b)""",
}
INDICES = (
    "int64 i0 = {0}, int64[1] a0 = {0}, int64[1] a1 = {1}, int64[1] a2 = {2}, int64[1] a3 "
    "= {3}, int64[1] minus = {-1}"
)


@pytest.mark.parametrize("view", VIEWS)
def test_reshape_by_sizes_of_the_input(view, engine):
    proto = model(f"(float[N,2,3,4] x) => (float[N,24] y) <{INDICES}> {{ {VIEWS[view]} }}")
    program = compile(proto)
    assert program.outputs[0].shape == ("N", 24)
    for batch in (1, 5):
        x = np.arange(24 * batch, dtype=np.float32).reshape(batch, 2, 3, 4)
        np.testing.assert_array_equal(program(x), x.reshape(batch, 24))


def test_the_image_size_may_be_open_too(engine):
    proto = model(
        "(float[N,2,H,W] x, float[1,2,3,3] k) => (float[N,1,?,?] y) { a = Conv <strides=[2,2]> "
        "(x, k) y = Relu(a) }"
    )
    program = compile(proto, constants={"k": np.ones((1, 2, 3, 3), np.float32)})
    assert program.outputs[0].shape[0] == "N"
    assert program.plan()[0].dense_operations is None
    for size in (5, 8):
        assert program(np.ones((1, 2, size, size + 2), np.float32)).max() == 18


def test_slicing_up_to_an_open_size(engine):
    text = "s = Shape(x) n = Slice(s, a0, a1) y = Slice(x, a0, n, a0)"
    program = compile(model(f"(float[N,2] x) => (float[N,2] y) <{INDICES}> {{ {text} }}"))
    x = np.ones((3, 2), np.float32)
    np.testing.assert_array_equal(program(x), x)


def test_softmax_over_all_axes_from_one_on_as_before_opset_13(engine):
    proto = onnx.parser.parse_model(
        '<ir_version: 6, opset_import: ["" : 11]> agraph '
        "(float[N,2,3] x) => (float[N,2,3] y) { y = Softmax <axis=1> (x) }"
    )
    y = compile(proto)(np.ones((4, 2, 3), np.float32))
    np.testing.assert_allclose(y, np.full((4, 2, 3), 1 / 6), rtol=1e-6)


def test_shapes_fix_a_size_everywhere():
    proto = model("(float[N,3] x, float[N,3] z) => (float[N,3] y) { y = Add(x, z) }")
    artifact = compile_artifact(proto, shapes={"x": (2, 3)})
    assert [port.shape for port in (*artifact.inputs, *artifact.outputs)] == [(2, 3)] * 3


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"shapes": {"z": (1, 3)}}, "not an input"),
        ({"shapes": {"x": (1, 3, 2)}}, "3 axes"),
        ({"shapes": {"x": (1, 4)}}, "it is 3"),
        ({"shapes": {"x": (0, 3)}}, "from 1"),
        ({"shapes": {"x": (-1, 3)}}, "from 1"),
        ({"constants": {"z": 1}}, "not an input"),
    ],
)
def test_wrong_arguments(arguments, message):
    proto = model("(float[N,3] x) => (float[N,3] y) { y = Relu(x) }")
    with pytest.raises(InputError, match=message):
        compile_artifact(proto, **arguments)


def test_two_sizes_cannot_be_inferred():
    text = "s = Shape(x) t = Gather(s, p) y = Reshape(x, t)"
    proto = model(f"(float[N,H,2] x) => (float[a,b,c] y) <int64[3] p = {{1, 0, 2}}> {{ {text} }}")
    with pytest.raises(UnsupportedOperatorError, match=r"fix them with shapes="):
        compile_artifact(proto)
    assert compile_artifact(proto, shapes={"x": (2, 3, 2)}).outputs[0].shape == (3, 2, 2)
