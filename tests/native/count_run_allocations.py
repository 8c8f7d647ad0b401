"""Prints how many allocations one run() of a program makes, for each operator.

Needs the counter preloaded. The first number is that of the empty program: what the binding itself
needs to hand the arrays over.
"""

import ctypes
import gc
import json
import pathlib
import sys

import numpy as np

sys.path.insert(0, str(pathlib.Path(__file__).parent.parent))
from native_build import use_build_from_environment

use_build_from_environment()
from plumline.runtime import _native  # noqa: E402 - the build has to be chosen first

count = ctypes.CDLL(None).count_allocations
count.restype = ctypes.c_long

WEIGHT = np.ones((3, 3 * 9), np.float32)
CONV = {
    "kernel": [3, 3],
    "strides": [1, 1],
    "dilations": [1, 1],
    "pads": [1, 1, 1, 1],
    "groups": 1,
    "filters": 3,
    "columns": 27,
    "weights": "dense",
    "activation": "relu",
    "activation_parameters": [],
}
PACKED = CONV | {"weights": "planes"}
PLANES = {
    "bits": np.packbits(WEIGHT > 0, axis=1, bitorder="little"),
    "coefficient": np.ones(3, np.float32),
}
CHANNELS = np.ones(3, np.float32)
SIGNS = np.random.default_rng(0).choice([-1, 1], (40, 40 * 9)).astype(np.float32)
BODY = CONV | {"filters": 40, "columns": 40 * 9}
BINARY = {
    "bits": np.packbits(SIGNS > 0, axis=1, bitorder="little"),
    "coefficient": np.full(40, 2, np.float32),
    "total_coefficient": np.full(40, -1, np.float32),
}
CODED = {
    "table": np.array([-1, 1], np.float32),
    "code": np.packbits(SIGNS > 0, bitorder="little"),
}
MARKED = np.arange(40 * 9) % 5 == 0
SPARSE = {
    "bits": np.packbits(np.tile(MARKED, (40, 1)), axis=1, bitorder="little"),
    "value": SIGNS[:, MARKED].reshape(-1),
}
FIRST = CONV | {"filters": 40}
STEM = ("conv", "stem", [0], [1], FIRST, {"weight": np.ones((40, 27), np.float32)})
UNIT = {"scale": np.ones(1, np.float32), "zero_point": np.zeros(1, np.int32)}
CODES = {"input": "uint8", "input_zero_point": 3, "output": "uint8", "zero_point": 3}
ADDED = {"a": "uint8", "b": "uint8", "output": "uint8"}
ADDED |= {f"{prefix}scale": 0.5 for prefix in ("", "a_", "b_")}
ADDED |= {f"{prefix}zero_point": 3 for prefix in ("", "a_", "b_")}
MULTIPLIED = BINARY | {"multiplier": np.full(40, 0.01, np.float32)}


def body(**attributes):
    """A convolution of 40 channels behind one that makes them."""
    tensors = {"planes": BINARY, "dense": CODED, "sparse": SPARSE}[attributes["weights"]]
    return [STEM, ("conv", "n", [1], [2], BODY | attributes, tensors)]


def codes():
    """Layers on codes that stay sub-images, and what comes between."""
    attributes = {key: BODY[key] for key in ("kernel", "strides", "dilations", "pads", "groups")}
    attributes |= CODES | {"filters": 40, "columns": 40 * 9, "weights": "planes"}
    return [
        STEM,
        ("quantize_linear", "q", [1], [2], {"type": "uint8"}, UNIT),
        ("quantized_conv", "a", [2], [3], attributes, MULTIPLIED),
        ("quantized_conv", "b", [3], [4], attributes, MULTIPLIED),
        ("quantized_add", "c", [4, 2], [5], ADDED, {}),
        ("max_pool", "d", [5], [6], {"kernel": [3, 3], "strides": [2, 2]}, {}),
        ("transpose", "e", [6], [7], {"perm": [0, 2, 3, 1]}, {}),
        ("dequantize_linear", "f", [7], [8], {"type": "uint8"}, UNIT),
    ]


NODES = {
    "conv": [("conv", "n", [0], [1], CONV, {"weight": WEIGHT})],
    "conv planes": [("conv", "n", [0], [1], PACKED, PLANES)],
    "depthwise": [
        ("conv", "n", [0], [1], CONV | {"groups": 3, "columns": 9}, {"weight": WEIGHT[:, :9]})
    ],
    "sub-images": body(weights="planes"),
    "summerge": body(weights="planes", kernels="summerge", tile=4, sparsity_support=1),
    "table": body(weights="dense"),
    "sparse": body(weights="sparse"),
    "codes": codes(),
    "affine": [("affine", "n", [0], [1], {}, {"scale": CHANNELS, "shift": CHANNELS})],
    "relu": [("relu", "n", [0], [1], {}, {})],
    "add": [("add", "n", [0, 0], [1], {}, {})],
    "matmul": [("matmul", "n", [0, 0], [1], {}, {})],
    "pool": [("max_pool", "n", [0], [1], {"kernel": [2, 2]}, {})],
    "reduce_mean": [("reduce_mean", "n", [0], [1], {"axes": [0, 2], "keepdims": 1}, {})],
    "softmax": [("softmax", "n", [0], [1], {"axis": 1}, {})],
    "transpose": [("transpose", "n", [0], [1], {"perm": [0, 3, 1, 2]}, {})],
    "concat": [("concat", "n", [0, 0], [1], {"axis": 1}, {})],
    "slice": [
        ("slice", "n", [0], [1], {"axes": [3], "starts": [9], "ends": [0], "steps": [-2]}, {})
    ],
    "pad": [("pad", "n", [0], [1], {"pads": [0, 0, 1, 1, 0, 0, 1, 1], "mode": "reflect"}, {})],
    "chain": [("relu", "n", [i], [i + 1], {}, {}) for i in range(200)],
}


def allocations(nodes, isa, threads):
    values = len(nodes) + 1
    shape = (2, 3, 64, 64)
    graph = _native.Graph(values, [(0, list(shape))], [values - 1], {}, nodes, isa, threads)
    x = np.zeros(shape, np.float32)
    y = np.empty(graph.infer([shape])[0], np.float32)
    counts = []
    gc.disable()
    for _ in range(5):
        before = count()
        graph.run([x], [y])
        counts.append(count() - before)
    return min(counts)


isa, threads = sys.argv[1], int(sys.argv[2])
result = {name: allocations(nodes, isa, threads) for name, nodes in NODES.items()}
print(json.dumps({"nothing": allocations([], isa, threads)} | result))
