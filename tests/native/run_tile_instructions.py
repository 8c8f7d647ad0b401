"""Run by test_native_tile_instructions.py: the compiled kernels for AMX against the emulation.

Prints how many tile instructions were trapped; with the argument ``wrong``, which kernels ran.
"""

import ctypes
import sys

import numpy as np
from matrices import conv_node
from quantized import convolve, finished, run_on_codes
from test_native_integer import body
from test_native_limbs import any_floats

from plumline.runtime import _native


def check_convolutions() -> None:
    rng = np.random.default_rng(40)
    cases = [
        ("signed_binary", 40, 20, [3, 3], {"pads": [1, 1, 1, 1]}),
        ("two_valued", 49, 15, [3, 2], {"strides": [2, 1]}),
        ("binary", 256, 96, [1, 1], {"groups": 2}),
        ("dense", 110, 41, [3, 3], {"dilations": [2, 1]}),
        ("dense", 256, 257, [1, 1], {}),
    ]
    for form, filters, channels, kernel, options in cases:
        node = conv_node(rng, form, filters, channels, kernel, **options)
        shape = (3, channels * options.get("groups", 1), *[7] * len(kernel))
        x = rng.standard_normal(shape).astype(np.float32)
        x.flat[::7] = any_floats(rng, x.flat[::7].size) * np.float32(1e-20)
        emulated = node.run(_native, "avx512_emulated_amx", x)
        answer = node.run(_native, "amx", x, threads=3)
        assert node.kernels == ["limbs/amx"], (form, node.kernels)
        np.testing.assert_array_equal(answer, emulated)


def check_products() -> None:
    rng = np.random.default_rng(41)
    for low, high in [(-128, 128), (-1, 2)]:
        weights = rng.integers(low, high, (50, 600)).astype(np.int8)
        for dtype in (np.uint8, np.int8):
            inputs = rng.integers(0, 256, (600, 49)).astype(np.uint8).view(dtype)
            expected = weights.astype(np.int64) @ inputs.astype(np.int64)
            answer = np.array(_native.multiply_int8(weights, inputs, "amx")).reshape(50, 49)
            np.testing.assert_array_equal(answer, expected)


def check_convolutions_of_codes() -> None:
    rng = np.random.default_rng(43)
    for form in ("dense", "planes"):
        for kind in ("uint8", "int8"):
            attributes, tensors, matrix, shape = body(form, 70, 50, 10, kind, 7)
            attributes["tuned"] = "amx " + "x".join(map(str, shape)) + " integer_tiles"
            x = rng.integers(0, 256, shape).astype(np.uint8).view(kind)
            sums = convolve(x.astype(np.int64) - 7, matrix, attributes)
            y, kernel = run_on_codes("amx", "quantized_conv", [x], attributes, tensors, threads=3)
            assert kernel == "integer_tiles/amx", kernel
            np.testing.assert_array_equal(y, finished(sums, attributes, tensors))


def kernels() -> set[str]:
    names = set()
    for _ in range(2):
        node = conv_node(np.random.default_rng(42), "dense", 96, 64, [3, 3])
        node.run(_native, "amx", np.ones((1, 64, 9, 9), np.float32))
        names.update(node.kernels)
    return names


if __name__ == "__main__":
    if "wrong" in sys.argv:
        print(*kernels())
    else:
        check_convolutions()
        check_products()
        check_convolutions_of_codes()
        trap = ctypes.CDLL(None)
        print(trap.count_trapped() if hasattr(trap, "count_trapped") else 0)
