"""Between float32 and 8-bit codes: QuantizeLinear, DequantizeLinear and their sum, to the bit."""

import numpy as np
import pytest
from native_support import ISAS, compute, of_floats, single
from quantized import LIMITS, rounded, run_on_codes

from plumline.runtime import _native


def scales(values, zeros):
    return {"scale": np.array(values, np.float32), "zero_point": np.array(zeros, np.int32)}


def round_trip(isa, x, kind, values, zeros, axis=1, threads=1):
    """The codes of x, as numbers of scale 1, and the numbers that they stand for."""
    node = {"type": kind, "axis": axis}
    tensors = scales(values, zeros)
    ones = scales(np.ones(len(values)), np.zeros(len(values)))
    nodes = [
        ("quantize_linear", "q", [0], [1], node, tensors),
        ("dequantize_linear", "codes", [1], [2], node, ones),
        ("dequantize_linear", "d", [1], [3], node, tensors),
    ]
    graph = _native.Graph(4, [(0, list(x.shape))], [2, 3], {}, nodes, isa, threads)
    graph.infer([x.shape])
    outputs = [np.full(x.shape, np.nan, np.float32) for _ in range(2)]
    graph.run([x], outputs)
    return outputs


@pytest.mark.parametrize("isa", ISAS)
@pytest.mark.parametrize("kind", ["uint8", "int8"])
@pytest.mark.parametrize("shape", [(1,), (37,), (3, 5, 7), (2, 4, 6, 9)])
def test_codes_follow_the_definition(shape, kind, isa):
    rng = np.random.default_rng(0)
    x = (rng.standard_normal(shape) * 50).astype(np.float32)
    low, high = LIMITS[kind]
    per_axis = len(shape) > 1
    n = shape[1] if per_axis else 1
    step, zero = rng.uniform(0.05, 1.5, n).astype(np.float32), rng.integers(low, high + 1, n)
    column = (1, -1, *[1] * (len(shape) - 2)) if per_axis else (1,)
    codes, numbers = round_trip(isa, x, kind, step, zero, threads=2)
    want = np.clip(np.rint(x / step.reshape(column)) + zero.reshape(column), low, high)
    np.testing.assert_array_equal(codes, want)
    expected = (want - zero.reshape(column)).astype(np.float32) * step.reshape(column)
    np.testing.assert_array_equal(numbers, expected)


@pytest.mark.parametrize("isa", ISAS)
def test_halves_go_to_even_and_the_rest_saturates(isa):
    x = [-np.inf, -3e38, -2.5, -1.5, -0.5, -0.0, 0.5, 1.5, 2.5, 126.5, 127.5, 3e38, np.inf, np.nan]
    codes, _ = round_trip(isa, np.array(x, np.float32), "int8", [1], [0])
    assert codes.tolist() == [-128, -128, -2, -2, 0, 0, 0, 2, 2, 126, 127, 127, 127, -128]


@pytest.mark.parametrize("isa", ISAS)
@pytest.mark.parametrize("kind", ["uint8", "int8"])
def test_addition_is_dequantize_add_quantize(kind, isa):
    rng = np.random.default_rng(1)
    low, high = LIMITS[kind]
    a, b = (rng.integers(low, high + 1, (2, 3, 5, 7)).astype(kind) for _ in range(2))
    step = {name: float(np.float32(rng.uniform(0.01, 0.1))) for name in ("a", "b", "y")}
    attributes = {"output": "uint8", "zero_point": 7, "low": 7, "high": 200, "scale": step["y"]}
    for name in "ab":
        attributes |= {name: kind, f"{name}_scale": step[name], f"{name}_zero_point": 3}
    y, kernel = run_on_codes(isa, "quantized_add", [a, b], attributes, {}, threads=3)
    assert kernel == f"quantize/{of_floats(isa)}"
    real = sum(
        (array.astype(np.float32) - 3) * np.float32(step[name])
        for name, array in (("a", a), ("b", b))
    )
    np.testing.assert_array_equal(y, rounded(real / np.float32(step["y"]), attributes))


@pytest.mark.parametrize(
    ("op", "attributes", "tensors", "text"),
    [
        ("quantize_linear", {"type": "int4"}, scales([1], [0]), "not uint8 or int8"),
        ("quantize_linear", {"type": "uint8"}, scales([0], [0]), "must be a positive float32"),
        ("quantize_linear", {"type": "uint8"}, scales([np.nan], [0]), "must be a positive"),
        ("quantize_linear", {"type": "uint8"}, scales([np.inf], [0]), "must be a positive"),
        ("quantize_linear", {"type": "uint8"}, scales([1], [-1]), "zero_point -1 is beyond uint8"),
        ("quantize_linear", {"type": "uint8"}, scales([], []), "scale is empty"),
        ("quantize_linear", {"type": "uint8"}, scales([1, 1], [0]), "zero_point has shape"),
        ("dequantize_linear", {"type": "uint8"}, scales([1], [0]), "must be uint8, not float32"),
    ],
)
def test_unsound_nodes_are_refused(op, attributes, tensors, text):
    with pytest.raises(_native.NativeError, match=text):
        single(op, [(2, 3)], attributes, tensors)


def test_scales_must_fit_their_axis():
    with pytest.raises(_native.NativeError, match="2 scales do not fit axis 1"):
        round_trip("reference", np.zeros((2, 3), np.float32), "uint8", [1, 1], [0, 0])


def test_codes_do_not_leave_a_program_nor_reach_what_computes_with_numbers():
    tensors = scales([1], [0])
    node = ("quantize_linear", "q", [0], [1], {"type": "uint8"}, tensors)
    with pytest.raises(_native.NativeError, match="an output must be float32"):
        _native.Graph(2, [(0, [3])], [1], {}, [node], "reference", 1)
    nodes = [node, ("relu", "r", [1], [2], {}, {})]
    with pytest.raises(_native.NativeError, match="takes float32, not uint8"):
        _native.Graph(3, [(0, [3])], [2], {}, nodes, "reference", 1)


@pytest.mark.parametrize("isa", ISAS)
@pytest.mark.parametrize("kind", ["uint8", "int8"])
@pytest.mark.parametrize(
    ("op", "attributes"),
    [
        ("max_pool", {"kernel": [3, 3], "strides": [2, 2], "pads": [1, 1, 1, 1]}),
        ("max_pool", {"kernel": [2, 2], "dilations": [2, 1], "strides": [1, 3]}),
        ("transpose", {"perm": [0, 2, 3, 1]}),
        ("slice", {"axes": [2], "starts": [7], "ends": [-99], "steps": [-2]}),
        ("flatten", {"axis": 1}),
    ],
)
def test_what_keeps_numbers_keeps_codes(op, attributes, kind, isa):
    low, high = LIMITS[kind]
    x = np.random.default_rng(2).integers(low, high + 1, (2, 5, 9, 11)).astype(kind)
    (want,) = compute(op, [x.astype(np.float32)], attributes)
    y, _ = run_on_codes(isa, op, [x], {**attributes, "output": kind}, {}, threads=2)
    np.testing.assert_array_equal(y, want)


def test_joined_codes_must_have_one_type():
    tensors = scales([1], [0])
    nodes = [
        ("quantize_linear", "a", [0], [1], {"type": "uint8"}, tensors),
        ("quantize_linear", "b", [0], [2], {"type": "int8"}, tensors),
        ("concat", "c", [1, 2], [3], {"axis": 0}, {}),
    ]
    with pytest.raises(_native.NativeError, match="its inputs are uint8 and int8"):
        _native.Graph(4, [(0, [3])], [3], {}, nodes, "reference", 1)
