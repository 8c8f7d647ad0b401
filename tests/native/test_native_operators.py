"""Each operator against its formula in numpy, on every instruction set, with several threads."""

import itertools

import numpy as np
import pytest
from native_support import ISAS, THREADS, compute, of_floats, single

from plumline.runtime import _native

RNG = np.random.default_rng(0)


def normal(*shape):
    return RNG.standard_normal(shape, dtype=np.float32)


# Sizes that are below, at and above the width of every vector, and enough for several jobs.
SIZES = [(1,), (3,), (16,), (37,), (4, 5, 7), (2, 3, 0), (), (5, 40_001)]

ACTIVATIONS = {
    "relu": ({}, lambda x: np.maximum(x, 0)),
    "sigmoid": ({}, lambda x: 1 / (1 + np.exp(-x))),
    "tanh": ({}, np.tanh),
    "hard_swish": ({}, lambda x: x * np.clip(x / 6 + 0.5, 0, 1)),
    "leaky_relu": ({"alpha": 0.3}, lambda x: np.where(x < 0, 0.3 * x, x)),
    "hard_sigmoid": ({"alpha": 0.3, "beta": 0.4}, lambda x: np.clip(0.3 * x + 0.4, 0, 1)),
    "clip": ({"min": -0.5, "max": 0.7}, lambda x: np.clip(x, -0.5, 0.7)),
}

BINARIES = {
    "add": np.add,
    "sub": np.subtract,
    "mul": np.multiply,
    "div": np.divide,
    "prelu": lambda x, slope: np.where(x < 0, x * slope, x),
}

BROADCASTS = [
    ((2, 3, 4, 5), (2, 3, 4, 5)),
    ((2, 3, 4, 5), ()),
    ((2, 3, 4, 5), (1,)),
    ((2, 3, 4, 5), (3, 1, 1)),
    ((2, 3, 4, 5), (5,)),
    ((2, 3, 4, 5), (2, 1, 4, 1)),
    ((2, 1, 70), (1, 3, 70)),
    ((2, 3, 1), (2, 1, 33)),
    ((7, 1), (1, 9)),
    ((3, 50_000), (3, 1)),
    ((0, 3), (1, 3)),
]


@pytest.mark.parametrize("isa", ISAS)
@pytest.mark.parametrize("op", ACTIVATIONS)
def test_activations(op, isa):
    attributes, formula = ACTIVATIONS[op]
    for shape, threads in itertools.product(SIZES, THREADS):
        x = normal(*shape) * 4
        (y,) = compute(op, [x], attributes, isa=isa, threads=threads)
        np.testing.assert_allclose(y, formula(x.astype(np.float64)), rtol=1e-6, atol=1e-6)


@pytest.mark.parametrize("isa", ISAS)
@pytest.mark.parametrize("op", ["sigmoid", "tanh"])
def test_transcendental_functions_keep_their_documented_bound(op, isa):
    x = np.concatenate([np.linspace(-86, 86, 100_002), np.logspace(-30, 1, 10_007)])
    x = x.astype(np.float32)
    exact = ACTIVATIONS[op][1](x.astype(np.float64))
    (y,) = compute(op, [x], isa=isa)
    assert np.max(np.abs(y - exact) / np.abs(exact)) < 2e-7


@pytest.mark.parametrize("isa", ISAS)
@pytest.mark.parametrize("op", ACTIVATIONS)
def test_activations_of_values_that_are_no_numbers(op, isa):
    attributes, formula = ACTIVATIONS[op]
    x = np.array([np.nan, np.inf, -np.inf, 0.0, -0.0] * 7, np.float32)
    (y,) = compute(op, [x], attributes, isa=isa)
    with np.errstate(all="ignore"):
        np.testing.assert_allclose(y, formula(x.astype(np.float64)), rtol=1e-6)


@pytest.mark.parametrize("isa", ISAS)
@pytest.mark.parametrize("op", BINARIES)
def test_binary_operators_broadcast(op, isa):
    for (a, b), threads in itertools.product(BROADCASTS, THREADS):
        pairs = [(a, b)] if op == "prelu" else [(a, b), (b, a)]
        for left, right in pairs:
            if op == "prelu" and np.broadcast_shapes(left, right) != left:
                continue
            x, y = normal(*left), normal(*right)
            (z,) = compute(op, [x, y], isa=isa, threads=threads)
            np.testing.assert_array_equal(z, BINARIES[op](x, y))


