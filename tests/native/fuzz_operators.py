"""Throws random attributes, shapes and tensors at every operator; a script: a crash shows.

Usage: fuzz_operators.py SEED CASES. Whatever a program says, the engine may answer or refuse with a
NativeError: any other exception, and any crash, is a failure, and so is an answer that depends on
the number of threads. Prints how many cases were answered.
"""

import math
import os
import pathlib
import sys

import numpy as np

sys.path.insert(0, str(pathlib.Path(__file__).parent.parent))
from native_build import use_build_from_environment

use_build_from_environment()
from quantized import UNIT  # noqa: E402 - the build has to be chosen first
from quantized import weights as whole_weights  # noqa: E402 - as above

from plumline.runtime import _native  # noqa: E402 - as above

ISAS = [*_native.available_isas(), "portable_emulated_amx"]
MOST_ELEMENTS = 200_000
EXTREMES = (-(2**63), -(2**31), -1, 0, 2**31 - 1, 2**33, 2**62, 2**63 - 1)
ACTIVATIONS = "none relu leaky_relu clip sigmoid tanh hard_sigmoid hard_swish prelu"
CODES = ["uint8", "int8"]
# Operators that take codes, and the attributes that name the types of their inputs.
TAKES_CODES = {
    "dequantize_linear": ["type"],
    "quantized_add": ["a", "b"],
    "quantized_conv": ["input"],
    "quantized_linear": ["input"],
}
TEXTS = {
    **dict.fromkeys(["type", "a", "b", "input"], CODES),
    "output": [*CODES, "float32"],
    "weights": ["dense", "sparse", "planes"],
    "activation": ACTIVATIONS.split(),
    "mode": ["constant", "reflect", "edge", "wrap"],
}
INTEGERS = {"groups", "filters", "columns", "axis", "keepdims", "ceil_mode", "allow_zero"}
INTEGERS |= {"count_include_pad"}
INTEGERS |= {f"{prefix}zero_point" for prefix in ("", "a_", "b_", "input_")}
INTEGERS |= {f"{prefix}{end}" for prefix in ("", "input_") for end in ("low", "high")}
REALS = {"alpha", "beta", "min", "max", "value", "scale", "a_scale", "b_scale"}
CONV = (
    "kernel strides dilations pads groups filters columns weights activation activation_parameters"
)
INTEGER_LAYER = "filters columns weights input input_zero_point output zero_point low high"
ATTRIBUTES = {
    "quantize_linear": "type axis",
    "dequantize_linear": "type axis",
    "quantized_add": "a a_scale a_zero_point b b_scale b_zero_point output scale zero_point",
    "quantized_conv": f"kernel strides dilations pads groups {INTEGER_LAYER}",
    "quantized_linear": INTEGER_LAYER,
    "conv": CONV,
    "linear": "filters columns weights activation activation_parameters",
    "affine": "activation activation_parameters",
    "leaky_relu": "alpha",
    "hard_sigmoid": "alpha beta",
    "clip": "min max",
    "max_pool": "kernel strides dilations pads ceil_mode",
    "average_pool": "kernel strides dilations pads ceil_mode count_include_pad",
    "reduce_mean": "axes keepdims",
    "softmax": "axis",
    "reshape": "shape allow_zero",
    "flatten": "axis",
    "squeeze": "axes",
    "unsqueeze": "axes",
    "transpose": "perm",
    "concat": "axis",
    "split": "axis sizes",
    "slice": "axes starts ends steps",
    "pad": "pads mode value",
}
WEIGHTS = "weight bias slope row_start value bits coefficient total_coefficient table code"
TENSORS = {"affine": "scale shift slope", "conv": WEIGHTS, "linear": WEIGHTS}
TENSORS |= dict.fromkeys(["quantize_linear", "dequantize_linear"], "scale zero_point")
TENSORS |= dict.fromkeys(["quantized_conv", "quantized_linear"], f"{WEIGHTS} multiplier offset")
METHODS = "dense depthwise direct integer_dense integer_linear integer_merge integer_tables limbs"
METHODS += " merge reference shared_tables sparse tables winograd"
# Operators that take codes as well as numbers, and make what they take.
MOVES_CODES = {"max_pool", "reshape", "flatten", "squeeze", "unsqueeze", "transpose"}
MOVES_CODES |= {"concat", "split", "slice", "copy"}


