"""The order of the paper's times: signed-binary takes least, ternary most."""

from collections.abc import Mapping

from plumline.analysis.scheme_order import ORDER, Cost, against_binary, misplaced, ranked

__all__ = ["ORDER", "broken"]


def broken(
    where: str, costs: Mapping[str, float], densities: Mapping[str, float] | None = None
) -> list[str]:
    """Say in which order schemes are where it is another than that of the paper's times.

    Args:
        where: Under which conditions the costs were found.
        costs: Time or operations of each scheme of `ORDER`.
        densities: Of the weights, where costs are operations: then the note says why.
    """
    found = ranked(costs)
    if found == ORDER:
        return []
    note = f"{where}: not in the order of the paper's times, but {' < '.join(found)}"
    if densities is None:
        return [note]
    counted = {scheme: Cost(densities[scheme], costs[scheme]) for scheme in ORDER}
    reasons = "; ".join(against_binary(scheme, counted) for scheme in misplaced(costs))
    return [f"{note}: {reasons}"]
