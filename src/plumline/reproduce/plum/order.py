"""The order of the paper's times: signed-binary takes least, ternary most."""

from collections.abc import Mapping

ORDER = ("signed-binary", "binary", "ternary")


def broken(where: str, costs: Mapping[str, float]) -> list[str]:
    """Say in which order schemes are where it is another than that of the paper's times.

    Args:
        where: Under which conditions the costs were found.
        costs: Time or operations of each scheme of `ORDER`.
    """
    found = tuple(sorted(ORDER, key=costs.__getitem__))
    if found == ORDER:
        return []
    return [f"{where}: not in the order of the paper's times, but {' < '.join(found)}"]
