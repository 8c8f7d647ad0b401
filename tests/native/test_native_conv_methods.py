"""Methods of ``conv`` for layers that they suit: Winograd, direct, depthwise."""

from typing import Any

import numpy as np
import pytest
from conv_cases import ONE
from matrices import assert_close, conv_node, convolve, normal, random_activation
from native_support import of_floats

native: Any = pytest.importorskip("plumline.runtime._native")
ISAS = native.available_isas()


@pytest.mark.parametrize("isa", [isa for isa in ISAS if isa != "reference"])
def test_winograd_equals_numpy(isa: str) -> None:
    """3x3 layers of any size, padding, batch, groups, threads."""
    rng = np.random.default_rng(11)
    ran = 0
    for size in (4, 7, 12, 17, 33, 70):
        groups, filters = int(rng.choice([1, 1, 2])), int(rng.choice([40, 64]))
        node = conv_node(
            rng,
            "dense",
            groups * filters,
            int(rng.choice([24, 33])),
            [3, 3],
            groups=groups,
            pads=rng.integers(0, 3, 4).tolist(),
            activation=random_activation(rng),
        )
        channels = node.attributes["columns"] // 9 * groups
        x = normal(rng, (int(rng.integers(1, 4)), channels, size, int(rng.integers(4, size + 1))))
        sums = convolve(node, x)
        residual = normal(rng, sums.shape) if rng.random() < 0.5 else None
        y = node.run(native, isa, x, residual, threads=int(rng.integers(1, 4)))
        assert_close(node, y, node.finish(sums, residual))
        ran += node.kernels == [f"winograd/{of_floats(isa)}"]
    assert ran > 2


@pytest.mark.parametrize("isa", [isa for isa in ISAS if isa != "reference"])
@pytest.mark.parametrize("data", ["normal", "rectified"])
def test_winograd_errors_stay_small_at_many_channels(data: str, isa: str) -> None:
    """Below 1e-5 of the largest sum; plain sums in float32 reach 2e-6."""
    rng = np.random.default_rng(12)
    node = conv_node(rng, "dense", 32, 512, [3, 3], pads=ONE)
    node.tensors.pop("bias", None)
    x = normal(rng, (1, 512, 20, 20))
    if data == "rectified":
        x = np.maximum(x + normal(rng, (1, 512, 1, 1)), 0)
    sums = convolve(node, x)
    y = node.run(native, isa, x)
    assert node.kernels == [f"winograd/{of_floats(isa)}"]
    assert np.abs(y - sums).max() < 1e-5 * np.abs(sums).max()


@pytest.mark.parametrize("isa", [isa for isa in ISAS if isa != "reference"])
def test_winograd_transforms_large_weights_as_it_uses_them(isa: str) -> None:
    """More transformed weights than are kept; channels and filters that fill no chunk."""
    rng = np.random.default_rng(13)
    node = conv_node(rng, "dense", 352, 341, [3, 3], pads=ONE, activation="relu")
    x = normal(rng, (1, 341, 8, 8))
    y = node.run(native, isa, x)
    assert node.kernels == [f"winograd/{of_floats(isa)}"]
    assert_close(node, y, node.finish(convolve(node, x), None))
    assert np.array_equal(y, node.run(native, isa, x, threads=3))


@pytest.mark.parametrize("isa", [isa for isa in ISAS if isa != "reference"])
@pytest.mark.parametrize("stride", [1, 2])
@pytest.mark.parametrize("kernel", [1, 3])
def test_direct_with_pixels_on_lanes_equals_numpy(kernel: int, stride: int, isa: str) -> None:
    """Few columns: rows that end inside a vector, tiles shorter than the others, odd filters."""
    rng = np.random.default_rng([14, kernel, stride])
    for height, width in ((1, 16 * stride), (19, 37), (56, 55), (3, 1100)):
        node = conv_node(
            rng,
            "dense",
            int(rng.choice([5, 24, 39])),
            int(rng.choice([3, 8])),
            [kernel, kernel],
            strides=[stride, stride],
            pads=[kernel // 2] * 4,
            activation=random_activation(rng),
        )
        x = normal(rng, (2, node.attributes["columns"] // kernel**2, height, width))
        sums = convolve(node, x)
        residual = normal(rng, sums.shape) if rng.random() < 0.5 else None
        y = node.run(native, isa, x, residual)
        assert_close(node, y, node.finish(sums, residual))
        assert np.array_equal(y, node.run(native, isa, x, residual, threads=3))


@pytest.mark.parametrize("isa", [isa for isa in ISAS if isa not in ("reference", "avx512_vnni")])
def test_depthwise_equals_numpy(isa: str) -> None:
    """Any size of image and kernel, stride, dilation, padding, filters a channel, threads."""
    rng = np.random.default_rng(15)
    for size in (1, 7, 8, 14, 19, 36):
        for kernel in ([3, 3], [3, 3], [5, 5], [7, 7], [2, 3]):
            groups = int(rng.choice([5, 37]))
            node = conv_node(
                rng,
                "dense",
                groups * int(rng.choice([1, 1, 2])),
                1,
                kernel,
                groups=groups,
                strides=[1, 3] if rng.random() < 0.1 else [int(rng.choice([1, 1, 2, 3]))] * 2,
                dilations=rng.choice([1, 1, 1, 2], 2).tolist(),
                pads=rng.integers(3, 8, 4).tolist() if size < 14 else [1, 1, 1, 1],
                activation=random_activation(rng),
            )
            x = normal(rng, (int(rng.integers(1, 3)), groups, size + int(rng.integers(3)), size))
            sums = convolve(node, x)
            residual = normal(rng, sums.shape) if rng.random() < 0.3 else None
            y = node.run(native, isa, x, residual)
            assert_close(node, y, node.finish(sums, residual))
            assert np.array_equal(y, node.run(native, isa, x, residual, threads=3))


@pytest.mark.parametrize("isa", ISAS)
def test_depthwise_with_more_padding_than_a_copy_can_hold(isa: str) -> None:
    rng = np.random.default_rng(16)
    far = 1 << 19
    node = conv_node(
        rng,
        "dense",
        6,
        1,
        [3, 3],
        groups=6,
        dilations=[far, far],
        pads=[far] * 4,
        activation="prelu",
    )
    x = normal(rng, (2, 6, 4, 5))
    sums = x * node.matrix[:, 4, None, None]  # all other taps lie outside
    assert_close(node, node.run(native, isa, x), node.finish(sums, None))
