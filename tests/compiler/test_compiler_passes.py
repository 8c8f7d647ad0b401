"""Each rewrite on a tiny network: the steps that are left, and the same answers as before."""

import numpy as np
import onnx.parser
import pytest

from plumline.compiler import compile, compile_artifact
from plumline.compiler.assemble import assemble
from plumline.compiler.frontend import load
from plumline.compiler.lowering import lower
from plumline.compiler.plan import run as pack_weights
from plumline.runtime import Program

HEADER = '<ir_version: 8, opset_import: ["" : 17]>\n'


def model(text, **initializers):
    """Parse ``x -> nodes -> y`` with constants given as arrays."""
    proto = onnx.parser.parse_model(HEADER + "agraph " + text)
    for name, array in initializers.items():
        proto.graph.initializer.append(
            onnx.numpy_helper.from_array(np.asarray(array, np.float32), name)
        )
    return proto


def steps(proto):
    return [node.op for node in compile_artifact(proto).nodes]


def unrewritten(proto):
    graph = lower(load(proto))
    pack_weights(graph)
    return Program(assemble(graph))


def noise(*shape):
    return np.random.default_rng(3).standard_normal(shape).astype(np.float32)


W = noise(4, 3, 3, 3)
C = noise(4)
CHANNEL = noise(4, 1, 1)
VARIANCE = np.array([0.5, 1, 2, 3])
X4 = "(float[N,3,6,6] x) => (float[N,4,?,?] y)"
X2 = "(float[N,3] x) => (float[N,4] y)"
SAME = "(float[N,4,6,6] x) => (float[N,4,6,6] y)"
W1 = noise(4, 4, 1, 1)
LINEAR = ["flatten", "linear", "unsqueeze"]

