"""Convolutions on codes on tile registers, which are emulated: no test machine has them."""

import numpy as np
import pytest
from quantized import LIMITS, convolve, finished, run_on_codes
from test_native_integer import FORMS, body, conv_layer
from test_native_limbs import EMULATED


def tiled_layer(rng, form):
    """Any strides, pads, dilations and groups; channels that fill tiles, or leave some empty."""
    return conv_layer(
        rng,
        form,
        groups=int(rng.choice([1, 1, 2, 3])),
        channels=int(rng.choice([16, 17, 40, 64, 70, 130])),
        filters=int(rng.choice([1, 5, 16, 33, 70])),
        kernel=rng.integers(1, 4, 2),
        strides=rng.integers(1, 4, 2),
        dilations=rng.integers(1, 3, 2),
        sides=rng.integers(7, 20, 2),
    )


@pytest.mark.parametrize("isa", EMULATED)
@pytest.mark.parametrize("form", FORMS)
def test_random_convolutions_are_exact(form, isa):
    rng = np.random.default_rng([40, FORMS.index(form)])
    for _ in range(8):
        x, attributes, tensors, matrix = tiled_layer(rng, form)
        centred = x.astype(np.int64) - attributes["input_zero_point"]
        want = finished(convolve(centred, matrix, attributes), attributes, tensors)
        for threads in (1, 3):
            y, kernel = run_on_codes(isa, "quantized_conv", [x], attributes, tensors, threads)
            np.testing.assert_array_equal(y, want)
            assert kernel == f"integer_tiles/{isa}"


@pytest.mark.parametrize("isa", EMULATED)
@pytest.mark.parametrize("form", ["dense", "planes"])
@pytest.mark.parametrize(
    ("kind", "zero_point"), [("uint8", 0), ("uint8", 255), ("int8", -128), ("int8", 127)]
)
def test_the_largest_sums_are_exact(kind, zero_point, form, isa):
    attributes, tensors, matrix, shape = body(form, 70, 64, 10, kind, zero_point)
    for code in LIMITS[kind]:
        x = np.full(shape, code).astype(kind)
        want = convolve(x.astype(np.int64) - zero_point, matrix, attributes)
        y, _ = run_on_codes(isa, "quantized_conv", [x], attributes, tensors)
        np.testing.assert_array_equal(y, finished(want, attributes, tensors))


@pytest.mark.parametrize("isa", EMULATED)
def test_few_channels_take_another_kernel(isa):
    attributes, tensors, _, shape = body("dense", 3, 8, 9, "uint8", 0)
    x = np.zeros(shape, np.uint8)
    _, kernel = run_on_codes(isa, "quantized_conv", [x], attributes, tensors)
    assert kernel.startswith("integer_dense/")
