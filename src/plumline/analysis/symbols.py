"""What values the filters of a layer have, and the scheme that this looks like."""

from collections import Counter
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from plumline.analysis.layer import Floats, Layer

FEW = 3
"""Values of a filter, zero included, up to which a layer counts as quantized."""

SIGNED_BINARY, BINARY, TERNARY = "signed-binary", "binary", "ternary"
FEW_VALUES, FLOAT = "few values", "float"
SCHEMES = (SIGNED_BINARY, BINARY, TERNARY, FEW_VALUES, FLOAT)
"""What the weights of a layer may look like."""

_OF_PATTERNS = {
    BINARY: {"{-a,+a}", "{a}"},
    SIGNED_BINARY: {"{0,a}", "{0}", "{a}"},
    TERNARY: {"{-a,0,+a}", "{-a,0,+b}", "{-a,+a}", "{0,a}", "{a}", "{0}"},
}


@dataclass(frozen=True, eq=False)
class Symbols:
    """The values of each filter: how many there are, how often each comes, and how they look.

    ``distinct`` counts the values of each filter (M,). ``entropy`` is that of a filter's own
    distribution of values, in bits (M,). ``patterns`` names the value set of each filter.
    """

    distinct: NDArray[np.int64]
    entropy: NDArray[np.float64]
    patterns: tuple[str, ...]

    @property
    def summary(self) -> str:
        """The patterns with how many filters have each: ``{0,a} x60, {0} x4``."""
        counts = Counter(self.patterns).most_common()
        if len(counts) == 1:
            return counts[0][0]
        return ", ".join(f"{name} x{count}" for name, count in counts)


def read(matrix: Floats) -> Symbols:
    """Look at the rows of a matrix (M, K) with M and K of at least 1."""
    ordered = np.sort(matrix, axis=1)
    ends = np.ones(ordered.shape, bool)  # the last place of each run of equal values
    ends[:, :-1] = ordered[:, 1:] != ordered[:, :-1]
    distinct = ends.sum(axis=1)
    filters, last = np.nonzero(ends)
    lengths = np.diff(filters * matrix.shape[1] + last, prepend=-1)
    share = lengths / matrix.shape[1]
    entropy = np.bincount(filters, -share * np.log2(share), len(matrix))
    few = distinct <= FEW
    patterns = [
        _pattern(row[end] + 0.0) if is_few else "many values"
        for row, end, is_few in zip(ordered, ends, few, strict=True)
    ]
    return Symbols(distinct, np.maximum(entropy, 0.0), tuple(patterns))


def scheme(layer: Layer, symbols: Symbols) -> str:
    """Say what scheme the weights look like, whatever it was that made them.

    A layer in which every filter has few values only because it has few weights, so that an
    artifact holds it otherwise than as bit planes, is ``"float"``. Filters with weights of both
    signs and zeros are ``"signed-binary"`` where slabs of channels have one sign each
    (`region_channels`).
    """
    if layer.form != "planes" or symbols.distinct.max() > FEW:
        return FLOAT
    found = set(symbols.patterns)
    for name, allowed in _OF_PATTERNS.items():
        if found <= allowed:
            return SIGNED_BINARY if name == TERNARY and region_channels(layer) else name
    return FEW_VALUES


def region_channels(layer: Layer) -> int | None:
    """Return C_t, the most channels of which every slab of every filter has weights of one sign.

    None where slabs of one channel have both signs, or a slab of one channel is a single weight,
    which tells nothing.
    """
    if layer.weight.ndim < 3:
        return None
    signs = np.sign(layer.weight).reshape(layer.filters, layer.channels, -1)
    has_positive, has_negative = (signs > 0).any(axis=2), (signs < 0).any(axis=2)
    sizes = [size for size in range(layer.channels, 0, -1) if layer.channels % size == 0]
    for size in sizes:
        slabs = (layer.filters, layer.channels // size, size)
        both = has_positive.reshape(slabs).any(axis=2) & has_negative.reshape(slabs).any(axis=2)
        if not both.any():
            return size if size * layer.taps > 1 else None
    return None


def _pattern(values: Floats) -> str:
    if len(values) == 1:
        return "{a}" if values[0] else "{0}"
    opposite = values[0] == -values[-1]
    if len(values) == 2:
        return "{0,a}" if 0 in values else "{-a,+a}" if opposite else "{a,b}"
    if values[1] == 0:
        return "{-a,0,+a}" if opposite else "{-a,0,+b}"
    return "{0,a,b}" if 0 in values else "{a,b,c}"