CASES = {
    "BatchNormalization goes into a convolution": (
        X4 + "{ a = Conv(x, w) y = BatchNormalization(a, s, b, m, v) }",
        {"w": W, "s": C, "b": C, "m": C, "v": VARIANCE},
        ["conv"],
    ),
    "a bias and a scale a channel go into a convolution": (
        X4 + "{ a = Conv(x, w) b = Add(a, c) d = Mul(c, b) e = Sub(d, c) f = Sub(c, e) y = "
        "Div(f, c) }",
        {"w": W, "c": CHANNEL},
        ["conv"],
    ),
    "channel constants alone are an affine step": (
        SAME + "{ a = Mul(x, c) b = Add(a, c) y = Relu(b) }",
        {"c": CHANNEL},
        ["affine"],
    ),
    "a number divided by the input is not": (SAME + "{ y = Div(c, x) }", {"c": 2.0}, ["div"]),
    "a constant of the input's full shape is not": (
        SAME + "{ y = Add(c, x) }",
        {"c": noise(1, 4, 6, 6)},
        ["add"],
    ),
    "a constant that widens the input is not": (
        "(float[N,1,6,6] x) => (float[N,4,6,6] y) { y = Add(c, x) }",
        {"c": CHANNEL},
        ["add"],
    ),
    "a bias goes into a matrix product": (
        "(float[N,5,3] x) => (float[N,5,4] y) { a = MatMul(x, w) b = Add(a, c) y = Relu(b) }",
        {"w": noise(3, 4), "c": C},
        ["linear"],
    ),
    "Gemm takes its bias": (
        X2 + "{ y = Gemm <transB = 1, alpha = 0.5, beta = 2.0> (x, w, c) }",
        {"w": noise(4, 3), "c": C},
        ["linear"],
    ),
    "a bias of the batch axis does not go into Gemm": (
        "(float[2,3] x) => (float[2,4] y) { y = Gemm <transB = 1> (x, w, c) }",
        {"w": noise(4, 3), "c": noise(2, 1)},
        ["linear", "add"],
    ),
    "an activation function": (X4 + "{ a = Conv(x, w) y = LeakyRelu(a) }", {"w": W}, ["conv"]),
    "slopes a channel": (
        X4 + "{ a = Conv(x, w) y = PRelu(a, c) }",
        {"w": W, "c": CHANNEL},
        ["conv"],
    ),
    "slopes along another axis stay": (
        "(float[N,4,6,6] x) => (float[N,4,6,6] y) { a = Conv(x, w) y = PRelu(a, c) }",
        {"w": W1, "c": noise(6)},
        ["conv", "prelu"],
    ),
    "only one activation function": (
        X4 + "{ a = Conv(x, w) b = Relu(a) y = Tanh(b) }",
        {"w": W},
        ["conv", "tanh"],
    ),
    "not what another step reads too": (
        X4 + "{ a = Conv(x, w) b = Relu(a) y = Mul(a, b) }",
        {"w": W},
        ["conv", "relu", "mul"],
    ),
    "a residual branch, then the activation": (
        SAME + "{ a = Conv(x, w) b = BatchNormalization(a, s, s, s, v) c = Add(b, x) y = Relu(c) }",
        {"w": W1, "s": C, "v": VARIANCE},
        ["conv"],
    ),
    "a residual that is ready only after the convolution": (
        SAME + "{ a = Conv(x, w) b = Sigmoid(x) c = Tanh(b) y = Add(a, c) }",
        {"w": W1},
        ["sigmoid", "tanh", "conv"],
    ),
    "two convolutions are added by the later one": (
        SAME + "{ a = Conv(x, w) b = Conv(x, w) c = Add(a, b) y = Relu(c) }",
        {"w": W1},
        ["conv", "conv"],
    ),
    "a chain of residual branches": (
        SAME + "{ a = Conv(x, w) b = Conv(x, w) c = Add(a, b) d = Conv(c, w) e = Add(c, d) y = "
        "Add(e, x) }",
        {"w": W1},
        ["conv", "conv", "conv", "add"],
    ),
    "a shift after a residual branch, then the activation": (
        SAME + "{ a = Conv(x, w) b = Add(a, x) d = Sub(b, c) y = PRelu(d, c) }",
        {"w": W1, "c": CHANNEL},
        ["conv"],
    ),
    "a scale after a residual branch stays": (
        SAME + "{ a = Conv(x, w) b = Add(a, x) y = Mul(b, c) }",
        {"w": W1, "c": CHANNEL},
        ["conv", "affine"],
    ),
    "a shift along another axis stays": (
        "(float[N,4,4] x) => (float[N,4,4] y) { a = MatMul(x, w) b = Add(a, x) y = Add(b, c) }",
        {"w": noise(4, 4), "c": noise(4, 1)},
        ["linear", "affine"],
    ),
    "a shift that is read as a residual and scaled": (
        SAME + "{ p = Tanh(x) a = Add(p, c) b = Mul(a, c) d = Conv(b, w) y = Add(d, a) }",
        {"w": W1, "c": CHANNEL},
        ["tanh", "affine", "conv"],
    ),
    "the shifts of PLUM's block": (
        SAME + "{ p = Tanh(x) a = Add(p, c) b = Clip(a, l, h) d = Conv(b, w) e = Add(d, p) "
        "f = Add(e, c) g = PRelu(f, c) o = Add(g, c) q = Add(o, c) r = Clip(q, l, h) "
        "s = Conv(r, w) t = Add(s, o) u = Add(t, c) v = PRelu(u, c) y = Add(v, c) }",
        {"w": W1, "c": CHANNEL, "l": -1.0, "h": 1.0},
        ["tanh", "affine", "conv", "affine", "conv", "affine"],
    ),
    "a shift that a convolution reads stays": (
        SAME + "{ p = Tanh(x) a = Add(p, c) d = Conv(a, w) y = Add(d, a) }",
        {"w": W1, "c": CHANNEL},
        ["tanh", "affine", "conv"],
    ),
    "a shift that is an output stays": (
        "(float[N,4,6,6] x) => (float[N,4,6,6] y, float[N,4,6,6] a) { p = Tanh(x) a = Add(p, c) "
        "d = Conv(x, w) y = Add(d, a) }",
        {"w": W1, "c": CHANNEL},
        ["tanh", "affine", "conv"],
    ),
    "a shift of what another step reads too stays": (
        SAME + "{ a = Conv(x, w) b = Add(a, x) d = Add(b, c) y = Mul(b, d) }",
        {"w": W1, "c": CHANNEL},
        ["conv", "affine", "mul"],
    ),
    "a shift of an output stays": (
        "(float[N,4,6,6] x) => (float[N,4,6,6] y, float[N,4,6,6] b) { a = Conv(x, w) "
        "b = Add(a, x) y = Add(b, c) }",
        {"w": W1, "c": CHANNEL},
        ["conv", "affine"],
    ),
    "two shifts of one value, one of them read as a residual": (
        SAME + "{ a = Conv(x, w) b = Add(a, x) d = Add(b, c) e = Conv(x, w) f = Add(e, d) "
        "g = Add(b, c) y = Mul(f, g) }",
        {"w": W1, "c": CHANNEL},
        ["conv", "conv", "affine", "mul"],
    ),
    "a shift that leaves the numbers stays": (
        SAME + "{ a = Conv(x, w, b) d = Add(a, x) y = Add(d, b4) }",
        {"w": W1, "b": np.full(4, 3e38), "b4": np.full((4, 1, 1), 3e38)},
        ["conv", "affine"],
    ),
    "a residual that would be broadcast stays": (
        "(float[N,4,6,6] x, float[N,4,1,1] z) => (float[N,4,6,6] y) { a = Conv(x, w) y = Add(a, "
        "z) }",
        {"w": W1},
        ["conv", "add"],
    ),
    "a value added to itself": (
        SAME + "{ a = Conv(x, w) y = Add(a, a) }",
        {"w": W1},
        ["conv", "add"],
    ),
    "padding goes into a convolution": (
        X4 + "{ p = Constant <value_ints = [0,0,1,2,0,0,3,0]> () a = Pad(x, p) y = Conv <pads = "
        "[1,0,0,1]> (a, w) }",
        {"w": W},
        ["conv"],
    ),
    "padding of another value does not": (
        X4 + "{ p = Constant <value_ints = [0,0,1,1,0,0,1,1]> () a = Pad(x, p, one) y = Conv(a, "
        "w) }",
        {"w": W, "one": 1.0},
        ["pad", "conv"],
    ),
    "padding of channels does not": (
        "(float[N,2,6,6] x) => (float[N,4,4,4] y) { p = Constant <value_ints = "
        "[0,1,0,0,0,0,0,0]> () a = Pad(x, p) y = Conv(a, w) }",
        {"w": W},
        ["pad", "conv"],
    ),
    "padding goes into an average": (
        SAME + "{ p = Constant <value_ints = [0,0,1,1,0,0,1,1]> () a = Pad(x, p) y = "
        "AveragePool <kernel_shape = [3,3]> (a) }",
        {},
        ["average_pool"],
    ),
    "padding does not go into an average that leaves its own padding out": (
        "(float[N,4,6,6] x) => (float[N,4,8,8] y) { p = Constant <value_ints = "
        "[0,0,1,1,0,0,1,1]> () a = Pad(x, p) "
        "y = AveragePool <kernel_shape = [3,3], pads = [1,1,1,1]> (a) }",
        {},
        ["pad", "average_pool"],
    ),
    "padding does not go into a maximum": (
        SAME + "{ p = Constant <value_ints = [0,0,1,1,0,0,1,1]> () a = Pad(x, p) y = MaxPool "
        "<kernel_shape = [3,3]> (a) }",
        {},
        ["pad", "max_pool"],
    ),
    "hard-swish of a hard-sigmoid": (
        X4 + "{ a = Conv(x, w) g = HardSigmoid <alpha = 0.16666667, beta = 0.5> (a) y = Mul(a, "
        "g) }",
        {"w": W},
        ["conv", "hard_swish"],
    ),
    "hard-swish spelled out": (
        SAME + "{ a = Add(x, three) b = Clip(a, zero, six) c = Mul(b, x) y = Div(c, six) }",
        {"three": 3.0, "zero": 0.0, "six": 6.0},
        ["hard_swish"],
    ),
    "hard-sigmoid spelled out": (
        SAME + "{ a = Add(x, three) b = Clip(a, zero, six) y = Div(b, six) }",
        {"three": 3.0, "zero": 0.0, "six": 6.0},
        ["hard_sigmoid"],
    ),
    "ReLU6": (
        X4 + "{ a = Conv(x, w) y = Clip(a, zero, six) }",
        {"w": W, "zero": 0.0, "six": 6.0},
        ["conv"],
    ),
    "a clip from zero on is a ReLU": (SAME + "{ y = Clip(x, zero) }", {"zero": 0.0}, ["relu"]),
    "Identity, Dropout and Cast vanish": (
        SAME + "{ a = Identity(x) b = Dropout(a) c = Cast <to = 1> (b) y = Relu(c) }",
        {},
        ["relu"],
    ),
    "what nobody reads vanishes": (
        SAME + "{ a = Sigmoid(x) b = Tanh(a) y = Relu(x) }",
        {},
        ["relu"],
    ),
    "what nobody reads need not be known": (
        SAME + "{ a = Sin(x) b, m = TopK(a, k) y = Relu(x) }",
        {"k": 1},
        ["relu"],
    ),
    "a number alone keeps its shape": (
        "(float x) => (float[1] y) { a = Add(x, three) b = Clip(a, zero, six) c = Mul(b, x) y = "
        "Div(c, six) }",
        {"three": [3.0], "zero": 0.0, "six": [6.0]},
        ["add", "clip", "mul", "div"],
    ),
    "squeeze and excitation are linear layers": (
        SAME + "{ a = GlobalAveragePool(x) b = Conv(a, w) c = Relu(b) d = Conv(c, w) e = Add(d, a) "
        "g = HardSigmoid(e) y = Mul(x, g) }",
        {"w": W1},
        ["reduce_mean", *LINEAR, "flatten", *LINEAR, "mul"],
    ),
    "a kernel as large as the input is a linear layer": (
        "(float[N,3,5,4] x) => (float[N,4,1,1] y) { a = Conv(x, w) y = PRelu(a, c) }",
        {"w": noise(4, 3, 5, 4), "c": CHANNEL},
        LINEAR,
    ),
    "taps that meet only padding are left out": (
        "(float[N,3,2,1] x) => (float[N,4,1,1] y) { y = Conv <pads = [1,2,1,2], strides = [2,3], "
        "dilations = [1,2]> (x, w) }",
        {"w": W},
        LINEAR,
    ),
    "in one dimension too": (
        "(float[N,3,4] x) => (float[N,2,1] y) { y = Conv(x, w) }",
        {"w": noise(2, 3, 4)},
        LINEAR,
    ),
    "not when groups part the channels": (
        "(float[N,4,1,1] x) => (float[N,4,1,1] y) { y = Conv <group = 2> (x, w) }",
        {"w": noise(4, 2, 1, 1)},
        ["conv"],
    ),
    "not when a place of the input is passed over": (
        "(float[N,3,3] x) => (float[N,4,1] y) { y = Conv <dilations = [2]> (x, w) }",
        {"w": noise(4, 3, 2)},
        ["conv"],
    ),
    "not when there are several windows": (
        "(float[N,3,1,1] x) => (float[N,4,3,3] y) { y = Conv <pads = [1,1,1,1]> (x, w) }",
        {"w": noise(4, 3, 1, 1)},
        ["conv"],
    ),
    "the average of one window is a mean": (
        "(float[N,4,6,6] x) => (float[N,4,1,1] y) { y = AveragePool <kernel_shape = [6,6], "
        "strides = [6,6]> (x) }",
        {},
        ["reduce_mean"],
    ),
    "a place of an axis": (
        "(float[N,3,4] x) => (float[N,4] y) { i = Constant <value_int = -1> () y = Gather "
        "<axis = 1> (x, i) }",
        {},
        ["slice", "squeeze"],
    ),
    "places of an axis, one slice for each run": (
        "(float[N,5,4] x) => (float[N,2,3,4] y) { i = Constant <value_ints = [3,4,0,1,2,-1]> () "
        "s = Constant <value_ints = [2,3]> () j = Reshape(i, s) y = Gather <axis = 1> (x, j) }",
        {},
        ["slice", "slice", "slice", "concat", "reshape"],
    ),
    "the last place of an axis of any size": (
        "(float[N,3] x) => (float[3] y) { i = Constant <value_int = -1> () y = Gather(x, i) }",
        {},
        ["slice", "squeeze"],
    ),
    "CastLike of a constant": (
        SAME + "{ a = Cast <to = 11> (c) b = CastLike(a, x) y = Div(b, x) }",
        {"c": 2.0},
        ["div"],
    ),
    "constants are computed": (
        SAME + "{ a = Add(c, c) b = Relu(a) d = Mul(b, c) y = Conv(x, d) }",
        {"c": W1},
        ["conv"],
    ),
    "an input that is an output is copied": (SAME + "{ y = Identity(x) }", {}, ["copy"]),
}


