"""The step ``conv``: any shape, form of weights, activation, instruction set, threads."""

from typing import Any

import numpy as np
import pytest
from matrices import ACTIVATIONS, FORMS, Node, assert_close, conv_node, convolve, random_activation
from native_support import of_floats

native: Any = pytest.importorskip("plumline.runtime._native")
ISAS = native.available_isas()
WITHOUT_TILES = [isa for isa in ISAS if isa not in ("reference", "amx")]


def random_case(rng: np.random.Generator, form: str) -> tuple[Node, tuple[int, ...]]:
    """A node of random shape and an input shape that it accepts, 1-D or 2-D."""
    axes = int(rng.integers(1, 3))
    groups, channels = int(rng.choice([1, 1, 1, 2, 3, 8])), int(rng.choice([1, 2, 3, 7, 16, 40]))
    filters = groups * int(rng.choice([1, 2, 5, 9, 16, 33]))
    kernel, strides = rng.integers(1, 5, axes).tolist(), rng.integers(1, 4, axes).tolist()
    dilations, pads = rng.integers(1, 3, axes).tolist(), rng.integers(0, 4, 2 * axes).tolist()
    extents = [(k - 1) * d + 1 for k, d in zip(kernel, dilations, strict=True)]
    needed = [max(1, e - pads[i] - pads[axes + i]) for i, e in enumerate(extents)]
    spatial = [n + int(rng.choice([0, 1, 4, 13])) for n in needed]
    node = conv_node(
        rng,
        form,
        filters,
        channels,
        kernel,
        groups=groups,
        strides=strides,
        dilations=dilations,
        pads=pads,
        activation=random_activation(rng),
    )
    return node, (int(rng.integers(1, 4)), groups * channels, *spatial)


def normal(rng: np.random.Generator, shape: tuple[int, ...]) -> np.ndarray:
    return rng.standard_normal(shape).astype(np.float32)


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


ONE, TWO = [1, 1, 1, 1], [2, 2]
LAYERS: dict[str, tuple[int, int, list[int], int, dict[str, Any]]] = {
    # filters, channels of a group, kernel, size of the image
    "stem": (64, 3, [7, 7], 30, {"strides": TWO, "pads": [3, 3, 3, 3]}),
    "body": (64, 64, [3, 3], 14, {"pads": ONE}),
    "wide": (64, 64, [3, 3], 28, {"pads": ONE}),
    "folded": (20, 16, [3, 3], 9, {"pads": ONE}),
    "deep": (72, 160, [3, 3], 7, {"pads": ONE}),
    "down": (40, 24, [3, 3], 17, {"strides": TWO, "pads": ONE}),
    "shortcut": (48, 32, [1, 1], 15, {"strides": TWO}),
    "point": (64, 48, [1, 1], 9, {}),
    "patches": (48, 3, [4, 4], 32, {"strides": [4, 4]}),
    "unpadded": (72, 10, [3, 5], 31, {"strides": [2, 1]}),
    "dilated": (40, 8, [3, 3], 12, {"dilations": [3, 3], "pads": [3, 3, 3, 3]}),
    "grouped": (96, 4, [3, 3], 9, {"groups": 2, "pads": ONE}),
    "narrow groups": (16, 4, [3, 3], 9, {"groups": 4, "pads": ONE}),
    "depthwise": (24, 1, [5, 5], 11, {"groups": 24, "pads": [2, 2, 2, 2]}),
    "one pixel": (70, 30, [3, 3], 1, {"pads": ONE}),
    "all padding": (40, 2, [2, 2], 1, {"pads": [9, 9, 9, 9]}),
}


def layer_of(
    layer: str, form: str, rng: np.random.Generator, batch: int = 1
) -> tuple[Node, np.ndarray]:
    """A layer as networks have them, and an input."""
    filters, channels, kernel, size, options = LAYERS[layer]
    node = conv_node(rng, form, filters, channels, kernel, **options)
    return node, normal(rng, (batch, options.get("groups", 1) * channels, size, size))


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


def test_inputs_that_no_weight_reads_do_not_matter() -> None:
    """A plane without a bit leaves the sum alone even where the input is not a number."""
    rng = np.random.default_rng(5)
    node = conv_node(rng, "signed_binary", 40, 8, [1, 1])
    node.tensors["bits"][:] = 0b01111111  # of the eight channels the last is never read
    x = normal(rng, (1, 8, 5, 5))
    x[:, 7] = np.nan
    for isa in ISAS:
        assert np.isfinite(node.run(native, isa, x)).all()


