"""The step ``conv``: any shape, form of weights, activation, instruction set, threads."""

from typing import Any

import numpy as np
import pytest
from conv_cases import LAYERS, ONE, layer_of, random_case
from matrices import (
    ACTIVATIONS,
    FORMS,
    assert_close,
    conv_node,
    convolve,
    normal,
    random_activation,
)
from native_support import of_floats

native: Any = pytest.importorskip("plumline.runtime._native")
ISAS = native.available_isas()
WITHOUT_TILES = [isa for isa in ISAS if isa not in ("reference", "amx")]


@pytest.mark.parametrize("isa", ISAS)
@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize("seed", range(8))
def test_random_convolutions_equal_numpy(form: str, isa: str, seed: int) -> None:
    rng = np.random.default_rng([seed, FORMS.index(form)])
    for _ in range(5):
        node, shape = random_case(rng, form)
        x = normal(rng, shape)
        sums = convolve(node, x)
        residual = normal(rng, sums.shape) if rng.random() < 0.5 else None
        y = node.run(native, isa, x, residual, threads=int(rng.integers(1, 4)))
        assert_close(node, y, node.finish(sums, residual))


@pytest.mark.parametrize("isa", ISAS)
@pytest.mark.parametrize("activation", ACTIVATIONS)
def test_each_activation(activation: str, isa: str) -> None:
    rng = np.random.default_rng(1)
    node = conv_node(rng, "ternary", 24, 6, [3, 3], pads=[1, 1, 1, 1], activation=activation)
    x = normal(rng, (2, 6, 7, 9))
    sums = convolve(node, x)
    residual = normal(rng, sums.shape)
    assert_close(node, node.run(native, isa, x, residual), node.finish(sums, residual))


@pytest.mark.parametrize("isa", ISAS)
@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize("layer", LAYERS)
def test_layers_of_networks_equal_numpy(layer: str, form: str, isa: str) -> None:
    rng = np.random.default_rng(2)
    node, x = layer_of(layer, form, rng, batch=2)
    assert_close(node, node.run(native, isa, x), node.finish(convolve(node, x), None))


