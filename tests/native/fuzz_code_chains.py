"""Random chains of layers on 8-bit codes, on images of changing sizes, against the reference.

Usage: fuzz_code_chains.py SEED CASES. Convolutions of any window and groups, additions of what
fits, pools and transposes, any of which may be an output too: codes stay sub-images where a chain
allows it. Answers must be those of the reference, bit for bit, for any number of threads. Prints
how many were.
"""

import os
import pathlib
import sys

import numpy as np

sys.path.insert(0, str(pathlib.Path(__file__).parent.parent))
from native_build import use_build_from_environment

use_build_from_environment()
from native_support import run  # noqa: E402 - the build has to be chosen first
from quantized import UNIT, weights  # noqa: E402 - as above

from plumline.runtime import _native  # noqa: E402 - as above

ISAS = [isa for isa in _native.available_isas() if isa != "reference"]
FORMS = ["dense", "signed_binary", "binary", "ternary"]
CHANNELS = [3, 8, 17, 32, 40, 70]


def convolution(rng, kind, channels, keeps):
    """Attributes and tensors of a layer, and its filters."""
    groups = int(rng.choice([1, 2, channels])) if channels % 2 == 0 and rng.random() < 0.3 else 1
    filters = channels if rng.random() < 0.7 else groups * int(rng.integers(1, 30))
    kernel = [int(size) for size in rng.choice([1, 2, 3, 3, 5], 2)]
    strides, dilations = [1, 1], [1, 1]
    pads = [kernel[0] // 2, kernel[1] // 2, (kernel[0] - 1) // 2, (kernel[1] - 1) // 2]
    if not keeps:
        strides, dilations = rng.integers(1, 4, 2).tolist(), rng.integers(1, 3, 2).tolist()
        pads = rng.integers(2, 6, 4).tolist()
    columns = channels // groups * kernel[0] * kernel[1]
    form, tensors, _ = weights(rng, str(rng.choice(FORMS)), filters, columns)
    spread = 40 if form == "dense" else 1
    multiplier = rng.uniform(0.3, 1, filters) / (spread * np.sqrt(columns))
    tensors |= {
        "multiplier": multiplier.astype(np.float32),
        "bias": rng.integers(-500, 500, filters).astype(np.int32),
    }
    attributes = {
        "kernel": kernel,
        "strides": strides,
        "dilations": dilations,
        "pads": pads,
        "groups": groups,
        "filters": filters,
        "columns": columns,
        "weights": form,
        "input": kind,
        "input_zero_point": 7,
        "output": kind,
        "zero_point": 7,
    }
    return attributes, tensors, filters


def random_chain(rng, kind):
    """Nodes whose first value is the input of so many channels; how many values, the outputs."""
    first = channels = int(rng.choice(CHANNELS))
    nodes = [("quantize_linear", "in", [0], [1], {"type": kind}, UNIT)]
    alike, value = [1], 1  # values of the shape of the last one
    made = []
    for i in range(int(rng.integers(2, 7))):
        op = str(rng.choice(["conv", "conv", "conv", "add", "pool", "transpose"]))
        keeps = rng.random() < 0.7
        before = channels
        if op == "conv":
            attributes, tensors, channels = convolution(rng, kind, channels, keeps)
            node = ("quantized_conv", f"{i}", [value], [value + 1], attributes, tensors)
        elif op == "add":
            keeps = True
            scales = {f"{p}scale": float(rng.uniform(0.02, 0.03)) for p in ("", "a_", "b_")}
            zeros = {f"{p}zero_point": int(rng.integers(0, 20)) for p in ("", "a_", "b_")}
            attributes = {"a": kind, "b": kind, "output": kind} | scales | zeros
            given = [value, int(rng.choice(alike))]
            node = ("quantized_add", f"{i}", given, [value + 1], attributes, {})
        elif op == "pool":
            size, step = int(rng.integers(2, 4)), 1 if keeps else int(rng.integers(1, 4))
            attributes = {"kernel": [size] * 2, "strides": [step] * 2, "dilations": [1, 1]}
            attributes |= {"pads": [size // 2, size // 2, (size - 1) // 2, (size - 1) // 2]}
            node = ("max_pool", f"{i}", [value], [value + 1], attributes, {})
        else:
            keeps = False
            node = ("transpose", f"{i}", [value], [value + 1], {"perm": [0, 1, 3, 2]}, {})
        value += 1
        nodes.append(node)
        made.append(value)
        alike = [*alike, value] if keeps and channels == before else [value]
    outputs = []
    for shown in [v for v in made[:-1] if rng.random() < 0.2] + made[-1:]:
        value += 1
        nodes.append(("dequantize_linear", f"out{shown}", [shown], [value], {"type": kind}, UNIT))
        outputs.append(value)
    return first, nodes, value + 1, outputs


def agreed(rng):
    """How many images a chain answers as the reference does."""
    os.environ["PLUMLINE_JIT"] = str(rng.choice(["0", "1"]))
    kind = str(rng.choice(["uint8", "int8"]))
    channels, nodes, values, outputs = random_chain(rng, kind)
    isa, threads = str(rng.choice(ISAS)), int(rng.integers(2, 4))
    reference, *graphs = (
        _native.Graph(values, [(0, [-1, channels, -1, -1])], outputs, {}, nodes, name, count)
        for name, count in (("reference", 1), (isa, 1), (isa, threads))
    )
    count = 0
    for _ in range(3):
        batch = int(rng.choice([1, 1, 2, 5, 33]))
        height, width = rng.integers(1, 24 if batch < 5 else 8, 2).tolist()
        low = -128 if kind == "int8" else 0
        x = rng.integers(low, low + 256, (batch, channels, height, width)).astype(np.float32)
        try:
            expected = run(reference, [x])
        except _native.NativeError:
            continue  # smaller than a kernel
        for graph in graphs:
            for want, got in zip(expected, run(graph, [x]), strict=True):
                np.testing.assert_array_equal(got, want, f"{isa} {x.shape} {graph.kernels()}")
        count += 1
    return count


def main(seed, cases):
    rng = np.random.default_rng(seed)
    print(sum(agreed(rng) for _ in range(cases)))


if __name__ == "__main__":
    main(int(sys.argv[1]), int(sys.argv[2]))
