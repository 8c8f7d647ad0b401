"""What ``conv`` refuses, in one line that names it."""

from typing import Any

import numpy as np
import pytest
from matrices import changed, conv_node, normal

native: Any = pytest.importorskip("plumline.runtime._native")
ISAS = native.available_isas()


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
