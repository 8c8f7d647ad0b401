"""Values that stay sub-images between convolutions: any batch and size, residuals, outputs."""

import functools
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from matrices import conv_node
from native_support import of_floats, run

native: Any = pytest.importorskip("plumline.runtime._native")
ISAS = [isa for isa in native.available_isas() if isa not in ("reference", "amx")]

# Merge code is generated, and forbidden with PLUMLINE_JIT=0.
KERNELS = [("shared_tables", "0", isa) for isa in ISAS] + [
    ("merge", "1", isa) for isa in ISAS if isa in ("avx2", "avx512")
]

# batch, height, width: an image to a block, several, more than there are; odd sizes.
CHANNELS = 40
IMAGES = [
    (1, 32, 32),
    (1, 7, 7),
    (1, 14, 13),
    (1, 1, 40),
    (3, 16, 16),
    (5, 9, 4),
    (8, 7, 7),
    (17, 6, 6),
    (2, 32, 32),
    (16, 14, 14),
]


def chain(form: str, kernel: int, isa: str, threads: int) -> Any:
    """Four convolutions that keep the size; the third adds what the first made."""
    rng = np.random.default_rng(0)
    inputs = [[0], [1], [2, 1], [3]]
    nodes = []
    for i, given in enumerate(inputs):
        node = conv_node(
            rng,
            form,
            CHANNELS,
            CHANNELS,
            [kernel, kernel],
            pads=[kernel // 2] * 4,
            activation="relu",
        )
        nodes.append(("conv", f"conv{i}", given, [i + 1], node.attributes, node.tensors))
    return native.Graph(5, [(0, [-1, CHANNELS, -1, -1])], [2, 4], {}, nodes, isa, threads)


@pytest.fixture(scope="module")
def expected() -> Callable[..., list[np.ndarray]]:
    """The answers of the reference, which is slow, computed once for all kernels."""

    @functools.cache
    def compute(form: str, kernel: int, images: tuple[int, int, int]) -> list[np.ndarray]:
        return run(chain(form, kernel, "reference", 1), [pixels(images)])

    return compute


def pixels(images: tuple[int, int, int]) -> np.ndarray:
    batch, height, width = images
    shape = (batch, CHANNELS, height, width)
    return np.random.default_rng(1).standard_normal(shape).astype(np.float32)


@pytest.mark.parametrize(("kernel", "generate", "isa"), KERNELS)
@pytest.mark.parametrize("images", IMAGES)
@pytest.mark.parametrize(("form", "size"), [("signed_binary", 3), ("binary", 3), ("ternary", 5)])
def test_chains_equal_the_reference(
    form: str,
    size: int,
    images: tuple[int, int, int],
    kernel: str,
    generate: str,
    isa: str,
    expected: Callable[..., list[np.ndarray]],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("PLUMLINE_JIT", generate)
    x = pixels(images)
    one_thread = run(chain(form, size, isa, 1), [x])
    three_threads = run(chain(form, size, isa, 3), [x])
    for want, got, again in zip(
        expected(form, size, images), one_thread, three_threads, strict=True
    ):
        np.testing.assert_allclose(got, want, atol=1e-5 * np.abs(want).max())
        np.testing.assert_array_equal(got, again)


def shifted(isa: str, threads: int) -> Any:
    """Four convolutions, an affine step and an activation between; the affine is a residual."""
    rng = np.random.default_rng(0)
    constants = {
        role: rng.standard_normal(CHANNELS).astype(np.float32)
        for role in ("scale", "shift", "slope")
    }
    prelu = {"activation": "prelu", "activation_parameters": []}
    clip = {"min": -1.0, "max": 1.5}

    def conv(inputs: list[int], output: int) -> tuple[Any, ...]:
        node = conv_node(rng, "signed_binary", CHANNELS, CHANNELS, [3, 3], pads=[1] * 4)
        return "conv", f"conv{output}", inputs, [output], node.attributes, node.tensors

    nodes = [
        conv([0], 1),
        ("affine", "affine", [1], [2], prelu, constants),
        conv([2], 3),
        ("clip", "clip", [3], [4], clip, {}),
        conv([4, 2], 5),
        conv([5], 6),
    ]
    return native.Graph(7, [(0, [-1, CHANNELS, -1, -1])], [6], {}, nodes, isa, threads)


@pytest.mark.parametrize(("kernel", "generate", "isa"), KERNELS)
@pytest.mark.parametrize("images", IMAGES)
def test_steps_that_go_number_by_number_stay_between(
    images: tuple[int, int, int],
    kernel: str,
    generate: str,
    isa: str,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """On sub-images that the images fill, and on others, where a shift would show at the edges."""
    monkeypatch.setenv("PLUMLINE_JIT", generate)
    x = pixels(images)
    (want,) = run(shifted("reference", 1), [x])
    (got,) = run(shifted(isa, 1), [x])
    np.testing.assert_allclose(got, want, atol=1e-5 * np.abs(want).max())
    np.testing.assert_array_equal(run(shifted(isa, 3), [x])[0], got)


@pytest.mark.parametrize(("kernel", "generate", "isa"), KERNELS)
@pytest.mark.parametrize("images", [(1, 32, 32), (3, 16, 16), (16, 14, 14)])
def test_only_what_comes_from_outside_is_converted(
    images: tuple[int, int, int],
    kernel: str,
    generate: str,
    isa: str,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("PLUMLINE_JIT", generate)
    graph = shifted(isa, 1)
    graph.infer([pixels(images).shape])
    assert graph.conversions == 1


@pytest.mark.parametrize(("kernel", "generate", "isa"), KERNELS)
@pytest.mark.parametrize(("first", "conversions"), [("conv", 2), ("max_pool", 1)])
def test_a_step_follows_what_comes_before_it_where_its_readers_differ(
    first: str,
    conversions: int,
    kernel: str,
    generate: str,
    isa: str,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """A rectifier that a convolution reads, as sub-images, and a mean, row by row."""
    monkeypatch.setenv("PLUMLINE_JIT", generate)
    node = conv_node(
        np.random.default_rng(0), "signed_binary", CHANNELS, CHANNELS, [3, 3], pads=[1] * 4
    )
    conv = (node.attributes, node.tensors)
    pool = {"kernel": [3, 3], "strides": [1, 1], "pads": [1] * 4, "dilations": [1, 1]}
    nodes = [
        ("conv", "before", [0], [1], *conv)
        if first == "conv"
        else ("max_pool", "before", [0], [1], {**pool, "ceil_mode": 0}, {}),
        ("relu", "between", [1], [2], {}, {}),
        ("conv", "after", [2], [3], *conv),
        ("reduce_mean", "mean", [2], [4], {"axes": [2, 3], "keepdims": 0}, {}),
    ]
    graph = native.Graph(5, [(0, [-1, CHANNELS, -1, -1])], [3, 4], {}, nodes, isa, 1)
    graph.infer([(1, CHANNELS, 32, 32)])
    assert graph.conversions == conversions


@pytest.mark.parametrize(("kernel", "generate", "isa"), KERNELS)
def test_a_chain_runs_on_sub_images(
    kernel: str, generate: str, isa: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PLUMLINE_JIT", generate)
    graph = chain("signed_binary", 3, isa, 1)
    graph.infer([(1, CHANNELS, 28, 28)])
    assert graph.kernels() == [f"{kernel}/{of_floats(isa)}"] * 4


@pytest.mark.parametrize(("kernel", "generate", "isa"), KERNELS)
@pytest.mark.parametrize("sizes", [[(1, 1), (28, 28), (1, 1)], [(28, 28), (1, 9), (9, 1)]])
def test_a_stride_that_an_image_is_too_small_to_take(
    sizes: list[tuple[int, int]],
    kernel: str,
    generate: str,
    isa: str,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """One graph, whatever it made for the images before."""
    monkeypatch.setenv("PLUMLINE_JIT", generate)
    node = conv_node(
        np.random.default_rng(0),
        "signed_binary",
        CHANNELS,
        CHANNELS,
        [3, 3],
        strides=[2, 2],
        pads=[1] * 4,
    )
    nodes = [("conv", "conv", [0], [1], node.attributes, node.tensors)]
    graphs = [
        native.Graph(2, [(0, [-1, CHANNELS, -1, -1])], [1], {}, nodes, name, 1)
        for name in (isa, "reference")
    ]
    for height, width in sizes:
        x = pixels((1, height, width))
        (got,), (want,) = (run(graph, [x]) for graph in graphs)
        np.testing.assert_allclose(got, want, atol=1e-5 * np.abs(want).max())


@pytest.mark.parametrize(("kernel", "generate", "isa"), KERNELS)
@pytest.mark.parametrize("stride", [1, 2, 3])
@pytest.mark.parametrize("images", [*IMAGES, (1, 19, 31), (2, 30, 5)])
def test_row_major_images_go_in_and_come_out(
    images: tuple[int, int, int],
    stride: int,
    kernel: str,
    generate: str,
    isa: str,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """With a residual of the output's shape, and groups, whose images begin further on."""
    monkeypatch.setenv("PLUMLINE_JIT", generate)
    rng = np.random.default_rng(2)
    node = conv_node(
        rng,
        "signed_binary",
        16,
        CHANNELS // 2,
        [3, 3],
        groups=2,
        strides=[stride] * 2,
        pads=[1, 0, 1, 2],
        activation="leaky_relu",
    )
    x = pixels(images)
    method = f"{of_floats(isa)} {'x'.join(map(str, x.shape))} {kernel}"
    answers = []
    for name, threads in ((isa, 1), (isa, 2), ("reference", 1)):
        node.attributes["tuned"] = method.replace(of_floats(isa), name)
        nodes = [("conv", "conv", [0, 1], [2], node.attributes, node.tensors)]
        alone = [("conv", "conv", [0], [1], node.attributes, node.tensors)]
        any_size = [-1, -1, -1, -1]
        (shape,) = native.Graph(2, [(0, any_size)], [1], {}, alone, name, 1).infer([x.shape])
        residual = np.random.default_rng(3).standard_normal(shape).astype(np.float32)
        graph = native.Graph(3, [(0, any_size), (1, any_size)], [2], {}, nodes, name, threads)
        answers.append(run(graph, [x, residual])[0])
    one, two, want = answers
    np.testing.assert_allclose(one, want, atol=1e-5 * np.abs(want).max())
    np.testing.assert_array_equal(one, two)


@pytest.mark.parametrize(("kernel", "generate", "isa"), KERNELS)
def test_a_worker_has_bounds(
    kernel: str, generate: str, isa: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Few planes leave room for many rows of sums, but the channels of as many rows have none."""
    monkeypatch.setenv("PLUMLINE_JIT", generate)
    node = conv_node(np.random.default_rng(0), "signed_binary", 1, 256, [3, 3], pads=[1] * 4)
    nodes = [("conv", "conv", [0], [1], node.attributes, node.tensors)]
    graph = native.Graph(2, [(0, [-1, 256, -1, -1])], [1], {}, nodes, isa, 1)
    graph.infer([(1, 256, 512, 512)])
    converted = 256 * 512 * 512 * 4
    assert graph.arena_bytes - converted <= 2**25
