"""Writes what items found: a CSV file and a picture an item, and one table beside the paper."""

import csv
import io
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from plumline import _files
from plumline.errors import InputError
from plumline.reproduce.context import Context
from plumline.reproduce.facts import fact
from plumline.reproduce.item import Item, Outcome

PICTURES = ("png", "svg")


def save(item: Item, outcome: Outcome, context: Context) -> list[Path]:
    """Write the files of one item and return their paths."""
    written = [context.out / f"{item.name}.csv"]
    write_csv(written[0], outcome.rows)
    if outcome.draw:
        written += _draw(item, outcome, context.out)
    return written


def write_csv(path: Path, rows: Sequence[dict[str, Any]]) -> None:
    """Write rows of the same columns."""
    if not rows:
        raise InputError(f"{path.name} would be empty: nothing was measured")
    text = io.StringIO()
    writer = csv.DictWriter(text, list(rows[0]), lineterminator="\n")
    writer.writeheader()
    writer.writerows(rows)
    _files.write_text(path, text.getvalue())


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


def _draw(item: Item, outcome: Outcome, out: Path) -> list[Path]:
    assert outcome.draw is not None
    paths = [out / f"{item.name}.{kind}" for kind in PICTURES]
    for path in paths:
        outcome.draw(path)
    return paths
