"""Names given by users: look one up, or say which ones there are and which is nearest."""

import difflib
from collections.abc import Iterable, Mapping
from typing import TypeVar

from plumline.errors import InputError

T = TypeVar("T")


def unknown(kind: str, name: str, choices: Iterable[str]) -> InputError:
    """Make the error for a name that is not among the choices, with the nearest one if any."""
    known = sorted(choices)
    near = difflib.get_close_matches(name, known, n=1)
    hint = f"did you mean {near[0]!r}?" if near else f"choose from {', '.join(known) or 'none'}"
    return InputError(f"unknown {kind} {name!r}: {hint}")


def look_up(kind: str, name: str, table: Mapping[str, T]) -> T:
    """Return ``table[name]``; raise `InputError` naming the nearest key when there is none."""
    if name not in table:
        raise unknown(kind, name, table)
    return table[name]
