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
NODES = {
    "conv": [("conv", "n", [0], [1], CONV, {"weight": WEIGHT})],
    "conv planes": [("conv", "n", [0], [1], PACKED, PLANES)],
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