class Source:
    """Random material, mostly plausible."""

    def __init__(self, seed):
        self.rng = np.random.default_rng(seed)

    def chance(self, share):
        return self.rng.random() < share

    def pick(self, choices):
        return choices[self.rng.integers(len(choices))]

    def integer(self):
        return int(self.pick(EXTREMES)) if self.chance(0.04) else int(self.rng.integers(-2, 6))

    def small(self):
        return self.integer() if self.chance(0.1) else int(self.rng.integers(1, 4))

    def attribute(self, key, rank):
        if self.chance(0.03):
            return self.pick([0, -1, 1.5, float("nan"), "x", [], [1], [1.5, 2], 10**18])
        if key in TEXTS:
            return self.pick(TEXTS[key])
        if key in INTEGERS:
            return self.small() if key in ("groups", "filters") else self.integer()
        if key in REALS:
            return float(self.rng.standard_normal())
        if key == "activation_parameters":
            return [float(x) for x in self.rng.standard_normal(self.rng.integers(0, 3))]
        if key == "perm":
            return self.rng.permutation(rank).tolist()
        n = int(self.rng.integers(0, 5)) if self.chance(0.2) else max(rank - 2, 1)
        if key == "pads":
            n *= 2
            return [self.small() - 1 for _ in range(n)]
        return [self.small() for _ in range(n)]

    def shape(self, rank):
        sizes = self.rng.integers(1, 7, rank).tolist()
        if rank and self.chance(0.3):
            sizes[self.rng.integers(rank)] = int(self.rng.integers(7, 70))
        if rank and self.chance(0.05):
            sizes[self.rng.integers(rank)] = 0
        return sizes

    def array(self, role, attributes):
        m, k = (attributes.get(key) for key in ("filters", "columns"))
        m = m if isinstance(m, int) and 0 < m < 100 else 3
        kernel = attributes.get("kernel")
        if not isinstance(k, int) or not 0 < k < 100:
            volume = math.prod(kernel) if isinstance(kernel, list) else 1
            k = int(min(abs(volume), 300) * self.rng.integers(1, 5))
        k = max(k, 1)
        if self.chance(0.05):
            dtype = self.pick(["f4", "i4", "u4", "u1"])
            return (self.rng.standard_normal(self.shape(self.rng.integers(0, 4))) * 9).astype(dtype)
        if role == "bits":
            return self.rng.integers(0, 256, (m, -(-k // 8))).astype(np.uint8)
        if role == "row_start":
            return np.sort(self.rng.integers(-1, m + 3, m + 1)).astype(np.int32)
        if role == "code":
            return self.rng.integers(0, 256, -(-m * k // 8)).astype(np.uint8)
        shape = {"weight": (m, k), "table": (2,)}.get(role, (m,))
        return self.rng.standard_normal(shape).astype(np.float32)


def coherent(source, op, attributes, shapes, isa):
    """Make the weights of a node fit its input, and its scales, to get past the first check."""
    rank = len(shapes[0])
    if op in ("quantize_linear", "dequantize_linear", "quantized_add"):
        return coherent_scales(source, op, attributes, shapes[0])
    if op in ("conv", "quantized_conv") and rank in (3, 4):
        k, m = coherent_window(source, attributes, shapes[0])
    elif op in ("linear", "quantized_linear") and rank:
        k, m = shapes[0][-1], int(source.rng.integers(1, 40))
    else:
        return {}
    attributes |= {"columns": k, "filters": m}
    if source.chance(0.5):
        size = "x".join(map(str, shapes[0]))
        attributes["tuned"] = f"{isa} {size} {source.pick(METHODS.split())}"
    if op.startswith("quantized"):
        return with_a_lie(source, coherent_codes(source, attributes, m, max(k, 1)), m, k)
    attributes["weights"] = source.pick(TEXTS["weights"])
    attributes |= {"activation": "none", "activation_parameters": []}
    if op == "conv" and source.chance(0.2):
        support, tile = int(source.chance(0.5)), int(source.rng.integers(1, 9))
        attributes |= {"kernels": "summerge", "tile": tile, "sparsity_support": support}
    return with_a_lie(source, coherent_floats(source, attributes["weights"], m, k), m, k)


def coherent_window(source, attributes, image):
    """Any window, one channel a group now and then, and padding that no network has."""
    rng, axes = source.rng, len(image) - 2
    kernel = [3] * axes if source.chance(0.4) else rng.integers(1, 6, axes).tolist()
    groups = image[1] if source.chance(0.3) else 1
    dilation = int(source.pick([1, 1, 1, 1, 2, 5, 1000, 2**19]))
    pads = [(n // 2) * dilation for n in kernel] * 2
    if dilation < 10:
        pads = [pad + int(rng.integers(0, 3)) for pad in pads]
        if source.chance(0.1):
            pads[rng.integers(2 * axes)] += int(rng.integers(10, 3000))
    attributes |= {"kernel": kernel, "groups": groups, "pads": pads}
    attributes |= {"dilations": [dilation] * axes, "strides": rng.integers(1, 4, axes).tolist()}
    filters = int(rng.integers(1, 3)) if groups > 1 else int(rng.integers(1, 40))
    return image[1] // max(groups, 1) * math.prod(kernel), max(groups, 1) * filters


def coherent_floats(source, weights, m, k):
    """Weights of a form, real ones as they are or as codes of a table."""
    rng = source.rng
    mask = rng.random((m, k)) < 0.4
    tensors = {} if weights == "dense" else {"bits": np.packbits(mask, axis=1, bitorder="little")}
    if weights == "planes":
        tensors["coefficient"] = rng.standard_normal(m).astype(np.float32)
        if source.chance(0.3):
            tensors["row_start"] = np.arange(m + 1, dtype=np.int32)
        return tensors
    numbers, role = (m * k, "weight") if weights == "dense" else (int(mask.sum()), "value")
    if source.chance(0.5):
        return tensors | coded(source, numbers)
    shape = (m, k) if weights == "dense" else (numbers,)
    return tensors | {role: rng.standard_normal(shape).astype(np.float32)}


def coded(source, numbers):
    """Random places in a random table, one after the other in as few bits as they need."""
    rng = source.rng
    places = int(source.pick([2, 3, 4, 16, 17, 255, 257, 5000]))
    place, width = rng.integers(0, places, (numbers, 1)), (places - 1).bit_length()
    bits = (place >> np.arange(width)) & 1
    table = rng.standard_normal(places).astype(np.float32)
    return {"table": table, "code": np.packbits(bits.astype(np.uint8), bitorder="little")}


def coherent_scales(source, op, attributes, shape):
    """Scales along axis 1, or one for all."""
    rng = source.rng
    if op == "quantized_add":
        attributes |= {key: source.pick(CODES) for key in ("a", "b", "output")}
        for prefix in ("", "a_", "b_"):
            attributes |= {f"{prefix}scale": float(rng.random() + 0.1), f"{prefix}zero_point": 3}
        return {}
    n = shape[1] if len(shape) > 1 and source.chance(0.7) else 1
    attributes |= {"type": source.pick(CODES), "axis": 1}
    return {
        "scale": (rng.random(n) + 0.1).astype(np.float32),
        "zero_point": rng.integers(0, 128, n).astype(np.int32),
    }


def coherent_codes(source, attributes, m, k):
    """What a layer on codes needs beside its geometry."""
    rng = source.rng
    form = source.pick(["dense", "ternary", "binary", "signed_binary"])
    attributes["weights"], tensors, _ = whole_weights(rng, form, m, k)
    attributes |= {"input": source.pick(CODES), "output": source.pick(TEXTS["output"])}
    attributes |= {"input_zero_point": 5, "zero_point": 9, "low": 0, "high": 120}
    tensors["multiplier"] = (rng.random(m) + 0.01).astype(np.float32)
    if source.chance(0.5):
        tensors["bias"] = rng.integers(-1000, 1000, m).astype(np.int32)
    return tensors


def with_a_lie(source, tensors, m, k):
    rng = source.rng
    if source.chance(0.5) and tensors:
        role = source.pick(list(tensors))
        tensor = tensors[role].copy()
        if tensor.size:
            flat = tensor.reshape(-1)
            flat[rng.integers(flat.size)] = source.pick([0, 1, 5, 100, 127])
            if tensor.dtype == np.int32 and source.chance(0.3):
                flat[rng.integers(flat.size)] = source.pick([-1, -(2**31), 2**31 - 1, k, m])
        tensors[role] = tensor[: rng.integers(0, len(tensor) + 1)] if source.chance(0.3) else tensor
    return tensors


def among_floats(op, n, outputs, attributes, tensors, moved):
    """Programs take and give float32: nodes before and after one that does not."""
    codes = [moved] * n if moved else [attributes.get(key) for key in TAKES_CODES.get(op, [])]
    front = [
        ("quantize_linear", f"in{i}", [i], [n + i], {"type": code}, UNIT)
        for i, code in enumerate(codes[:n])
        if code in CODES
    ]
    first = 2 * n
    made = list(range(first, first + outputs))
    given = [n + i if codes else i for i in range(n)]
    nodes = [*front, (op, op, given, made, attributes, tensors)]
    code = moved or attributes.get("type" if op == "quantize_linear" else "output")
    if (moved or op == "quantize_linear" or op.startswith("quantized")) and code in CODES:
        nodes += [
            ("dequantize_linear", "out", [value], [value + outputs], {"type": code}, UNIT)
            for value in made
        ]
        made = [value + outputs for value in made]
    return nodes, made, first + 2 * outputs


def random_node(source, isa):
    """A node, the shapes it is given, how many outputs it is said to have; the type it moves."""
    op = source.pick(_native.operators())
    n = {"concat": int(source.rng.integers(1, 4))}.get(op, 1)
    if op in ("add", "sub", "mul", "div", "prelu", "matmul", "quantized_add"):
        n = 2
    if source.chance(0.05):
        n = int(source.rng.integers(0, 4))
    rank = source.pick([3, 4]) if source.chance(0.6) else int(source.rng.integers(0, 6))
    first = source.shape(rank)
    shapes = [first] + [
        list(first) if source.chance(0.6) else source.shape(int(source.rng.integers(0, 6)))
        for _ in range(n - 1)
    ]
    shapes = shapes[:n]
    keys = ATTRIBUTES.get(op, "").split()
    attributes = {k: source.attribute(k, rank) for k in keys if not source.chance(0.02)}
    roles = TENSORS.get(op, "").split()
    tensors = {r: source.array(r, attributes) for r in roles if not source.chance(0.3)}
    if shapes and source.chance(0.7):
        tensors = coherent(source, op, attributes, shapes, isa) or tensors
    if op == "affine" and rank > 1 and source.chance(0.7):
        tensors = {r: np.ones(first[1], np.float32) for r in roles}
    if op == "split" and rank and source.chance(0.7):
        attributes |= {"axis": 0, "sizes": [first[0]]}
    outputs = 1 if source.chance(0.95) else int(source.rng.integers(0, 3))
    if op == "split" and isinstance(attributes.get("sizes"), list):
        outputs = len(attributes["sizes"])
    moved = source.pick(CODES) if op in MOVES_CODES and source.chance(0.4) else None
    return (op, attributes, tensors), shapes, outputs, moved


def attempt(source):
    isa = source.pick(ISAS)
    (op, attributes, tensors), shapes, outputs, moved = random_node(source, isa)
    nodes, made, values = among_floats(op, len(shapes), outputs, attributes, tensors, moved)
    os.environ["PLUMLINE_JIT"] = source.pick(["0", "1"])
    arrays = [source.rng.standard_normal(shape).astype(np.float32) * 9 for shape in shapes]
    answers = []
    try:
        for threads in (1, int(source.rng.integers(2, 4))):
            declared = [(i, [-1] * len(shape)) for i, shape in enumerate(shapes)]
            graph = _native.Graph(values, declared, made, {}, nodes, isa, threads)
            inferred = graph.infer(shapes)
            if sum(float(np.prod(shape)) for shape in inferred) > MOST_ELEMENTS:
                return False
            results = [np.empty(shape, np.float32) for shape in inferred]
            graph.run(arrays, results)
            answers.append([result.tobytes() for result in results])
    except _native.NativeError as error:
        if "\n" in str(error) or answers:
            raise
        return False
    assert answers[0] == answers[1], (isa, shapes, nodes)
    return True


def main(seed, cases):
    source = Source(seed)
    answered = sum(attempt(source) for _ in range(cases))
    print(answered)


if __name__ == "__main__":
    main(int(sys.argv[1]), int(sys.argv[2]))
