"""Codes that stay sub-images between layers: those of the reference, whatever is converted."""

import numpy as np
import pytest
from native_support import ISAS
from quantized import UNIT, weights

from plumline.runtime import _native

FORMS = ("signed_binary", "binary", "ternary")


def convolution(rng, form, channels, filters, kernel, stride, number, kind):
    columns = channels * kernel * kernel
    name, tensors, _ = weights(rng, form, filters, columns)
    tensors["multiplier"] = rng.uniform(0.02, 0.05, filters).astype(np.float32)
    tensors["bias"] = rng.integers(-500, 500, filters).astype(np.int32)
    attributes = {
        "kernel": [kernel, kernel],
        "strides": [stride, stride],
        "dilations": [1, 1],
        "pads": [kernel // 2] * 4,
        "groups": 1,
        "filters": filters,
        "columns": columns,
        "weights": name,
        "input": kind,
        "input_zero_point": 7,
        "output": kind,
        "zero_point": 7,
    }
    return ("quantized_conv", f"conv{number}", [number], [number + 1], attributes, tensors)


def network(rng, kind):
    """Convolutions with a residual addition and a pool among them; nodes, and how many values."""
    channels = int(rng.choice([24, 40, 64]))
    form = str(rng.choice(FORMS))
    nodes = [("quantize_linear", "in", [0], [1], {"type": kind}, UNIT)]
    number = 1

    def convolve(kernel, stride, filters):
        nonlocal number, channels
        nodes.append(convolution(rng, form, channels, filters, kernel, stride, number, kind))
        number, channels = number + 1, filters

    inputs = channels
    convolve(3, 1, channels)
    before = number
    convolve(3, 1, channels)
    convolve(3, 1, channels)
    add = {"a": kind, "b": kind, "output": kind, "scale": 0.03, "zero_point": 5}
    add |= {"a_scale": 0.02, "a_zero_point": 7, "b_scale": 0.03, "b_zero_point": 7}
    nodes.append(("quantized_add", "add", [number, before], [number + 1], add, {}))
    number += 1
    convolve(int(rng.choice([1, 3])), 2, int(rng.choice([32, 70])))
    convolve(5, 1, channels)
    pool = {"kernel": [3, 3], "strides": [1, 1], "dilations": [1, 1], "pads": [1, 1, 1, 1]}
    nodes.append(("max_pool", "pool", [number], [number + 1], pool, {}))
    number += 1
    convolve(3, 1, channels)
    nodes.append(("dequantize_linear", "out", [number], [number + 1], {"type": kind}, UNIT))
    return nodes, number + 2, inputs


def run(nodes, values, x, isa, threads):
    inputs = [(0, list(x.shape))]
    graph = _native.Graph(values, inputs, [values - 1], {}, nodes, isa, threads)
    (shape,) = graph.infer([x.shape])
    y = np.full(shape, np.nan, np.float32)
    for _ in range(2):  # what the first leaves in memory does not matter
        graph.run([x], [y])
    return y


@pytest.mark.parametrize("isa", [isa for isa in ISAS if isa != "reference"])
@pytest.mark.parametrize("kind", ["uint8", "int8"])
def test_chains_give_the_same_codes(kind, isa):
    rng = np.random.default_rng(17)
    for _ in range(4):
        nodes, values, channels = network(rng, kind)
        batch, height, width = (int(n) for n in rng.integers([1, 6, 6], [6, 18, 18]))
        low = -128 if kind == "int8" else 0
        x = rng.integers(low, low + 256, (batch, channels, height, width)).astype(np.float32)
        want = run(nodes, values, x, "reference", 2)
        assert len(np.unique(want)) > 10  # codes that say something
        for threads in (1, 3):
            np.testing.assert_array_equal(run(nodes, values, x, isa, threads), want)
