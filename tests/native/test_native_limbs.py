"""Convolutions of bf16 limbs on tile registers, which are emulated: no test machine has them."""

from typing import Any

import numpy as np
import pytest
from conv_cases import layer_of, random_case
from matrices import FORMS, assert_close, conv_node, convolve, normal
from numpy.typing import NDArray

native: Any = pytest.importorskip("plumline.runtime._native")
EMULATED = ["portable_emulated_amx"]
if "avx512" in native.available_isas():
    EMULATED.append("avx512_emulated_amx")
DENSE = [form for form in FORMS if form != "sparse"]


@pytest.mark.parametrize("isa", EMULATED)
@pytest.mark.parametrize("form", DENSE)
@pytest.mark.parametrize("seed", range(3))
def test_random_convolutions_equal_numpy(form: str, isa: str, seed: int) -> None:
    rng = np.random.default_rng([20, seed, DENSE.index(form)])
    ran = 0
    for _ in range(5):
        node, shape = random_case(rng, form)
        x = normal(rng, shape)
        sums = convolve(node, x)
        residual = normal(rng, sums.shape) if rng.random() < 0.5 else None
        y = node.run(native, isa, x, residual, threads=int(rng.integers(1, 4)))
        assert_close(node, y, node.finish(sums, residual))
        ran += "limbs" in node.kernels[0]
    assert ran > 1


@pytest.mark.parametrize("isa", EMULATED)
@pytest.mark.parametrize("form", ["dense", "two_valued", "ternary"])
@pytest.mark.parametrize("layer", ["stem", "body", "deep", "down", "dilated", "grouped"])
def test_layers_of_networks_equal_numpy(layer: str, form: str, isa: str) -> None:
    rng = np.random.default_rng(21)
    node, x = layer_of(layer, form, rng)
    assert_close(node, node.run(native, isa, x), node.finish(convolve(node, x), None))
    assert node.kernels == [f"limbs/{isa}"]


def any_floats(rng: np.random.Generator, n: int) -> NDArray[np.float32]:
    """Finite numbers of all exponents."""
    bits = rng.integers(0, 2**32, n, dtype=np.uint32)
    x: NDArray[np.float32] = bits.view(np.float32)
    return np.where(np.isfinite(x), x, np.float32(0))


def identity(isa: str, x: NDArray[np.float32]) -> NDArray[np.float32]:
    """The numbers through a convolution of one weight, a one."""
    node = conv_node(np.random.default_rng(0), "signed_binary", 8, 8, [1])
    node.tensors = {
        "bits": np.packbits(np.eye(8, dtype=bool), axis=1, bitorder="little"),
        "coefficient": np.ones(8, np.float32),
    }
    y = node.run(native, isa, x.reshape(1, 8, -1)).reshape(x.shape)
    assert "limbs" in node.kernels[0]
    return y


@pytest.mark.parametrize("isa", EMULATED)
def test_three_limbs_are_the_number(isa: str) -> None:
    x = any_floats(np.random.default_rng(22), 8 * 20000)
    x[:6] = [0, 2.0**-103, -(2.0**-103), np.finfo(np.float32).max, np.finfo(np.float32).min, 1 / 3]
    y = identity(isa, x)
    exact = (x == 0) | (np.abs(x) >= 2.0**-103)
    np.testing.assert_array_equal(y[exact], x[exact])
    lost = np.abs(y[~exact].astype(np.float64) - x[~exact])
    assert lost.max() < 2 * 2.0**-126


@pytest.mark.parametrize("isa", EMULATED)
def test_infinities_and_nans_pass(isa: str) -> None:
    """Times 1 and -1 they are themselves; times a weight of several limbs infinity may be NaN."""
    special = np.array([np.inf, -np.inf, np.nan, 1.0], np.float32)
    for form in ("binary", "dense"):
        node = conv_node(np.random.default_rng(23), form, 8, 1, [1])
        node.tensors.pop("bias", None)
        y = node.run(native, isa, special.reshape(1, 1, 4))[0]
        assert "limbs" in node.kernels[0]
        assert not np.isfinite(y[:, :3]).any()
        assert np.isfinite(y[:, 3]).all()
        if form == "binary":
            np.testing.assert_array_equal(y, np.float32(node.matrix) * special)


