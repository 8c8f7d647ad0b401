"""What can be reproduced: each table and figure of a paper registers the function that makes it."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal, TypeAlias

from plumline import _names

if TYPE_CHECKING:
    from plumline.reproduce.context import Context

Row: TypeAlias = dict[str, Any]
"""A line of an item's CSV file; all rows of an item have the same columns."""


@dataclass(frozen=True)
class Comparison:
    """One figure of the paper beside ours.

    ``claim`` is a key of the paper's facts (`facts.Fact`), ``here`` what was found, and
    ``conditions`` under which.
    """

    claim: str
    here: str
    conditions: str


@dataclass(frozen=True)
class Outcome:
    """What an item found: rows, the figures of the paper beside ours, and a drawing.

    ``draw`` writes a picture to a path, as PNG or SVG by its name; see `drawing.drawn`.
    """

    rows: Sequence[Row]
    comparisons: Sequence[Comparison] = ()
    draw: Callable[[Path], None] | None = None
    notes: Sequence[str] = ()


Make: TypeAlias = Callable[["Context"], Outcome]


@dataclass(frozen=True)
class Item:
    """One table or figure.

    ``trains`` says that it trains networks, ``times`` that it measures speed, which wants a
    machine that does nothing else. ``budgets`` are those that it can be made under; empty: all.
    """

    paper: str
    name: str
    kind: Literal["table", "figure"]
    title: str
    make: Make
    trains: bool
    times: bool
    budgets: tuple[str, ...] = ()

    def fits(self, budget: str) -> bool:
        """Say whether it can be made under a budget."""
        return not self.budgets or budget in self.budgets


_ITEMS: dict[str, dict[str, Item]] = {}


def item(
    paper: str,
    name: str,
    kind: Literal["table", "figure"],
    title: str,
    *,
    trains: bool = False,
    times: bool = False,
    budgets: tuple[str, ...] = (),
) -> Callable[[Make], Make]:
    """Register the decorated function as an item of a paper."""

    def add(make: Make) -> Make:
        entry = Item(paper, name, kind, title, make, trains, times, budgets)
        _ITEMS.setdefault(paper, {})[name] = entry
        return make

    return add


def papers() -> list[str]:
    """Return the papers of which something can be reproduced."""
    return sorted(_ITEMS)


def items(paper: str, names: Sequence[str] = ()) -> list[Item]:
    """Return the items of a paper in the order of registration.

    Args:
        paper: One of `papers`.
        names: Items, or ``table`` or ``figure`` for all of a kind; all items if empty.

    Raises:
        InputError: An unknown paper or name.
    """
    known = _names.look_up("paper", paper, _ITEMS)
    kinds = {entry.kind for entry in known.values()}
    for name in names:
        if name not in kinds:
            _names.look_up(f"item of {paper}", name, known)
    return [
        entry for entry in known.values() if not names or entry.name in names or entry.kind in names
    ]
