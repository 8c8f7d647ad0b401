"""What a verb is, and the table of them: each file of verbs/ registers its own."""

from argparse import ArgumentParser, Namespace
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True)
class Answer:
    """What a verb found out: ``data`` is printed with ``--json``, ``text`` without.

    ``unfinished`` says, in one line, why not all was done that was asked for.
    """

    data: dict[str, Any]
    text: str
    unfinished: str = ""


Declare = Callable[[ArgumentParser], None]
Run = Callable[[Namespace], Answer]


@dataclass(frozen=True)
class Verb:
    """A verb of the command line. ``run`` imports what it needs, when it runs."""

    name: str
    help: str
    example: str
    declare: Declare
    run: Run


VERBS: dict[str, Verb] = {}


def verb(name: str, help: str, declare: Declare, *, example: str) -> Callable[[Run], Run]:
    """Register the decorated function as the verb ``name``; ``declare`` adds its arguments."""

    def add(run: Run) -> Run:
        VERBS[name] = Verb(name, help, example, declare, run)
        return run

    return add
