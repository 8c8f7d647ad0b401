"""Convolutions and products on codes: numpy's integers, bit for bit, however large the sums."""

import numpy as np
import pytest
from native_support import ISAS
from quantized import LIMITS, convolve, finished, run_on_codes, weights

from plumline.runtime import _native

FORMS = ("dense", "signed_binary", "binary", "ternary")


def finishing(rng, filters, output):
    tensors = {"multiplier": rng.uniform(0.0005, 0.01, filters).astype(np.float32)}
    if rng.random() < 0.7:
        tensors["bias"] = rng.integers(-2000, 2000, filters).astype(np.int32)
    if rng.random() < 0.4:
        tensors["offset"] = rng.standard_normal(filters).astype(np.float32)
    attributes = {"output": output}
    if output != "float32":
        attributes |= {"zero_point": 3, "low": int(rng.integers(0, 4)), "high": 120}
    return attributes, tensors


def codes(rng, kind, shape):
    low, high = LIMITS[kind]
    if rng.random() < 0.2:
        return np.full(shape, rng.choice([low, high])).astype(kind)
    return rng.integers(low, high + 1, shape).astype(kind)


def conv_layer(rng, form, *, groups, channels, filters, kernel, strides, dilations, sides):
    """Codes (n, groups * channels, *sides), a node's attributes and tensors, and its matrix."""
    kind, output = str(rng.choice(["uint8", "int8"])), str(rng.choice(["uint8", "int8", "float32"]))
    kernel = whole(kernel)
    columns = channels * kernel[0] * kernel[1]
    name, tensors, matrix = weights(rng, form, filters * groups, columns)
    attributes, more = finishing(rng, filters * groups, output)
    low, high = LIMITS[kind]
    attributes |= {
        "kernel": kernel,
        "strides": whole(strides),
        "dilations": whole(dilations),
        "pads": whole(rng.integers(0, 3, 4)),
        "groups": groups,
        "filters": filters * groups,
        "columns": columns,
        "weights": name,
        "input": kind,
        "input_zero_point": int(rng.integers(low, high + 1)),
    }
    shape = (int(rng.integers(1, 3)), channels * groups, *whole(sides))
    return codes(rng, kind, shape), attributes, {**tensors, **more}, matrix


def whole(numbers):
    return [int(number) for number in numbers]


def random_layer(rng, form):
    channels, filters = (int(rng.choice([1, 2, 3, 5, 8, 17, 40, 70])) for _ in range(2))
    return conv_layer(
        rng,
        form,
        groups=int(rng.choice([1, 1, 2, 5])),
        channels=channels,
        filters=filters,
        kernel=rng.integers(1, 5, 2),
        strides=rng.integers(1, 4, 2),
        dilations=rng.integers(1, 3, 2),
        sides=rng.integers(9, 24, 2),
    )


@pytest.mark.parametrize("isa", ISAS)
@pytest.mark.parametrize("form", FORMS)
def test_random_convolutions_are_exact(form, isa):
    rng = np.random.default_rng(FORMS.index(form))
    for _ in range(4 if isa == "reference" else 15):
        x, attributes, tensors, matrix = random_layer(rng, form)
        centred = x.astype(np.int64) - attributes["input_zero_point"]
        want = finished(convolve(centred, matrix, attributes), attributes, tensors)
        for threads in (1, 3):
            y, _ = run_on_codes(isa, "quantized_conv", [x], attributes, tensors, threads)
            np.testing.assert_array_equal(y, want)


@pytest.mark.parametrize("isa", ISAS)
@pytest.mark.parametrize("form", FORMS)
def test_random_products_are_exact(form, isa):
    rng = np.random.default_rng(FORMS.index(form))
    for _ in range(12):
        filters, columns, rows = (int(n) for n in rng.integers(1, [150, 300, 70]))
        kind, output = str(rng.choice(["uint8", "int8"])), str(rng.choice(["int8", "float32"]))
        name, tensors, matrix = weights(rng, form, filters, columns)
        attributes, more = finishing(rng, filters, output)
        attributes |= {"filters": filters, "columns": columns, "weights": name}
        attributes |= {"input": kind, "input_zero_point": 5}
        x = codes(rng, kind, (rows, columns))
        sums = (x.astype(np.int64) - 5) @ matrix.astype(np.int64).T
        tensors |= more
        y, _ = run_on_codes(isa, "quantized_linear", [x], attributes, tensors, threads=2)
        np.testing.assert_array_equal(y, finished(sums, attributes, tensors))