@pytest.mark.parametrize("isa", WITHOUT_TILES)
@pytest.mark.parametrize(
    ("form", "layer", "kernel"),
    [
        ("dense", "body", "winograd"),
        ("dense", "down", "direct"),
        ("dense", "deep", "direct"),  # too few squares to pay for four times the weights
        ("dense", "dilated", "dense|direct"),  # most of the rows to copy are padding
        ("sparse", "body", "sparse"),
        ("signed_binary", "wide", "shared_tables"),
        ("signed_binary", "down", "sparse|tables"),  # a third of the weights
        ("binary", "narrow groups", "dense|direct"),  # too few filters to pay for tables
        ("ternary", "depthwise", "depthwise"),
        ("dense", "depthwise", "depthwise"),
    ],
)
def test_kernel_says_what_runs(
    form: str, layer: str, kernel: str, isa: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PLUMLINE_JIT", "0")
    rng = np.random.default_rng(3)
    node, x = layer_of(layer, form, rng)
    node.run(native, isa, x)
    assert node.kernels in [[f"{name}/{of_floats(isa)}"] for name in kernel.split("|")]


@pytest.mark.parametrize("isa", [isa for isa in ISAS if isa in ("avx2", "avx512")])
@pytest.mark.parametrize(
    ("layer", "form"), [("body", "signed_binary"), ("wide", "signed_binary"), ("folded", "binary")]
)
def test_generated_code_runs_where_it_may(layer: str, form: str, isa: str) -> None:
    node, x = layer_of(layer, form, np.random.default_rng(3))
    node.run(native, isa, x)
    assert node.kernels == [f"merge/{isa}"]


@pytest.mark.parametrize("isa", ISAS)
@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize("layer", ["body", "wide", "folded", "deep", "down", "depthwise"])
def test_threads_do_not_change_a_bit(layer: str, form: str, isa: str) -> None:
    rng = np.random.default_rng(4)
    node, x = layer_of(layer, form, rng)
    one = node.run(native, isa, x, threads=1)
    for threads in (2, 5):
        assert np.array_equal(one, node.run(native, isa, x, threads=threads))


# Merge code is generated, and forbidden with PLUMLINE_JIT=0.
SUB_IMAGE_KERNELS = [("shared_tables", "0", isa) for isa in WITHOUT_TILES] + [
    ("merge", "1", isa) for isa in WITHOUT_TILES if isa in ("avx2", "avx512")
]


@pytest.mark.parametrize(("kernel", "generate", "isa"), SUB_IMAGE_KERNELS)
@pytest.mark.parametrize("form", ["signed_binary", "binary", "ternary", "planes"])
def test_sub_image_kernels_equal_numpy(
    form: str, kernel: str, generate: str, isa: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Images large enough for them: any kernel, stride, padding, dilation, groups, threads."""
    monkeypatch.setenv("PLUMLINE_JIT", generate)
    rng = np.random.default_rng([10, FORMS.index(form)])
    ran = 0
    for channels in (3, 16, 20, 32, 64, 65, 136):
        groups, filters = int(rng.choice([1, 1, 2])), int(rng.choice([40, 56, 72]))
        steps = [1] if channels in (16, 64) else [1, 1, 1, 2]  # those two are sure to be chosen
        node = conv_node(
            rng,
            form,
            groups * filters,
            channels,
            [3, 3] if len(steps) == 1 else rng.choice([3, 3, 3, 2], 2).tolist(),
            groups=groups,
            strides=rng.choice(steps, 2).tolist(),
            dilations=rng.choice(steps, 2).tolist(),
            pads=rng.integers(0, 3, 4).tolist(),
            activation=random_activation(rng),
        )
        x = normal(rng, (1, groups * channels, *rng.integers(28, 36, 2).tolist()))
        node.attributes["tuned"] = f"{isa} {'x'.join(map(str, x.shape))} {kernel}"
        y = node.run(native, isa, x, threads=int(rng.integers(1, 4)))
        assert_close(node, y, node.finish(convolve(node, x), None))
        ran += node.kernels == [f"{kernel}/{of_floats(isa)}"]
    assert ran > 0


@pytest.mark.parametrize("isa", WITHOUT_TILES)
@pytest.mark.parametrize("form", ["signed_binary", "ternary"])
def test_planes_as_sparse_rows_equal_numpy(form: str, isa: str) -> None:
    """Any filters, odd numbers of them too, groups, strides, and tiles of few pixels."""
    rng = np.random.default_rng([12, FORMS.index(form)])
    for filters, channels, size in [(1, 5, 3), (7, 40, 9), (33, 130, 20), (64, 70, 2)]:
        groups = int(rng.integers(1, 3))
        strides = rng.integers(1, 3, 2).tolist()
        node = conv_node(
            rng, form, groups * filters, channels, [3, 3], groups=groups, strides=strides, pads=ONE
        )
        x = normal(rng, (2, groups * channels, size, size))
        shape = "x".join(map(str, x.shape))
        node.attributes["tuned"] = f"{of_floats(isa)} {shape} sparse"
        y = node.run(native, of_floats(isa), x, threads=int(rng.integers(1, 4)))
        assert node.kernels == [f"sparse/{of_floats(isa)}"]
        assert_close(node, y, node.finish(convolve(node, x), None))


@pytest.mark.parametrize("isa", WITHOUT_TILES)
def test_a_huge_matrix_of_a_small_file_is_not_gone_through(isa: str) -> None:
    filters, columns = 2000, 1 << 20
    node = conv_node(np.random.default_rng(18), "binary", 1, 8, [1, 1])
    node.attributes |= {"filters": filters, "columns": columns}
    node.attributes["tuned"] = f"{of_floats(isa)} 1x{columns}x1x1 sparse"
    node.tensors = {
        "bits": np.zeros((0, columns // 8), np.uint8),
        "coefficient": np.zeros(0, np.float32),
        "row_start": np.zeros(filters + 1, np.int32),
    }
    assert not node.run(native, of_floats(isa), np.ones((1, columns, 1, 1), np.float32)).any()
    assert node.kernels == [f"tables/{of_floats(isa)}"]


def test_inputs_that_no_weight_reads_do_not_matter() -> None:
    """A plane without a bit leaves the sum alone even where the input is not a number."""
    rng = np.random.default_rng(5)
    node = conv_node(rng, "signed_binary", 40, 8, [1, 1])
    node.tensors["bits"][:] = 0b01111111  # of the eight channels the last is never read
    x = normal(rng, (1, 8, 5, 5))
    x[:, 7] = np.nan
    for isa in ISAS:
        assert np.isfinite(node.run(native, isa, x)).all()
