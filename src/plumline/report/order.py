"""Whether PLUM's order of schemes is that of their operations, at the density of a network."""

from collections.abc import Mapping

from plumline.analysis.scheme_order import ORDER, Cost, against_binary, ranked
from plumline.analysis.symbols import BINARY

NAME = f"PLUM's order, {' < '.join(ORDER)},"

NARROW = "\N{NARROW NO-BREAK SPACE}"

Costs = Mapping[str, Cost]
"""By scheme, relative to the dense operations; binary weights have no zeros at any density."""


def sentences(density: float, here: Costs, lines: Mapping[float, Costs]) -> list[str]:
    """Say whether the order holds and why; first comes the answer.

    Args:
        density: Of the network.
        here: Costs at this density.
        lines: Costs at other densities.
    """
    drawn = {cost.density for scheme, cost in here.items() if scheme != BINARY}
    found = _compared(density, here) if drawn.isdisjoint((0.0, 1.0)) else [_nothing(density)]
    return [*found, _elsewhere(lines)]


def _compared(density: float, here: Costs) -> list[str]:
    found = _ranked(here)
    shares = [f"{_percent(here[scheme].operations)} ({scheme})" for scheme in found]
    reasons = [against_binary(scheme, here) for scheme in ORDER if scheme != BINARY]
    return [
        f"{NAME} {'holds' if found == ORDER else 'does not hold'} for operations at this network's "
        f"density, {_percent(density)}.",
        f"Random weights take {', '.join(shares)} of the dense operations; binary ones have no "
        "zeros.",
        *(f"{reason[0].upper()}{reason[1:]}." for reason in reasons),
    ]


def _nothing(density: float) -> str:
    """Say why there is no order where all weights are zero, or none."""
    if density < 0.5:
        why = "under schemes with zeros there is nothing left to add"
    else:
        why = (
            "without zeros ternary weights are binary, and those of a signed-binary filter all "
            "the same"
        )
    return f"{NAME} means nothing at this network's density, {_percent(density)}: {why}."


def _elsewhere(lines: Mapping[float, Costs]) -> str:
    holding = [
        f"{100 * density:.0f}" for density, costs in lines.items() if _ranked(costs) == ORDER
    ]
    if not holding:
        where = "no density"
    elif len(holding) == len(lines):
        where = "every density"
    else:
        where = f"densities of {', '.join(holding)}{NARROW}%"
    return f"On the lines it holds at {where}; trained, each scheme comes to a density of its own."


def _ranked(costs: Costs) -> tuple[str, ...]:
    return ranked({scheme: cost.operations for scheme, cost in costs.items()})


def _percent(share: float) -> str:
    return f"{100 * share:.1f}{NARROW}%"
