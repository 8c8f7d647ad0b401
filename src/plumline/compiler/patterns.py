"""What the weights of a layer look like, filter by filter, and the form that suits the whole layer.

The values of a filter are compared as they are after folding, bit for bit: folding multiplies
equal weights by an equal factor, so values that repeated before repeat after.
"""

from collections import Counter
from dataclasses import dataclass

import numpy as np

from plumline.compiler.graph import Array

MAX_VALUES = 3
"""Distinct values of a filter that two planes can hold: one of them needs no plane."""

SPARSE_DENSITY = 0.75
"""Below this share of non-zero weights a layer without repeated values is held as a sparse matrix.

The sparse form takes a bit a weight and 4 bytes a non-zero: it is smaller than a dense matrix up to
31/32. Which kernel runs is settled later, for each set of shapes; beyond this density the dense one
always wins.
"""

_SAMPLE = 64


@dataclass(frozen=True)
class FilterPattern:
    """The name of a filter's value set; its values, rising, when there are at most three."""

    name: str
    values: tuple[float, ...] | None

    @property
    def base(self) -> float:
        """The value that needs no plane: the sum of all inputs carries it. Zero where there is one.

        Otherwise the first of smallest magnitude: a plane holds the difference to it, which then
        loses no precision.
        """
        assert self.values is not None
        return min(self.values, key=abs)

    @property
    def planes(self) -> tuple[float, ...]:
        """The values that need a plane each."""
        assert self.values is not None
        return tuple(value for value in self.values if value != self.base)


def classify(weights: Array) -> FilterPattern:
    """Name the value set of one filter (float32, one axis)."""
    values = _few_values(weights)
    if values is not None:
        return FilterPattern(_name(values), values)
    sparse = np.count_nonzero(weights) < SPARSE_DENSITY * weights.size
    return FilterPattern("many zeros" if sparse else "dense", None)


def summary(patterns: list[FilterPattern]) -> str:
    """Say which patterns the filters have: ``{0,a}``, or ``{0,a} x60, {0} x4`` for a mixture."""
    counts = Counter(pattern.name for pattern in patterns).most_common()
    if len(counts) == 1:
        return counts[0][0]
    return ", ".join(f"{name} x{count}" for name, count in counts)


def _few_values(weights: Array) -> tuple[float, ...] | None:
    # Most float filters show a fourth value at once, which saves sorting them.
    for part in (weights[:_SAMPLE], weights):
        values = np.unique(part)
        if not 0 < len(values) <= MAX_VALUES or not np.isfinite(values).all():
            return None
    return tuple(float(value) + 0.0 for value in values)  # -0.0 + 0.0 is 0.0


def _name(values: tuple[float, ...]) -> str:
    if len(values) == 1:
        return "{0}" if values[0] == 0 else "{a}"
    opposite = values[0] == -values[-1]
    if len(values) == 2:
        return "{0,a}" if 0 in values else "{-a,+a}" if opposite else "{a,b}"
    if values[1] == 0:
        return "{-a,0,+a}" if opposite else "{-a,0,+b}"
    return "{0,a,b}" if 0 in values else "{a,b,c}"