REFUSED: dict[str, tuple[str, dict[str, Any], str]] = {
    "unknown form": ("dense", {"weights": "lattice"}, "lattice"),
    "no filters": ("dense", {"filters": 0}, "filters"),
    "columns beyond the weights": ("dense", {"columns": 27}, "weight"),
    "columns that are no multiple": ("planes", {"columns": 19}, "multiple"),
    "a matrix beyond memory": ("sparse", {"columns": 2**40}, "elements|large"),
    "three spatial axes": ("dense", {"kernel": [3, 3, 1]}, "1-D and 2-D"),
    "no kernel": ("dense", {"kernel": [0, 3]}, "kernel"),
    "negative stride": ("dense", {"strides": [-1, 1]}, "strides"),
    "huge dilation": ("dense", {"dilations": [2**40, 1]}, "dilations"),
    "negative padding": ("dense", {"pads": [0, 0, -1, 0]}, "pads"),
    "too few paddings": ("dense", {"pads": [0, 0]}, "pads"),
    "groups that do not divide": ("dense", {"groups": 3}, "groups"),
    "no groups": ("dense", {"groups": 0}, "groups"),
    "unknown activation": ("dense", {"activation": "swoosh"}, "swoosh"),
}


@pytest.mark.parametrize("case", REFUSED)
def test_hostile_attributes_are_refused(case: str) -> None:
    form, attributes, message = REFUSED[case]
    rng = np.random.default_rng(6)
    node = conv_node(rng, form, 4, 2, [3, 3])
    node.attributes |= attributes
    with pytest.raises(native.NativeError, match=message):
        node.run(native, ISAS[-1], normal(rng, (1, 2, 5, 5)))


def with_table(node: Node, role: str, table: np.ndarray, width: int) -> None:
    """Put the numbers of a role in a table, each place with so many bits."""
    numbers = node.tensors.pop(role).reshape(-1)
    places = np.argmin(np.abs(numbers[:, None] - table), axis=1)
    bits = places[:, None] >> np.arange(width) & 1
    node.tensors["table"] = table
    node.tensors["code"] = np.packbits(bits.astype(np.uint8).reshape(-1), bitorder="little")


@pytest.mark.parametrize("isa", ["reference", ISAS[-1]])
@pytest.mark.parametrize("size", [2, 3, 5, 16, 100, 257])
@pytest.mark.parametrize(("form", "role"), [("dense", "weight"), ("sparse", "value")])
def test_numbers_of_a_table(form: str, role: str, size: int, isa: str) -> None:
    rng = np.random.default_rng(8)
    node = conv_node(rng, form, 9, 5, [3, 3])
    x, table = normal(rng, (1, 5, 7, 7)), normal(rng, (size,))
    numbers = node.tensors[role]
    nearest = table[np.argmin(np.abs(numbers.reshape(-1, 1) - table), axis=1)]
    node.tensors[role] = nearest.reshape(numbers.shape)
    expected = node.run(native, isa, x)
    with_table(node, role, table, (size - 1).bit_length())
    assert np.array_equal(node.run(native, isa, x), expected)


BAD_TABLES: dict[str, tuple[str, Any, str]] = {
    "one number": ("table", lambda t: t[:1].copy(), "2 to 65536"),
    "too many numbers": ("table", lambda t: np.zeros(65537, np.float32), "2 to 65536"),
    "a table of integers": ("table", lambda t: t.astype(np.int32), "table"),
    "no codes": ("code", None, "code"),
    "a byte too few": ("code", lambda t: t[:-1].copy(), "code"),
    "a byte too many": ("code", lambda t: np.append(t, np.uint8(0)), "code"),
    "a place beyond the table": ("code", lambda t: changed(t, 0, 255), "the table has 5"),
    "bits behind the last": ("code", lambda t: changed(t, -1, t[-1] | 128), "pad"),
}


@pytest.mark.parametrize("case", BAD_TABLES)
def test_hostile_tables_are_refused(case: str) -> None:
    role, change, message = BAD_TABLES[case]
    rng = np.random.default_rng(9)
    node = conv_node(rng, "dense", 5, 1, [3, 3])  # 135 bits
    with_table(node, "weight", normal(rng, (5,)), 3)
    if change is None:
        del node.tensors[role]
    else:
        node.tensors[role] = change(node.tensors[role])
    with pytest.raises(native.NativeError, match=message):
        node.run(native, ISAS[-1], normal(rng, (1, 1, 5, 5)))