@pytest.mark.parametrize("isa", ISAS)
@pytest.mark.parametrize("activation", ["none", "prelu", *ACTIVATIONS])
@pytest.mark.parametrize("shape", [(2, 3), (40, 33), (2, 3, 5), (3, 4, 9, 17), (1, 2, 200, 201)])
def test_affine(shape, activation, isa):
    attributes, formula = ACTIVATIONS.get(activation, ({}, lambda x: x))
    x, scale, shift, slope = normal(*shape), *(normal(shape[1]) for _ in range(3))
    tensors = {"scale": scale, "shift": shift} | ({"slope": slope} if activation == "prelu" else {})
    scale, shift, slope = (t.reshape(-1, *[1] * (len(shape) - 2)) for t in (scale, shift, slope))
    expected = formula(x * scale + shift)
    if activation == "prelu":
        expected = np.where(expected < 0, expected * slope, expected)
    attributes = {
        "activation": activation,
        "activation_parameters": [float(v) for v in attributes.values()],
    }
    for threads in THREADS:
        (y,) = compute("affine", [x], attributes, tensors, isa=isa, threads=threads)
        np.testing.assert_allclose(y, expected, rtol=1e-5, atol=1e-5)


@pytest.mark.parametrize("isa", ISAS)
@pytest.mark.parametrize(
    ("a", "b"),
    [
        ((3, 4), (4, 5)),
        ((65, 37), (37, 129)),
        ((1, 300), (300, 1)),
        ((4,), (4,)),
        ((4,), (4, 19)),
        ((70, 4), (4,)),
        ((2, 3, 5, 7), (2, 3, 7, 16)),
        ((2, 1, 5, 7), (3, 7, 33)),
        ((7,), (2, 3, 7, 33)),
        ((2, 3, 5, 7), (7,)),
        ((3, 0), (0, 4)),
        ((0, 3), (3, 4)),
        ((5, 6), (1, 1, 6, 70)),
    ],
)
def test_matmul(a, b, isa):
    for threads in THREADS:
        x, y = normal(*a), normal(*b)
        (z,) = compute("matmul", [x, y], isa=isa, threads=threads)
        np.testing.assert_allclose(z, np.matmul(x, y), rtol=1e-4, atol=1e-4)