def body(form, channels, filters, size, kind, zero_point, limits=None):
    """A 3x3 layer with all-ones planes where the form allows."""
    columns = 9 * channels
    tensors = {"multiplier": np.full(filters, 1e-4, np.float32)}
    if form == "dense":
        name, matrix = "dense", np.full((filters, columns), 127, np.int8)
        matrix[::2] = -128
        tensors["weight"] = matrix
    else:
        name, matrix = "planes", np.ones((filters, columns), np.int8)
        tensors["bits"] = np.packbits(matrix > 0, axis=1, bitorder="little")
        tensors["coefficient"] = np.ones(filters, np.float32)
    attributes = {
        "kernel": [3, 3],
        "strides": [1, 1],
        "dilations": [1, 1],
        "pads": [1, 1, 1, 1],
        "groups": 1,
        "filters": filters,
        "columns": columns,
        "weights": name,
        "input": kind,
        "input_zero_point": zero_point,
        "output": "float32",
    }
    if limits:
        attributes |= {"input_low": limits[0], "input_high": limits[1]}
    return attributes, tensors, matrix, (1, channels, size, size)


def mergeable_layer(rng, form):
    """A layer with a step of 1, most likely with enough weights that merge programs pay."""
    return conv_layer(
        rng,
        form,
        groups=int(rng.choice([1, 1, 2])),
        channels=int(rng.choice([24, 40, 70, 130])),
        filters=int(rng.choice([32, 70, 150])),
        kernel=rng.choice([1, 2, 3], 2, p=[0.1, 0.2, 0.7]),
        strides=(1, 1),
        dilations=rng.choice([1, 2], 2, p=[0.8, 0.2]),
        sides=rng.integers(8, 34, 2),
    )


@pytest.mark.parametrize("isa", [isa for isa in ISAS if isa in ("avx2", "avx512")])
def test_random_merge_programs_are_exact(isa):
    rng, merged = np.random.default_rng(3), 0
    for case in range(24):
        x, attributes, tensors, matrix = mergeable_layer(rng, FORMS[1 + case % 3])
        centred = x.astype(np.int64) - attributes["input_zero_point"]
        want = finished(convolve(centred, matrix, attributes), attributes, tensors)
        for threads in (1, 3):
            y, kernel = run_on_codes(isa, "quantized_conv", [x], attributes, tensors, threads)
            np.testing.assert_array_equal(y, want)
        merged += kernel.startswith("integer_merge/")
    assert merged >= 12


@pytest.mark.parametrize("isa", [isa for isa in ISAS if isa in ("avx2", "avx512")])
def test_the_last_channels_may_take_more_temporaries_than_the_others(isa):
    """400 channels are six chunks of 58 and one of 52, whose program keeps more sums."""
    rng = np.random.default_rng(4)
    name, tensors, matrix = weights(rng, "binary", 700, 400)
    attributes, more = finishing(rng, 700, "float32")
    attributes |= {"kernel": [1, 1], "strides": [1, 1], "dilations": [1, 1], "pads": [0] * 4}
    attributes |= {"groups": 1, "filters": 700, "columns": 400, "weights": name}
    attributes |= {"input": "uint8", "input_zero_point": 7}
    attributes["tuned"] = f"{isa} 1x400x12x12 integer_merge"
    x = rng.integers(0, 256, (1, 400, 12, 12)).astype(np.uint8)
    tensors |= more
    want = finished(convolve(x.astype(np.int64) - 7, matrix, attributes), attributes, tensors)
    y, kernel = run_on_codes(isa, "quantized_conv", [x], attributes, tensors)
    assert kernel == f"integer_merge/{isa}"
    np.testing.assert_array_equal(y, want)


