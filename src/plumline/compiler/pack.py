"""The tensors of a layer's weights: bit planes, sparse rows or a dense matrix.

The numbers of the latter two may stand in a table, when a layer has few that differ.
"""

from dataclasses import dataclass, replace

import numpy as np

from plumline.compiler import patterns
from plumline.compiler.graph import Array
from plumline.compiler.patterns import SPARSE_DENSITY, FilterPattern

MAX_SHARED = 4096
"""Distinct numbers of a layer that are worth a table."""
_SAMPLE = 4 * MAX_SHARED


@dataclass(frozen=True)
class Packed:
    """Weights in the form chosen for them, and why."""

    form: str
    tensors: dict[str, Array]
    pattern: str
    density: float
    why: str

    @property
    def bytes(self) -> int:
        """What the tensors take in the file."""
        return sum(array.nbytes for array in self.tensors.values())


def pack(weight: Array) -> Packed:
    """Choose a form for a float32 matrix of one row a filter, and pack it.

    Planes when every filter has at most three values and they take at most half the bytes of a
    dense matrix (values of a filter with few weights repeat by chance), and no more than the
    sparse form; sparse below `patterns.SPARSE_DENSITY`; else dense.
    """
    found = [patterns.classify(row) for row in weight]
    name = patterns.summary(found) if found else "dense"
    nonzeros = int(np.count_nonzero(weight))
    density = nonzeros / weight.size if weight.size else 1.0
    wide = sum(pattern.values is None for pattern in found)
    is_sparse = density < SPARSE_DENSITY
    sparse_bytes = weight.size // 8 + 4 * nonzeros
    if wide == 0 and weight.size:
        packed = Packed("planes", _planes(weight, found), name, density, f"every filter is {name}")
        if 2 * packed.bytes <= weight.nbytes and (packed.bytes <= sparse_bytes or not is_sparse):
            return packed
    if is_sparse:
        why = f"density {density:.3f} is below {SPARSE_DENSITY}"
        return _shared(Packed("sparse", _sparse(weight), name, density, why), "value")
    reason = (
        "bit planes would save too little"
        if wide == 0
        else f"{wide} of {len(weight)} filters have many values"
    )
    dense = Packed("dense", {"weight": weight}, name, density, f"{reason}; density {density:.3f}")
    return _shared(dense, "weight")


def pack_integers(weight: Array) -> Packed:
    """Choose a form for an int8 matrix of one row a filter: planes where they are smaller."""
    found = [patterns.classify(row) for row in weight.astype(np.float32)]
    name = patterns.summary(found)
    density = np.count_nonzero(weight) / weight.size
    wide = sum(pattern.values is None for pattern in found)
    if wide == 0:
        tensors = _planes(weight.astype(np.float32), found)
        packed = Packed("planes", tensors, name, density, f"every filter is {name}")
        if packed.bytes < weight.nbytes:
            return packed
    reason = (
        "planes would save nothing"
        if wide == 0
        else f"{wide} of {len(weight)} filters have many values"
    )
    return Packed("dense", {"weight": weight}, name, density, f"{reason}; density {density:.3f}")


def _planes(weight: Array, found: list[FilterPattern]) -> dict[str, Array]:
    rows, coefficients, counts = [], [], []
    for row, pattern in zip(weight, found, strict=True):
        counts.append(len(pattern.planes))
        for value in pattern.planes:
            rows.append(np.packbits(row == np.float32(value), bitorder="little"))
            coefficients.append(value - pattern.base)
    tensors: dict[str, Array] = {
        "bits": np.array(rows, np.uint8).reshape(len(rows), -(-weight.shape[1] // 8)),
        "coefficient": np.array(coefficients, np.float32),
    }
    if set(counts) != {1}:
        tensors["row_start"] = np.cumsum([0, *counts]).astype(np.int32)
    totals = np.array([pattern.base for pattern in found], np.float32)
    if totals.any():
        tensors["total_coefficient"] = totals
    return tensors


def _sparse(weight: Array) -> dict[str, Array]:
    found = weight != 0
    return {"bits": np.packbits(found, axis=1, bitorder="little"), "value": weight[found]}


def _shared(packed: Packed, role: str) -> Packed:
    """Put the distinct numbers of a tensor in a table, when that and the codes are smaller."""
    numbers = np.ascontiguousarray(packed.tensors[role]).reshape(-1).view(np.int32)  # bit for bit
    if len(np.unique(numbers[:_SAMPLE])) > MAX_SHARED:
        return packed
    table, places = np.unique(numbers, return_inverse=True)
    if not 2 <= len(table) <= MAX_SHARED:
        return packed
    width = int(len(table) - 1).bit_length()
    bits = places.reshape(-1, 1).astype(np.uint16) >> np.arange(width, dtype=np.uint16) & np.uint16(
        1
    )
    code = np.packbits(bits.astype(np.uint8).reshape(-1), bitorder="little")
    tensors = {key: array for key, array in packed.tensors.items() if key != role}
    tensors |= {"table": table.view(np.float32), "code": code}
    why = f"{packed.why}; {len(table)} shared values"
    shared = replace(packed, tensors=tensors, why=why)
    return shared if shared.bytes < packed.bytes else packed
