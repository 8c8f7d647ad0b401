"""What a paper reports, and how sure that is: figures that were not seen in print say so."""

import sys
from dataclasses import dataclass
from importlib import resources
from typing import Any

from plumline import _names

if sys.version_info >= (3, 11):
    import tomllib
else:
    import tomli as tomllib

NOT_VERIFIED = "not verified"


@dataclass(frozen=True)
class Fact:
    """One claim of a paper.

    ``value`` is what it reports, with its unit, and ``verified`` whether that was read in the
    paper, its abstract or its public reviews. A figure that was not is never printed as the
    paper's. ``value`` is empty where nothing is known.
    """

    claim: str
    value: str
    verified: bool
    source: str

    def __str__(self) -> str:
        if not self.value:
            return "unknown"
        return self.value if self.verified else f"{self.value} ({NOT_VERIFIED})"


def facts(paper: str) -> dict[str, Fact]:
    """Read the facts about a paper, by key."""
    file = resources.files("plumline.reproduce") / paper / "facts.toml"
    table: dict[str, dict[str, Any]] = tomllib.loads(file.read_text(encoding="utf-8"))
    return {key: Fact(**entry) for key, entry in table.items()}


def fact(paper: str, key: str) -> Fact:
    """Return one fact."""
    return _names.look_up(f"fact of {paper}", key, facts(paper))
