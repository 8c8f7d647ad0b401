"""What is seen in a filter, and the form chosen for a layer."""

import numpy as np
import pytest
from numpy_interpreter import weight_matrix

from plumline.compiler import pack
from plumline.compiler.patterns import SPARSE_DENSITY, classify, summary


def row(*values, length=90):
    """A filter in which the given values take turns."""
    return np.resize(np.array(values, np.float32), length)


@pytest.mark.parametrize(
    ("weights", "name", "base", "planes"),
    [
        (row(0), "{0}", 0, ()),
        (row(0.7), "{a}", 0.7, ()),
        (row(0, 0.7), "{0,a}", 0, (0.7,)),
        (row(0, -0.7), "{0,a}", 0, (-0.7,)),
        (row(-0.0, 0.0, 0.7), "{0,a}", 0, (0.7,)),
        (row(-0.7, 0.7), "{-a,+a}", -0.7, (0.7,)),
        (row(0.2, 0.7), "{a,b}", 0.2, (0.7,)),
        (row(-5, 0.1), "{a,b}", 0.1, (-5,)),
        (row(-0.7, 0, 0.7), "{-a,0,+a}", 0, (-0.7, 0.7)),
        (row(-0.7, 0, 0.2), "{-a,0,+b}", 0, (-0.7, 0.2)),
        (row(0, 0.2, 0.7), "{0,a,b}", 0, (0.2, 0.7)),
        (row(-1, 0.2, 0.7), "{a,b,c}", 0.2, (-1, 0.7)),
    ],
)
def test_few_values(weights, name, base, planes):
    pattern = classify(weights)
    assert pattern.name == name
    assert pattern.base == np.float32(base)
    assert pattern.planes == tuple(float(np.float32(value)) for value in planes)


@pytest.mark.parametrize("zeros", [200, 10])
def test_many_values(zeros):
    weights = np.concatenate([np.zeros(zeros), np.arange(1, 31)]).astype(np.float32)
    pattern = classify(weights)
    assert pattern.values is None
    assert pattern.name == ("many zeros" if 30 / weights.size < SPARSE_DENSITY else "dense")


@pytest.mark.parametrize("odd", [np.nan, np.inf])
def test_a_number_that_is_not_finite_is_never_repeated(odd):
    assert classify(row(0, odd)).values is None


def test_a_fourth_value_after_a_long_sample_counts():
    weights = row(-1, 0, 1, length=1000)
    weights[-1] = 0.5
    assert classify(weights).values is None


def test_folding_a_scale_keeps_the_pattern():
    scales = np.random.default_rng(0).standard_normal(200).astype(np.float32)
    for scale in scales:
        assert (
            classify((row(-1, 0, 1).astype(np.float64) * scale).astype(np.float32)).name
            == "{-a,0,+a}"
        )


def test_summary_counts_a_mixture():
    found = [classify(row(0, 1)), classify(row(0, -1)), classify(row(0))]
    assert summary(found) == "{0,a} x2, {0} x1"
    assert summary(found[:2]) == "{0,a}"


RANDOM = np.random.default_rng(1)
NOISE = RANDOM.standard_normal((6, 75)).astype(np.float32)
SIGN = np.array([1, -1, 1, 1, -1, -1], np.float32)[:, None]
FORMS = {
    "signed-binary": ((NOISE > 0.3) * SIGN, "planes"),
    "binary": (np.sign(NOISE) * 0.3, "planes"),
    "ternary": (np.sign(NOISE) * (np.abs(NOISE) > 0.7), "planes"),
    "two values": (np.where(NOISE > 0, 0.3, 0.9), "planes"),
    "a constant filter among binary ones": (
        np.where(np.arange(6)[:, None] == 2, 0.5, np.sign(NOISE)),
        "planes",
    ),
    "all zero": (np.zeros_like(NOISE), "planes"),
    "pruned": (NOISE * (np.abs(NOISE) > 1.5), "sparse"),
    "one dense filter among binary ones": (
        np.where(np.arange(6)[:, None] == 2, NOISE, np.sign(NOISE)),
        "dense",
    ),
    "float": (NOISE, "dense"),
    "three weights a filter": (NOISE[:, :3], "dense"),
    "five values": (np.round(NOISE).clip(-2, 2) / 4, "sparse"),
    "nine values without a zero": (np.sign(NOISE) + np.round(NOISE).clip(-2, 2) / 4, "dense"),
    "ternary with hardly a weight": (np.sign(NOISE) * (np.abs(NOISE) > 2.4), "sparse"),
}


@pytest.mark.parametrize("kind", FORMS)
def test_form_of_a_layer(kind):
    weight, form = FORMS[kind]
    weight = np.asarray(weight, np.float32)
    packed = pack.pack(weight)
    assert packed.form == form
    unpacked = weight_matrix(
        {"filters": len(weight), "weights": form}, packed.tensors, weight.shape[1]
    )
    np.testing.assert_allclose(unpacked, weight, rtol=1e-6)
    assert packed.density == np.count_nonzero(weight) / weight.size
    assert packed.why


@pytest.mark.parametrize(("kind", "size"), [("five values", 4), ("nine values without a zero", 7)])
def test_shared_values_stand_in_a_table(kind, size):
    weight = np.asarray(FORMS[kind][0], np.float32)
    packed = pack.pack(weight)
    assert len(packed.tensors["table"]) == len(np.unique(weight[weight != 0]))
    assert {"value", "weight"}.isdisjoint(packed.tensors)
    assert 4 * packed.bytes < weight.nbytes
    assert "shared values" in packed.why


def test_signed_binary_takes_one_plane_a_filter_and_nothing_else():
    packed = pack.pack(np.asarray(FORMS["signed-binary"][0], np.float32))
    assert set(packed.tensors) == {"bits", "coefficient"}
    assert packed.tensors["bits"].shape == (6, 10)
    # The bits after the last weight are zero.
    assert not np.unpackbits(packed.tensors["bits"], axis=1, bitorder="little")[:, 75:].any()
