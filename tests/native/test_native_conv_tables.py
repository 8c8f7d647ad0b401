"""Weights of ``conv`` whose numbers stand in a table."""

from typing import Any

import numpy as np
import pytest
from matrices import Node, changed, conv_node, normal

native: Any = pytest.importorskip("plumline.runtime._native")
ISAS = native.available_isas()


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