@pytest.mark.parametrize("isa", EMULATED)
def test_a_product_of_two_numbers_is_as_exact_as_float32(isa: str) -> None:
    rng = np.random.default_rng(24)
    node = conv_node(rng, "dense", 64, 1, [1])
    node.tensors.pop("bias", None)
    x = normal(rng, (1, 1, 500)) * 10.0 ** rng.uniform(-9, 9, 500).astype(np.float32)
    y = node.run(native, isa, x)
    expected = node.matrix[:, :, None] * x[0].astype(np.float64)
    np.testing.assert_allclose(y[0], expected[:, 0], rtol=2.0**-21)


@pytest.mark.parametrize("isa", EMULATED)
@pytest.mark.parametrize("weight", [3.4e38, np.inf, np.nan])
def test_weights_beyond_bf16_take_another_kernel(weight: float, isa: str) -> None:
    node = conv_node(np.random.default_rng(25), "dense", 16, 4, [3, 3])
    node.tensors["weight"][3, 5] = weight
    node.run(native, isa, np.ones((1, 4, 5, 5), np.float32))
    assert "limbs" not in node.kernels[0]


@pytest.mark.parametrize("isa", EMULATED)
@pytest.mark.parametrize("form", ["dense", "binary", "ternary", "two_valued"])
def test_threads_do_not_change_a_bit(form: str, isa: str) -> None:
    rng = np.random.default_rng(26)
    node, x = layer_of("deep", form, rng)
    one = node.run(native, isa, x, threads=1)
    for threads in (2, 5):
        assert np.array_equal(one, node.run(native, isa, x, threads=threads))


def test_every_emulation_gives_the_same_bits() -> None:
    rng = np.random.default_rng(27)
    for layer in ("down", "grouped"):
        node, x = layer_of(layer, "binary", rng)
        first, *others = [node.run(native, isa, x) for isa in EMULATED]
        assert all(np.array_equal(first, other) for other in others)


def test_weights_that_are_bf16_numbers_take_half_the_products() -> None:
    """With one limb no product is left out: sums of few numbers of few digits are exact."""
    rng = np.random.default_rng(28)
    node = conv_node(rng, "dense", 20, 5, [1, 1])
    node.tensors = {"weight": rng.integers(-8, 9, (20, 5)).astype(np.float32)}
    node.matrix = node.tensors["weight"].astype(np.float64)
    x = rng.integers(-(2**16), 2**16, (1, 5, 3, 3)).astype(np.float32)
    np.testing.assert_array_equal(node.run(native, EMULATED[-1], x), convolve(node, x))


def test_planes_of_opposite_weights_become_one_row() -> None:
    """Ternary weights of one size, held as two planes, and three planes, which are made dense."""
    rng = np.random.default_rng(29)
    node = conv_node(rng, "ternary", 24, 6, [3, 3], pads=[1, 1, 1, 1])
    size = np.repeat(rng.uniform(0.1, 1, 24).astype(np.float32), 2) * np.tile([1, -1], 24)
    node.tensors["coefficient"] = size.astype(np.float32)
    bits = np.unpackbits(node.tensors["bits"], axis=1, bitorder="little")[:, :54]
    node.matrix = (size[:, None] * bits).reshape(24, 2, 54).sum(axis=1)
    x = normal(rng, (1, 6, 7, 7))
    assert_close(node, node.run(native, EMULATED[-1], x), node.finish(convolve(node, x), None))


def test_emulated_sets_are_never_chosen() -> None:
    assert not set(EMULATED) & set(native.available_isas())
