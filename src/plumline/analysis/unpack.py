"""The weights of a program's step, back from the form that its file holds them in."""

from collections.abc import Callable, Mapping
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from plumline._names import look_up
from plumline.analysis.layer import Floats
from plumline.runtime.artifact import Node

Array = NDArray[Any]
SHARED = ("table", "code")
"""What may stand in the place of a form's numbers."""

Unpack = Callable[[Mapping[str, Array], int, int], Array]


class Form(NamedTuple):
    """A form of weights: the tensors that hold it, and how to read (tensors, filters, columns)."""

    roles: tuple[str, ...]
    unpack: Unpack


def weights(node: Node) -> Floats:
    """Return the weights of a `conv`, `linear` or quantized step as (M, K) float32.

    Those of a quantized step are in units of their filter's scale.
    """
    filters, columns = int(str(node.attributes["filters"])), int(str(node.attributes["columns"]))
    matrix = _form(node).unpack(node.tensors, filters, columns)
    return matrix.astype(np.float32).reshape(filters, columns)


def packed_bytes(node: Node) -> int:
    """Return what the weights of a step take in the file, without its bias and slopes."""
    return sum(node.tensors[role].nbytes for role in _form(node).roles if role in node.tensors)


def _form(node: Node) -> Form:
    return look_up("form of weights", str(node.attributes["weights"]), FORMS)


def _dense(tensors: Mapping[str, Array], filters: int, columns: int) -> Array:
    return _numbers(tensors, "weight", filters * columns)


def _sparse(tensors: Mapping[str, Array], filters: int, columns: int) -> Array:
    matrix = np.zeros((filters, columns), np.float32)
    found = _bits(tensors["bits"], columns)
    matrix[found] = _numbers(tensors, "value", int(np.count_nonzero(found)))
    return matrix


def _numbers(tensors: Mapping[str, Array], role: str, count: int) -> Array:
    """Return the numbers of a role, which may stand in a table, with their places in ``code``."""
    if role in tensors:
        return tensors[role]
    table = tensors["table"]
    width = (len(table) - 1).bit_length()
    bits = np.unpackbits(tensors["code"], count=count * width, bitorder="little")
    return table[bits.reshape(count, width) @ (1 << np.arange(width))]


def _planes(tensors: Mapping[str, Array], filters: int, columns: int) -> Array:
    planes = _bits(tensors["bits"], columns) * tensors["coefficient"][:, None]
    start = tensors.get("row_start", np.arange(filters + 1))
    totals = tensors.get("total_coefficient", np.zeros(filters, np.float32))
    matrix = np.repeat(totals[:, None].astype(np.float32), columns, axis=1)
    for place in range(int(np.diff(start).max(initial=0))):
        having = np.flatnonzero(np.diff(start) > place)
        matrix[having] += planes[start[having] + place]
    return matrix


def _bits(packed: Array, columns: int) -> NDArray[np.bool_]:
    return np.unpackbits(packed, axis=1, count=columns, bitorder="little").astype(bool)


FORMS = {
    "dense": Form(("weight", *SHARED), _dense),
    "sparse": Form(("bits", "value", *SHARED), _sparse),
    "planes": Form(("bits", "coefficient", "row_start", "total_coefficient"), _planes),
}
"""The forms of weights that docs/architecture.md lists, by name."""
