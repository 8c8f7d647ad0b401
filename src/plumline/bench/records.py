"""The rows of a suite, one a contender and network, kept in a CSV file as they come in."""

import csv
import os
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from plumline import _files
from plumline.errors import InputError

Record = dict[str, str]

KEY = ("suite", "case", "scheme", "weights", "activations", "batch", "threads", "cap")
"""What tells one network's rows from another's."""


class Records:
    """Rows as text, as a CSV file has them.

    Args:
        path: the file, written whole after each `add`; None keeps the rows in memory.
        resume: go on with the file when it is there.

    Raises:
        InputError: the file is there and is not to be gone on with, or holds something else.
    """

    def __init__(self, path: str | os.PathLike[str] | None = None, *, resume: bool = False) -> None:
        self.path = None if path is None else Path(path)
        self.rows: list[Record] = []
        if self.path is not None and self.path.exists():
            if not resume:
                raise InputError(
                    f"{os.fspath(self.path)!r} is there already: go on with it (--resume), or name "
                    "another file"
                )
            self.rows = read(self.path)
            if self.rows and not set(KEY) <= set(self.rows[0]):
                raise InputError(f"{os.fspath(self.path)!r} holds no rows of a suite: name another")

    def has(self, key: Mapping[str, Any]) -> bool:
        """Say whether there are rows with these values."""
        return any(_matches(row, key) for row in self.rows)

    def add(self, rows: Sequence[Mapping[str, Any]]) -> None:
        """Add rows, in place of those of the same networks, and write the file."""
        new = [
            {key: "" if value is None else str(value) for key, value in row.items()} for row in rows
        ]
        replaced = {_key(row) for row in new}
        self.rows = [row for row in self.rows if _key(row) not in replaced] + new
        if self.path is not None and self.rows:
            _files.write_csv(self.path, self.rows)


def read(path: Path) -> list[Record]:
    """Read a CSV file."""
    try:
        with path.open(encoding="utf-8", newline="") as file:
            return list(csv.DictReader(file))
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        raise InputError(f"{os.fspath(path)!r} cannot be read as CSV: {error}") from None


def _key(row: Mapping[str, str]) -> tuple[str, ...]:
    return tuple(row[name] for name in KEY)


def _matches(row: Record, key: Mapping[str, Any]) -> bool:
    return all(row[name] == str(value) for name, value in key.items())
