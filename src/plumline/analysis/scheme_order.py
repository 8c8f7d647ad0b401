"""PLUM's order of schemes by what they cost, and why weights can be in another."""

from collections.abc import Mapping
from dataclasses import dataclass

from plumline.analysis.symbols import BINARY, SIGNED_BINARY, TERNARY

ORDER = (SIGNED_BINARY, BINARY, TERNARY)
"""Of the paper's times: signed-binary takes least, ternary most."""


@dataclass(frozen=True)
class Cost:
    """What weights of a scheme cost.

    ``density`` is the part of them that is not zero, above 0; ``operations`` are in a unit that is
    that of the schemes they are compared with, such as the dense operations.
    """

    density: float
    operations: float


def ranked(costs: Mapping[str, float]) -> tuple[str, ...]:
    """Return the schemes of `ORDER` from the cheapest on; equals stay in this order."""
    return tuple(sorted(ORDER, key=costs.__getitem__))


def misplaced(costs: Mapping[str, float]) -> list[str]:
    """Name those that are not on their side of binary: at least one in any other order."""
    wrong = {
        SIGNED_BINARY: costs[SIGNED_BINARY] > costs[BINARY],
        TERNARY: costs[TERNARY] < costs[BINARY],
    }
    return [scheme for scheme in wrong if wrong[scheme]]


def against_binary(scheme: str, costs: Mapping[str, Cost]) -> str:
    """Say why ``scheme`` takes more or fewer operations than binary.

    Operations are the weights that are not zero, times what each of them takes. That is one
    addition under every scheme, less what filters save by sharing sums.
    """
    here, binary = costs[scheme], costs[BINARY]
    fewer = binary.density / here.density
    total = here.operations / binary.operations
    each = total * fewer
    return (
        f"{scheme} has {fewer:.2f} times fewer weights that are not zero than binary, "
        f"{_shared(each)} of its sums: each takes {each:.2f} times the operations, all of them "
        f"{total:.2f} times"
    )


def _shared(each: float) -> str:
    if 0.995 <= each < 1.005:
        return "and shares as much"
    return "but shares less" if each > 1 else "and shares more"
