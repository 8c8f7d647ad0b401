"""How far two runtimes' answers may lie apart before they count as different."""

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from plumline.errors import InputError

TOLERANCE = 1e-4
"""Relative to the largest absolute answer: float32 sums in another order stay far below."""


def difference(
    ours: Sequence[NDArray[Any]],
    theirs: Sequence[NDArray[Any]],
    our_name: str,
    their_name: str,
    tolerance: float = TOLERANCE,
) -> float:
    """Return the largest deviation, relative to the largest answer.

    Raises `InputError` when shapes differ or the deviation is above ``tolerance``.
    """
    if [a.shape for a in ours] != [a.shape for a in theirs]:
        raise InputError(
            f"{our_name} and {their_name} answer in different shapes: is it the same network?"
        )
    worst = 0.0
    for a, b in zip(ours, theirs, strict=True):
        largest = float(np.abs(b).max(initial=0)) or 1.0
        found = float(np.abs(a.astype(np.float64) - b).max(initial=0)) / largest
        if not found <= tolerance:  # also when it is not a number
            raise InputError(
                f"{their_name} and {our_name} differ by {found:.1e} of the largest answer, more "
                f"than {tolerance:.0e}: different answers are not compared"
            )
        worst = max(worst, found)
    return worst