@pytest.mark.parametrize("what", CASES)
def test_rewrite(what, engine):
    text, constants, expected = CASES[what]
    proto = model(text, **constants)
    program, plain = compile(proto), unrewritten(proto)
    assert [step.op for step in program.plan()] == expected
    inputs = {
        port.name: noise(*(2 if size == "N" else size for size in port.shape))
        for port in program.inputs
    }
    np.testing.assert_allclose(
        program.run(inputs)["y"], plain.run(inputs)["y"], rtol=1e-4, atol=1e-4
    )


def test_hard_swish_of_a_convolution_is_fused_when_the_model_says_hard_swish():
    text = X4 + "{ a = Conv(x, w) y = HardSwish(a) }"
    assert steps(model(text, w=W)) == ["conv"]


def test_a_folded_batch_normalization_leaves_a_binary_layer_binary():
    text = X4 + "{ a = Conv(x, w) y = BatchNormalization(a, s, b, m, v) }"
    proto = model(text, w=np.sign(W), s=C, b=C, m=C, v=VARIANCE)
    node = compile_artifact(proto).nodes[0]
    assert node.about["pattern"] == "{-a,+a}"
    assert node.attributes["weights"] == "planes"


def test_one_value_given_as_two_outputs(engine):
    proto = model(
        "(float[N] x) => (float[N] y, float[N] z, float[2] c) { y = Relu(x) z = Identity(y) c = "
        "Constant <value_floats = [1.0, 2.0]> () }"
    )
    results = compile(proto).run({"x": np.array([-1, 2], np.float32)})
    assert {name: list(array) for name, array in results.items()} == {
        "y": [0, 2],
        "z": [0, 2],
        "c": [1, 2],
    }
