"""Reproduces items of a paper, one after another."""

import csv
import os
import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from plumline.reproduce.budget import budget as budget_of
from plumline.reproduce.context import Context
from plumline.reproduce.item import Item, items
from plumline.reproduce.outcome import beside_paper, save, write_csv

TABLE = "paper-and-here.csv"


@dataclass(frozen=True)
class Made:
    """One item with the files it wrote, its rows beside the paper, and its notes."""

    item: Item
    files: list[Path]
    comparisons: list[dict[str, str]]
    notes: tuple[str, ...]


def reproduce(
    paper: str,
    names: Sequence[str] = (),
    *,
    budget: str = "smoke",
    out: str | os.PathLike[str] | None = None,
    runs: str | os.PathLike[str] = "runs",
    data: str | os.PathLike[str] | None = None,
    say: Callable[[str], None] | None = None,
) -> list[Made]:
    """Make tables and figures of a paper again.

    Each writes ``ITEM.csv`` and, where there is something to see, ``ITEM.png`` and ``ITEM.svg``
    into ``out``, and its lines of ``paper-and-here.csv``: the paper's figure, ours, and the
    conditions. What the paper reports is only said to be verified where it was read in print.
    Training goes on in its run folders where an earlier call was stopped.

    Args:
        paper: Such as ``plum``.
        names: Items, ``table`` or ``figure``; all if empty.
        budget: ``smoke``, ``cpu`` or ``full``.
        out: Folder of the results, ``reproduced/PAPER-BUDGET`` if None.
        runs: Folder of the run folders.
        data: Folder of the data sets; ``$PLUMLINE_DATA`` if None.
        say: Takes lines about progress; standard error if None.

    Raises:
        InputError: An unknown name, or data that is not there.
    """
    chosen = items(paper, names)
    folder = Path(out) if out is not None else Path("reproduced") / f"{paper}-{budget}"
    context = Context(budget_of(budget), folder, Path(runs), data, say or _say)
    made = []
    for entry in chosen:
        context.say(f"{entry.kind} {entry.name}: {entry.title}")
        outcome = entry.make(context)
        lines = beside_paper(entry, outcome)
        made.append(Made(entry, save(entry, outcome, context), lines, tuple(outcome.notes)))
        _replace_lines(folder / TABLE, entry, lines)
    return made


def _replace_lines(path: Path, entry: Item, lines: list[dict[str, str]]) -> None:
    """Put an item's lines into the table of all items, in the place of its old ones."""
    kept: list[dict[str, str]] = []
    if path.exists():
        with path.open(newline="", encoding="utf-8") as file:
            kept = [row for row in csv.DictReader(file) if row["item"] != entry.name]
    order = {other.name: index for index, other in enumerate(items(entry.paper))}
    rows = sorted(kept + lines, key=lambda row: order.get(row["item"], len(order)))
    if rows:
        write_csv(path, rows)


def _say(line: str) -> None:
    print(line, file=sys.stderr, flush=True)
