"""Reproduces items of a paper, one after another."""

import os
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from plumline import _figures
from plumline.errors import InputError
from plumline.reproduce.budget import budget as budget_of
from plumline.reproduce.context import Context, say_on_stderr
from plumline.reproduce.files import beside_paper, replace_lines, save
from plumline.reproduce.item import Item, items

TABLE = "paper-and-here.csv"


@dataclass(frozen=True)
class Made:
    """One item with the files it wrote, its rows beside the paper, and its notes.

    ``left_out`` says why it could not be made; empty if it was.
    """

    item: Item
    files: list[Path]
    comparisons: list[dict[str, str]]
    notes: tuple[str, ...]
    left_out: str = ""


def reproduce(
    paper: str,
    names: Sequence[str] = (),
    *,
    budget: str = "smoke",
    out: str | os.PathLike[str] | None = None,
    runs: str | os.PathLike[str] = "runs",
    data: str | os.PathLike[str] | None = None,
    jobs: int = 1,
    say: Callable[[str], None] | None = None,
) -> list[Made]:
    """Make tables and figures of a paper again.

    Each writes ``ITEM.csv`` and, where there is something to see, ``ITEM.png`` and ``ITEM.svg``
    into ``out``, and its lines of ``paper-and-here.csv``: the paper's figure, ours, and the
    conditions. What the paper reports is only said to be verified where it was read in print.
    Training goes on in its run folders where an earlier call was stopped.

    Args:
        paper: Such as ``plum``.
        names: Items, ``table`` or ``figure``; all if empty. Items that are not named are made only
            where they are for the budget.
        budget: ``smoke``, ``cpu`` or ``full``.
        out: Folder of the results, ``reproduced/PAPER-BUDGET`` if None.
        runs: Folder of the run folders.
        data: Folder of the data sets; ``$PLUMLINE_DATA`` if None.
        jobs: Networks to train at a time, each in a process with its share of the cores.
        say: Takes lines about progress; standard error if None.

    Raises:
        InputError: An unknown name; data or a package that is not there. Of several items, those
            that cannot be made are left out: `Made.left_out` and a note say why.
    """
    found = items(paper, names)
    chosen = [entry for entry in found if entry.name in names or entry.fits(budget)] or found
    _figures.check()
    folder = Path(out) if out is not None else Path("reproduced") / f"{paper}-{budget}"
    context = Context(budget_of(budget), folder, Path(runs), data, say or say_on_stderr, jobs)
    if len(chosen) == 1:
        return [_make(chosen[0], context)]
    made = [_try(entry, context) for entry in chosen]
    if all(entry.left_out for entry in made):
        raise InputError(f"no item could be made; {made[0].item.name}: {made[0].left_out}")
    return made


def _make(entry: Item, context: Context) -> Made:
    if not entry.fits(context.budget.name):
        known = " or ".join(entry.budgets)
        budget = context.budget.name
        raise InputError(f"item {entry.name!r} is not for the budget {budget}: choose {known}")
    context.say(f"{entry.kind} {entry.name}: {entry.title}")
    outcome = entry.make(context)
    lines = beside_paper(entry, outcome)
    files = save(entry, outcome, context)
    replace_lines(context.out / TABLE, entry, lines)
    return Made(entry, files, lines, tuple(outcome.notes))


def _try(entry: Item, context: Context) -> Made:
    """Make one of many items; where it cannot be made, the others still are."""
    try:
        return _make(entry, context)
    except InputError as error:
        note = f"left out: {error}"
        context.say(f"  {note}")
        return Made(entry, [], [], (note,), str(error))