@pytest.mark.parametrize("generate", ["0", "1"])
@pytest.mark.parametrize("isa", ISAS)
@pytest.mark.parametrize("form", ["dense", "planes"])
@pytest.mark.parametrize(
    ("kind", "zero_point"), [("uint8", 0), ("uint8", 255), ("int8", -128), ("int8", 127)]
)
def test_the_largest_sums_are_exact(kind, zero_point, form, isa, generate, monkeypatch):
    monkeypatch.setenv("PLUMLINE_JIT", generate)
    attributes, tensors, matrix, shape = body(form, 70, 64, 10, kind, zero_point)
    for code in LIMITS[kind]:
        x = np.full(shape, code).astype(kind)
        want = convolve(x.astype(np.int64) - zero_point, matrix, attributes)
        y, kernel = run_on_codes(isa, "quantized_conv", [x], attributes, tensors)
        np.testing.assert_array_equal(y, finished(want, attributes, tensors))
        if form == "planes" and isa in ("avx2", "avx512"):
            method = "integer_merge" if generate == "1" else "integer_tables"
            assert kernel == f"{method}/{isa}"


@pytest.mark.parametrize("isa", ISAS)
def test_a_known_range_of_the_input_is_used_and_kept_to(isa):
    attributes, tensors, matrix, shape = body("planes", 64, 64, 12, "uint8", 0, (0, 15))
    x = np.random.default_rng(0).integers(0, 16, shape).astype(np.uint8)
    want = convolve(x, matrix, attributes)
    y, _ = run_on_codes(isa, "quantized_conv", [x], attributes, tensors)
    np.testing.assert_array_equal(y, finished(want, attributes, tensors))


@pytest.mark.parametrize(
    ("change", "text"),
    [
        ({"input": "float32"}, "'float32' is not uint8 or int8"),
        ({"input_zero_point": 256}, "do not fit uint8"),
        ({"input_low": 9, "input_high": 3}, "do not fit uint8"),
        ({"output": "int8", "zero_point": 0, "low": -200}, "do not fit int8"),
        ({"weights": "sparse"}, "not one of dense, planes"),
        ({"groups": 7}, "must divide filters"),
        ({"filters": 0}, "must be positive"),
        ({"kernel": [1 << 20, 1 << 20]}, "must be a multiple"),
    ],
)
@pytest.mark.parametrize("form", ["dense", "planes"])
def test_unsound_layers_are_refused(form, change, text):
    attributes, tensors, _, shape = body(form, 4, 8, 5, "uint8", 0)
    with pytest.raises(_native.NativeError, match=text):
        run_on_codes(
            "reference", "quantized_conv", [np.zeros(shape, np.uint8)], attributes | change, tensors
        )


@pytest.mark.parametrize(
    ("form", "change", "text"),
    [
        ("dense", {"weight": np.zeros((8, 36), np.float32)}, "weight must be int8"),
        ("dense", {"weight": np.zeros((8, 35), np.int8)}, "weight has shape"),
        ("dense", {"multiplier": np.zeros(8, np.float32)}, "multiplier is 0"),
        ("dense", {"multiplier": np.full(8, np.nan, np.float32)}, "must be a positive"),
        ("dense", {"bias": np.full(8, 2**31 - 1, np.int32)}, "could leave int32"),
        ("dense", {"bias": np.zeros(7, np.int32)}, "bias has shape"),
        ("planes", {"coefficient": np.full(8, 0.5, np.float32)}, "no whole number"),
        ("planes", {"coefficient": np.full(8, np.nan, np.float32)}, "no whole number"),
        ("planes", {"coefficient": np.full(8, 200, np.float32)}, "which is no int8"),
        ("planes", {"total_coefficient": np.full(8, 1e30, np.float32)}, "no whole number"),
    ],
)
def test_unsound_tensors_are_refused(form, change, text):
    attributes, tensors, _, shape = body(form, 4, 8, 5, "uint8", 0)
    with pytest.raises(_native.NativeError, match=text):
        run_on_codes(
            "reference", "quantized_conv", [np.zeros(shape, np.uint8)], attributes, tensors | change
        )


def test_codes_of_another_type_are_refused():
    attributes, tensors, _, shape = body("dense", 4, 8, 5, "uint8", 0)
    with pytest.raises(_native.NativeError, match="input 0 must be uint8, not int8"):
        run_on_codes("reference", "quantized_conv", [np.zeros(shape, np.int8)], attributes, tensors)
