"""Random chains of convolutions on images of changing sizes, against the reference; a script.

Usage: fuzz_chains.py SEED CASES. Values stay sub-images where a chain allows it, residuals among
them; strides, groups, dilations and outputs in between end that. Prints how many answers agreed.
"""

import os
import pathlib
import sys

import numpy as np

sys.path.insert(0, str(pathlib.Path(__file__).parent.parent))
from native_build import use_build_from_environment

use_build_from_environment()
from matrices import conv_node  # noqa: E402 - the build has to be chosen first
from native_support import run  # noqa: E402 - as above

from plumline.runtime import _native  # noqa: E402 - as above

ISAS = [isa for isa in _native.available_isas() if isa != "reference"]
FORMS = ["signed_binary", "binary", "ternary", "two_valued", "planes", "dense", "sparse"]
CHANNELS = [3, 8, 16, 17, 40, 70]


def random_chain(rng):
    """Nodes, values and outputs; the first value is the input, each node makes the next."""
    first = channels = int(rng.choice(CHANNELS))
    nodes, residuals = [], []
    for i in range(int(rng.integers(1, 5))):
        keeps = rng.random() < 0.7  # the size, and often the channels
        kernel = [int(k) for k in rng.choice([1, 3, 5], 2)]
        dilations, strides, groups = [1, 1], [1, 1], 1
        if not keeps:
            dilations, strides = rng.integers(1, 3, 2).tolist(), rng.integers(1, 4, 2).tolist()
            groups = int(rng.choice([1, channels, 2])) if channels % 2 == 0 else 1
        pads = [k // 2 for k in kernel] * 2 if keeps else rng.integers(2, 5, 4).tolist()
        filters = channels if rng.random() < 0.7 else groups * int(rng.integers(1, 30))
        node = conv_node(
            rng,
            str(rng.choice(FORMS)),
            filters,
            channels // groups,
            kernel,
            groups=groups,
            strides=strides,
            dilations=dilations,
            pads=pads,
            activation=str(rng.choice(["none", "relu", "prelu"])),
        )
        residuals = [*residuals, i] if keeps and filters == channels else []
        given = [i, int(rng.choice(residuals))] if residuals and rng.random() < 0.5 else [i]
        nodes.append(("conv", f"conv{i}", given, [i + 1], node.attributes, node.tensors))
        if not keeps or filters != channels:
            residuals = []
        channels = filters
    outputs = [value for value in range(1, len(nodes)) if rng.random() < 0.2] + [len(nodes)]
    return first, nodes, outputs


def agreed(rng):
    """How many images a chain answers as the reference does."""
    os.environ["PLUMLINE_JIT"] = str(rng.choice(["0", "1"]))
    channels, nodes, outputs = random_chain(rng)
    isa = str(rng.choice(ISAS))
    alone, shared, reference = (
        _native.Graph(
            len(nodes) + 1, [(0, [-1, channels, -1, -1])], outputs, {}, nodes, name, threads
        )
        for name, threads in ((isa, 1), (isa, int(rng.integers(2, 4))), ("reference", 1))
    )
    count = 0
    for _ in range(3):
        batch = int(rng.choice([1, 1, 2, 5, 17]))
        height, width = rng.integers(1, 20 if batch < 5 else 8, 2).tolist()
        x = rng.standard_normal((batch, channels, height, width)).astype(np.float32)
        try:
            expected = run(reference, [x])
        except _native.NativeError:
            continue  # smaller than a kernel
        for want, got, same in zip(expected, run(alone, [x]), run(shared, [x]), strict=True):
            # The rounding of four layers; what is wrong is wrong by more.
            np.testing.assert_allclose(got, want, atol=1e-4 * np.abs(want).max() + 1e-30)
            np.testing.assert_array_equal(same, got)
        count += 1
    return count


def main(seed, cases):
    rng = np.random.default_rng(seed)
    print(sum(agreed(rng) for _ in range(cases)))


if __name__ == "__main__":
    main(int(sys.argv[1]), int(sys.argv[2]))