def test_numbers_beside_a_table_are_refused() -> None:
    rng = np.random.default_rng(9)
    node = conv_node(rng, "dense", 5, 1, [3, 3])
    weight = node.tensors["weight"]
    with_table(node, "weight", normal(rng, (5,)), 3)
    node.tensors["weight"] = weight
    with pytest.raises(native.NativeError, match="not both"):
        node.run(native, ISAS[-1], normal(rng, (1, 1, 5, 5)))


def changed(array: np.ndarray, index: int, value: int) -> np.ndarray:
    array = array.copy()
    array.reshape(-1)[index] = value
    return array


BAD_TENSORS: dict[str, tuple[str, str, Any, str]] = {
    "weights of another type": ("dense", "weight", lambda t: t.astype(np.int32), "weight"),
    "weights of another shape": ("dense", "weight", lambda t: t[:, :-1].copy(), "weight"),
    "no weights": ("dense", "weight", None, "weight"),
    "a column beyond the matrix": ("sparse", "bits", lambda t: changed(t, -1, 128), "pad"),
    "a mark without a value": ("sparse", "bits", lambda t: t | 1, "value"),
    "a value too few": ("sparse", "value", lambda t: t[:-1].copy(), "value"),
    "marks of too few filters": ("sparse", "bits", lambda t: t[:-1].copy(), "bits"),
    "rows that do not start at 0": ("planes", "row_start", lambda t: changed(t, 0, 1), "row_start"),
    "rows that fall": ("planes", "row_start", lambda t: changed(t, 2, 999), "row_start"),
    "a row too few": ("planes", "row_start", lambda t: t[:-1].copy(), "row_start"),
    "planes beyond the bits": ("planes", "row_start", lambda t: changed(t, -1, 999), "row_start"),
    "bits in the padding": ("planes", "bits", lambda t: t | 128, "pad"),
    "a byte too few": ("planes", "bits", lambda t: t[:, :-1].copy(), "bits"),
    "a coefficient too few": ("planes", "coefficient", lambda t: t[:-1].copy(), "bits|coefficient"),
    "a total too few": ("planes", "total_coefficient", lambda t: t[:-1].copy(), "total"),
    "planes without rows": ("planes", "row_start", None, "coefficient"),
    "bias of another size": ("dense", "bias", lambda t: np.zeros(3, np.float32), "bias"),
}


@pytest.mark.parametrize("isa", ["reference", ISAS[-1]])
@pytest.mark.parametrize("case", BAD_TENSORS)
def test_hostile_tensors_are_refused(case: str, isa: str) -> None:
    form, role, change, message = BAD_TENSORS[case]
    rng = np.random.default_rng(7)
    node = conv_node(rng, form, 4, 2, [3, 3])
    if change is None:
        del node.tensors[role]
    else:
        node.tensors[role] = change(node.tensors.get(role))
    with pytest.raises(native.NativeError, match=message):
        node.run(native, isa, normal(rng, (1, 2, 5, 5)))


@pytest.mark.parametrize(
    ("shape", "message"),
    [
        ((1, 3, 5, 5), "channels"),
        ((1, 2, 5), "axes"),
        ((1, 2, 2, 5), "smaller than the kernel"),
        ((0, 2, 5, 5), "empty"),
        ((1, 2, 0, 5), "empty"),
    ],
)
def test_wrong_input_shapes_are_refused(shape: tuple[int, ...], message: str) -> None:
    rng = np.random.default_rng(8)
    node = conv_node(rng, "dense", 4, 2, [3, 3])
    with pytest.raises(native.NativeError, match=message):
        node.run(native, ISAS[-1], np.zeros(shape, np.float32))


def test_a_residual_of_another_shape_is_refused() -> None:
    rng = np.random.default_rng(9)
    node = conv_node(rng, "dense", 4, 2, [3, 3])
    with pytest.raises(native.NativeError, match="residual"):
        node.run(
            native, ISAS[-1], np.zeros((1, 2, 5, 5), np.float32), np.zeros((1, 4, 3, 4), np.float32)
        )