def pool(x, kind, kernel, strides, dilations, pads, ceil, count_pad):
    """Pool by the definition, one window at a time, over one or two axes."""
    if x.ndim == 3:
        kernel, strides, dilations = (1, *kernel), (1, *strides), (1, *dilations)
        pads = (0, pads[0], 0, pads[1])
        x4 = x[:, :, None]
    else:
        x4 = x
    sizes = x4.shape[2:]
    out = []
    for i in range(2):
        room = sizes[i] + pads[i] + pads[2 + i] - (kernel[i] - 1) * dilations[i] - 1
        n = (-(-room // strides[i]) if ceil else room // strides[i]) + 1
        if ceil and (n - 1) * strides[i] >= sizes[i] + pads[i]:
            n -= 1
        out.append(n)
    y = np.zeros((*x4.shape[:2], *out), np.float64)
    for row, column in np.ndindex(*out):
        values, padded = [], 0
        for i, j in np.ndindex(*kernel):
            at = (
                row * strides[0] + i * dilations[0] - pads[0],
                column * strides[1] + j * dilations[1] - pads[1],
            )
            padded += all(at[k] < sizes[k] + pads[2 + k] for k in range(2))
            if all(0 <= at[k] < sizes[k] for k in range(2)):
                values.append(x4[:, :, at[0], at[1]])
        if kind == "max_pool":
            y[:, :, row, column] = np.max(values, 0) if values else np.finfo(np.float32).min
        elif values:
            y[:, :, row, column] = np.sum(values, 0) / (padded if count_pad else len(values))
    return y if x.ndim == 4 else y[:, :, 0]


@pytest.mark.parametrize("isa", ISAS)
@pytest.mark.parametrize("kind", ["max_pool", "average_pool"])
def test_pools_on_random_windows(kind, isa):
    rng = np.random.default_rng(1)
    tried = 0
    while tried < 120:
        rank = int(rng.integers(1, 3))
        kernel, strides, dilations = (rng.integers(1, 4, rank).tolist() for _ in range(3))
        pads = [
            int(rng.integers(0, (kernel[i % rank] - 1) * dilations[i % rank] + 1))
            for i in range(2 * rank)
        ]
        x = rng.standard_normal((2, 3, *rng.integers(1, 45, rank)), dtype=np.float32)
        if any(
            x.shape[2 + i] + pads[i] + pads[rank + i] <= (kernel[i] - 1) * dilations[i]
            for i in range(rank)
        ):
            continue
        tried += 1
        ceil, count_pad = (bool(rng.integers(2)) for _ in range(2))
        attributes = {
            "kernel": kernel,
            "strides": strides,
            "dilations": dilations,
            "pads": pads,
            "ceil_mode": int(ceil),
            "count_include_pad": int(count_pad),
        }
        (y,) = compute(kind, [x], attributes, isa=isa, threads=2)
        expected = pool(x, kind, kernel, strides, dilations, pads, ceil, count_pad)
        assert y.shape == expected.shape
        np.testing.assert_allclose(y, expected, rtol=1e-5, atol=1e-6, err_msg=str(attributes))


@pytest.mark.parametrize("isa", ISAS)
def test_reduce_mean_over_every_set_of_axes(isa):
    for shape in [(2, 3, 4, 5), (3, 1, 40), (1, 1), (6, 70, 33)]:
        x = normal(*shape)
        for n in range(len(shape) + 1):
            for axes in itertools.combinations(range(len(shape)), n):
                for keep, threads in itertools.product((0, 1), THREADS):
                    attributes = {"axes": list(axes), "keepdims": keep}
                    (y,) = compute("reduce_mean", [x], attributes, isa=isa, threads=threads)
                    expected = np.mean(x.astype(np.float64), axis=axes or None, keepdims=bool(keep))
                    assert y.shape == expected.shape
                    np.testing.assert_allclose(y, expected, rtol=1e-5, atol=1e-6)


@pytest.mark.parametrize("isa", ISAS)
@pytest.mark.parametrize("shape", [(3,), (1, 1000), (7, 33), (2, 5, 6, 37), (2, 3, 300)])
def test_softmax_along_every_axis(shape, isa):
    x = normal(*shape) * 30 - 50
    for axis in range(-len(shape), len(shape)):
        e = np.exp(x.astype(np.float64) - x.max(axis, keepdims=True))
        for threads in THREADS:
            (y,) = compute("softmax", [x], {"axis": axis}, isa=isa, threads=threads)
            np.testing.assert_allclose(y, e / e.sum(axis, keepdims=True), rtol=1e-5, atol=1e-9)


@pytest.mark.parametrize(
    ("op", "shape", "attributes", "expected"),
    [
        ("reshape", (2, 3, 4), {"shape": [4, -1], "allow_zero": 0}, (4, 6)),
        ("reshape", (2, 3, 4), {"shape": [0, 12], "allow_zero": 0}, (2, 12)),
        ("reshape", (2, 0, 4), {"shape": [0, 7], "allow_zero": 1}, (0, 7)),
        ("reshape", (1,), {"shape": [], "allow_zero": 0}, ()),
        ("flatten", (2, 3, 4), {"axis": 1}, (2, 12)),
        ("flatten", (2, 3, 4), {"axis": 0}, (1, 24)),
        ("flatten", (2, 3, 4), {"axis": 3}, (24, 1)),
        ("flatten", (2, 3, 4), {"axis": -1}, (6, 4)),
        ("squeeze", (1, 3, 1), {"axes": []}, (3,)),
        ("squeeze", (1, 3, 1), {"axes": [-1]}, (1, 3)),
        ("unsqueeze", (2, 3), {"axes": [0, -1]}, (1, 2, 3, 1)),
        ("copy", (2, 3), {}, (2, 3)),
    ],
)
def test_shapes_change_and_bytes_do_not(op, shape, attributes, expected):
    x = normal(*shape)
    (y,) = compute(op, [x], attributes)
    assert y.shape == expected
    np.testing.assert_array_equal(y, x.reshape(expected))


@pytest.mark.parametrize("threads", THREADS)
def test_transpose_by_every_permutation(threads):
    for shape in [(), (5,), (2, 3, 4, 5), (130, 140), (3, 17, 2, 33)]:
        x = normal(*shape)
        for perm in itertools.permutations(range(len(shape))):
            (y,) = compute("transpose", [x], {"perm": list(perm)}, threads=threads)
            np.testing.assert_array_equal(y, x.transpose(perm))


@pytest.mark.parametrize("threads", THREADS)
@pytest.mark.parametrize("axis", [0, 1, 2, -1])
def test_concat_and_split_are_inverse(axis, threads):
    sizes = [3, 1, 0, 40]
    shapes = [[2, 5, 7] for _ in sizes]
    for shape, size in zip(shapes, sizes, strict=True):
        shape[axis] = size
    parts = [normal(*shape) for shape in shapes]
    whole = np.concatenate(parts, axis)
    (y,) = compute("concat", parts, {"axis": axis}, threads=threads)
    np.testing.assert_array_equal(y, whole)
    attributes = {"axis": axis, "sizes": sizes}
    split = compute("split", [whole], attributes, outputs=len(sizes), threads=threads)
    for made, part in zip(split, parts, strict=True):
        np.testing.assert_array_equal(made, part)


def test_slice_as_numpy_does():
    rng = np.random.default_rng(2)
    x = normal(7, 9, 8)
    for _ in range(300):
        axes = rng.permutation(3)[: rng.integers(1, 4)].tolist()
        starts, ends = (rng.integers(-7, 8, len(axes)).tolist() for _ in range(2))
        steps = [int(rng.choice([-9, -3, -2, -1, 1, 2, 3, 9])) for _ in axes]
        index = [slice(None)] * 3
        for axis, start, end, step in zip(axes, starts, ends, steps, strict=True):
            index[axis] = slice(start, end, step)
        attributes = {"axes": axes, "starts": starts, "ends": ends, "steps": steps}
        (y,) = compute("slice", [x], attributes)
        np.testing.assert_array_equal(y, x[tuple(index)], err_msg=str(attributes))


@pytest.mark.parametrize("step", [1, -1, 2**63 - 1, -(2**63)])
@pytest.mark.parametrize("start", [-(2**63), 2**63 - 1])
def test_slice_clamps_as_onnx_says(start, step):
    x = np.arange(5, dtype=np.float32)
    end = 2**63 - 1 if step > 0 else -(2**63)
    attributes = {"axes": [0], "starts": [start], "ends": [end], "steps": [step]}
    first = min(max(start, 0), 5 if step > 0 else 4)
    (y,) = compute("slice", [x], attributes)
    expected = x[first:] if step > 0 else x[first::-1]
    np.testing.assert_array_equal(y, expected[:: min(abs(step), 10)])


@pytest.mark.parametrize("mode", ["constant", "reflect", "edge", "wrap"])
@pytest.mark.parametrize("threads", THREADS)
def test_pad(mode, threads):
    rng = np.random.default_rng(3)
    for _ in range(100):
        shape = rng.integers(1, 9, int(rng.integers(1, 4)))
        begins, ends = rng.integers(0, 12, (2, len(shape)))
        x = normal(*shape)
        options = {"constant_values": 1.5} if mode == "constant" else {}
        expected = np.pad(x, list(zip(begins, ends, strict=True)), mode, **options)
        attributes = {"pads": [*begins.tolist(), *ends.tolist()], "mode": mode, "value": 1.5}
        (y,) = compute("pad", [x], attributes, threads=threads)
        np.testing.assert_array_equal(y, expected, err_msg=str(attributes))


@pytest.mark.parametrize("mode", ["constant", "edge"])
def test_negative_pads_crop(mode):
    x = normal(5, 6)
    (y,) = compute("pad", [x], {"pads": [-1, 2, 2, -3], "mode": mode, "value": 0.0})
    np.testing.assert_array_equal(y, np.pad(x[1:, :3], [(0, 2), (2, 0)], mode))


@pytest.mark.parametrize("isa", ISAS)
@pytest.mark.parametrize(
    ("op", "shapes", "attributes"),
    [
        ("relu", [(2,)], {}),
        ("add", [(2,), (2,)], {}),
        ("matmul", [(2, 2), (2, 2)], {}),
        ("softmax", [(2,)], {"axis": 0}),
        ("reduce_mean", [(2,)], {"axes": [], "keepdims": 0}),
        ("max_pool", [(1, 1, 4)], {"kernel": [2]}),
    ],
)
def test_the_instruction_set_that_was_asked_for_runs(op, shapes, attributes, isa):
    (kernel,) = single(op, shapes, attributes, isa=isa).kernels()
    assert kernel.endswith("/" + of_floats(isa))


@pytest.mark.parametrize(
    ("op", "shapes", "attributes", "text"),
    [
        ("add", [(2, 3), (4,)], {}, r"\(2,3\) and \(4\) do not broadcast"),
        ("prelu", [(3,), (2, 3)], {}, "does not broadcast to x"),
        ("matmul", [(2, 3), (4, 5)], {}, r"\(2,3\) and \(4,5\) do not multiply"),
        ("matmul", [(), (4, 5)], {}, "not a matrix"),
        ("clip", [(2,)], {"min": 0.0}, "'max' is missing"),
        ("leaky_relu", [(2,)], {"alpha": "x"}, "'alpha' must be a number"),
        ("relu", [(2,), (2,)], {}, "takes 1 inputs, not 2"),
        ("max_pool", [(1, 1, 4)], {"kernel": [5]}, "larger than the padded x"),
        ("max_pool", [(1, 1, 4)], {"kernel": [2], "pads": [2, 0]}, "smaller than the kernel"),
        ("max_pool", [(1, 1, 4)], {"kernel": [0]}, "at least 1"),
        ("softmax", [(2, 3)], {"axis": 2}, "axis 2 is out of range"),
        ("reshape", [(2, 3)], {"shape": [4, -1]}, r"\(2,3\) in shape"),
        ("reshape", [(2, 3)], {"shape": [-1, -1]}, "-1 twice"),
        ("squeeze", [(2, 3)], {"axes": [0]}, "not of size 1"),
        ("unsqueeze", [(2, 3)], {"axes": [0, 0]}, "named twice"),
        ("transpose", [(2, 3)], {"perm": [0, 0]}, "each axis once"),
        ("concat", [(2, 3), (3, 3)], {"axis": 1}, "do not join"),
        ("split", [(4,)], {"axis": 0, "sizes": [3]}, "do not add up"),
        (
            "slice",
            [(4,)],
            {"axes": [0], "starts": [0], "ends": [1], "steps": [0]},
            "a step is 0",
        ),
        ("pad", [(4,)], {"pads": [1]}, "two for each axis"),
        ("pad", [(4,)], {"pads": [1, 1], "mode": "mirror"}, "unknown pad mode 'mirror'"),
        ("pad", [(4,)], {"pads": [-3, -3]}, "negative size"),
    ],
)
def test_refusals_name_the_node_and_the_value(op, shapes, attributes, text):
    with pytest.raises(_native.NativeError, match=text) as refusal:
        single(op, shapes, attributes).infer(shapes)
    assert str(refusal.value).startswith(f"node '{op}' ({op}): ")


@pytest.mark.parametrize(
    ("attributes", "tensors", "text"),
    [
        ({}, {"scale": normal(3)}, "'shift' is missing"),
        ({}, {"scale": normal(3), "shift": normal(4)}, r"shift has shape \(4\), not \(3\)"),
        ({"activation": "rulu"}, {"scale": normal(3), "shift": normal(3)}, "unknown activation"),
        ({"activation": "clip"}, {"scale": normal(3), "shift": normal(3)}, "takes 2 parameters"),
        ({"activation": "prelu"}, {"scale": normal(3), "shift": normal(3)}, "'slope' is missing"),
    ],
)
def test_affine_refuses(attributes, tensors, text):
    with pytest.raises(_native.NativeError, match=text):
        single("affine", [(2, 3)], attributes, tensors)
