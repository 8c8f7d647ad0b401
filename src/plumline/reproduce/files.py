"""Writes what items found: a CSV file and a picture an item, and one table beside the paper."""

import csv
from collections.abc import Sequence
from pathlib import Path

from plumline._files import write_csv
from plumline.errors import InputError
from plumline.reproduce.context import Context
from plumline.reproduce.facts import fact
from plumline.reproduce.item import Item, Outcome, items

PICTURES = ("png", "svg")
COLUMNS = ("item", "claim", "paper", "here", "conditions", "source")


def save(item: Item, outcome: Outcome, context: Context) -> list[Path]:
    """Write the files of one item and return their paths."""
    table = context.out / f"{item.name}.csv"
    if not outcome.rows:
        raise InputError(f"{table.name} would be empty: nothing was measured")
    write_csv(table, outcome.rows)
    pictures = [context.out / f"{item.name}.{kind}" for kind in PICTURES] if outcome.draw else []
    for path in pictures:
        assert outcome.draw
        outcome.draw(path)
    return [table, *pictures]


def beside_paper(item: Item, outcome: Outcome) -> list[dict[str, str]]:
    """Return the rows "paper | here | conditions" of an item."""
    rows = []
    for comparison in outcome.comparisons:
        known = fact(item.paper, comparison.claim)
        rows.append(
            {
                "item": item.name,
                "claim": known.claim,
                "paper": str(known),
                "here": comparison.here,
                "conditions": comparison.conditions,
                "source": known.source,
            }
        )
    return rows


def replace_lines(path: Path, item: Item, lines: Sequence[dict[str, str]]) -> None:
    """Put an item's lines into the table of all items, in the place of its old ones."""
    kept = [row for row in _read(path) if row["item"] != item.name] if path.exists() else []
    order = {other.name: index for index, other in enumerate(items(item.paper))}
    rows = sorted([*kept, *lines], key=lambda row: order.get(row["item"], len(order)))
    if rows:
        write_csv(path, rows)


def _read(path: Path) -> list[dict[str, str]]:
    with path.open(newline="", encoding="utf-8") as file:
        reader = csv.DictReader(file)
        if tuple(reader.fieldnames or ()) != COLUMNS:
            raise InputError(f"{path} is not the table of an earlier call: name another folder")
        return list(reader)
