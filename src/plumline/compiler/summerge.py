"""SumMerge-style execution: the kernel choice of ``compile(..., kernels="summerge")``."""

from dataclasses import dataclass
from typing import Any

import numpy as np

from plumline import _names
from plumline.compiler.graph import Array
from plumline.errors import InputError
from plumline.runtime import native

MOST_TILE = 8
DEFAULT_TILE = 4
"""The faster of 4 and 8: in larger tiles filters share fewer sums, which fill the first cache."""
MOST_VALUES = 16
LEAST_REPEATS = 4
"""How often a value of a filter occurs on average, at the least: few weights repeat by chance."""


@dataclass(frozen=True)
class SumMerge:
    """How convolutions are executed: columns are summed in tiles of ``tile``.

    With ``sparsity_support`` zero weights are left out; without, their inputs are added up like
    those of any other value, and multiplied by 0.
    """

    sparsity_support: bool
    tile: int

    @property
    def attributes(self) -> dict[str, int | str]:
        """Those of a node that is executed so."""
        support = int(self.sparsity_support)
        return {"kernels": "summerge", "tile": self.tile, "sparsity_support": support}

    def operations(self, weight: Array, groups: int, taps: int) -> int:
        """Count additions and multiplications for one output position, tiled as the kernel does.

        ``weight`` is a float32 matrix of one row a filter, columns (channel of a group, tap).
        """
        total = 0
        for rows in np.split(weight, groups):
            sorted_rows = rows.reshape(len(rows), -1, taps).transpose(0, 2, 1).reshape(rows.shape)
            counts = native.module().summerge_count(
                np.ascontiguousarray(sorted_rows), self.tile, self.sparsity_support
            )
            total += counts["additions"] + counts["multiplications"]
        return total

    def __str__(self) -> str:
        zeros = "left out" if self.sparsity_support else "added up"
        return f"summerge in tiles of {self.tile}, zeros {zeros}"


def takes(weight: Array) -> bool:
    """Whether every filter of a float32 matrix (filters, columns) repeats a few finite values."""
    most = min(MOST_VALUES, weight.shape[1] // LEAST_REPEATS)
    return bool(np.isfinite(weight).all()) and all(len(np.unique(row)) <= most for row in weight)


_KERNELS = {"summerge": SumMerge}


def chosen(kernels: str | None, sparsity_support: bool | None, tile: int | None) -> SumMerge | None:
    """Read the options of `compile`; None without ``kernels``. Raises `InputError`."""
    if kernels is None:
        for name, value in (("sparsity_support", sparsity_support), ("tile", tile)):
            if value is not None:
                raise InputError(f"{name} is an option of kernels='summerge': name that too")
        return None
    kind = _names.look_up("kernels", kernels, _KERNELS)
    if tile is not None and (not _is_whole(tile) or not 1 <= tile <= MOST_TILE):
        raise InputError(f"tile is {tile!r}: it must be a whole number from 1 to {MOST_TILE}")
    if sparsity_support not in (None, True, False) or _is_whole(sparsity_support):
        raise InputError(f"sparsity_support is {sparsity_support!r}: it must be True or False")
    return kind(sparsity_support is not False, DEFAULT_TILE if tile is None else tile)


def _is_whole(value: Any) -> bool:
    return isinstance(value, int) and not isinstance(value, bool)
