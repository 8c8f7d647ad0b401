"""Values that stay sub-images between convolutions: any batch and size, residuals, outputs."""

from typing import Any

import numpy as np
import pytest
from matrices import conv_node
from native_support import of_floats, run

native: Any = pytest.importorskip("plumline.runtime._native")
ISAS = [isa for isa in native.available_isas() if isa != "reference"]

# batch, height, width: an image to a block, several, more than there are; odd sizes.
IMAGES = [
    (1, 32, 32),
    (1, 7, 7),
    (1, 14, 13),
    (1, 1, 40),
    (3, 16, 16),
    (5, 9, 4),
    (8, 7, 7),
    (17, 6, 6),
]


def chain(form: str, kernel: int, isa: str, threads: int) -> Any:
    """Four convolutions that keep the size; the third adds what the first made."""
    rng = np.random.default_rng(0)
    inputs = [[0], [1], [2, 1], [3]]
    nodes = []
    for i, given in enumerate(inputs):
        node = conv_node(
            rng, form, 64, 64, [kernel, kernel], pads=[kernel // 2] * 4, activation="relu"
        )
        nodes.append(("conv", f"conv{i}", given, [i + 1], node.attributes, node.tensors))
    return native.Graph(5, [(0, [-1, 64, -1, -1])], [2, 4], {}, nodes, isa, threads)


@pytest.mark.parametrize("isa", ISAS)
@pytest.mark.parametrize("images", IMAGES)
@pytest.mark.parametrize(("form", "kernel"), [("signed_binary", 3), ("binary", 3), ("ternary", 5)])
def test_chains_equal_the_reference(
    form: str, kernel: int, images: tuple[int, int, int], isa: str
) -> None:
    batch, height, width = images
    x = np.random.default_rng(1).standard_normal((batch, 64, height, width)).astype(np.float32)
    answers = []
    for name, threads in [("reference", 1), (isa, 1), (isa, 3)]:
        graph = chain(form, kernel, name, threads)
        answers.append(run(graph, [x]))
    for want, got, again in zip(*answers, strict=True):
        np.testing.assert_allclose(got, want, atol=1e-5 * np.abs(want).max())
        np.testing.assert_array_equal(got, again)


@pytest.mark.parametrize("isa", ISAS)
def test_a_chain_runs_on_sub_images(isa: str) -> None:
    graph = chain("signed_binary", 3, isa, 1)
    graph.infer([(1, 64, 28, 28)])
    assert graph.kernels() == [f"shared_tables/{of_floats(isa)}"] * 4
