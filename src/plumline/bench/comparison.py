"""One network in several runtimes: the answers are compared, then the times are taken."""

import json
import math
import os
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from plumline import _files
from plumline.bench import contenders as registry
from plumline.bench.contenders import Call
from plumline.bench.difference import TOLERANCE, difference
from plumline.bench.machine import Machine, OtherWork
from plumline.bench.measure import Timing, interleave
from plumline.bench.subject import Subject
from plumline.errors import InputError

OURS = "plumline"
OTHER_WORK = 0.25
"""Cores that others may keep busy before a measurement is called disturbed."""
UNREST = 0.1
"""Turns whose medians differ by more than this part of the median are not to be trusted."""


@dataclass(frozen=True)
class Row:
    """One contender. Times are milliseconds a call of the whole batch.

    ``ratio`` is this contender's median over plumline's: above 1 plumline is faster. ``difference``
    is the largest deviation from plumline's answers, relative to the largest answer. Where plumline
    does not take part, ``ratio`` is not a number and the first contender's answers count.
    """

    contender: str
    version: str
    median_ms: float
    minimum_ms: float
    lower_quartile_ms: float
    upper_quartile_ms: float
    ratio: float
    difference: float
    calls: int
    turns: int
    unrest: float

    @property
    def verdict(self) -> str:
        """Who is faster, in words."""
        if self.contender == OURS:
            return ""
        if self.ratio >= 1:
            return f"plumline is {self.ratio:.2f} times as fast"
        return f"plumline is SLOWER: {1 / self.ratio:.2f} times the time"


@dataclass(frozen=True)
class Comparison:
    """All contenders on one network, with what a reader needs to judge the times."""

    network: str
    inputs: dict[str, tuple[int, ...]]
    threads: int
    machine: Machine
    other_work: float | None
    """Cores that other processes kept busy during the measurement; None where that is not known."""
    rows: tuple[Row, ...]
    warnings: tuple[str, ...]

    def row(self, name: str) -> Row:
        """Return the row of one contender."""
        return next(row for row in self.rows if row.contender == name)

    def to_dict(self) -> dict[str, Any]:
        """Everything, ready for JSON."""
        return asdict(self)

    def records(self) -> list[dict[str, Any]]:
        """One flat record a contender, with network and machine in each."""
        shapes = " ".join(f"{name}={'x'.join(map(str, s))}" for name, s in self.inputs.items())
        before = {"network": self.network, "inputs": shapes, "threads": self.threads}
        after = {**asdict(self.machine), "other_work": self.other_work}
        return [{**before, **asdict(row), **after} for row in self.rows]

    def write_csv(self, path: str | os.PathLike[str]) -> None:
        """Write the records as CSV, whole or not at all."""
        _files.write_csv(path, self.records())

    def write_json(self, path: str | os.PathLike[str]) -> None:
        """Write everything as JSON, whole or not at all."""
        _files.write_text(path, json.dumps(self.to_dict(), indent=2) + "\n")

    def __str__(self) -> str:
        """Return the table, with machine and warnings."""
        head = ("runtime", "version", "median ms", "min ms", "quartiles ms", "ratio", "")
        body = [_cells(row) for row in self.rows]
        widths = [max(map(len, column)) for column in zip(head, *body, strict=True)]
        table = [
            "  ".join(c.ljust(w) for c, w in zip(cells, widths, strict=True)).rstrip()
            for cells in (head, *body)
        ]
        shapes = ", ".join(f"{name} {shape}" for name, shape in self.inputs.items())
        return "\n".join(
            [
                f"{self.network}: {shapes}, float32, threads: {self.threads}",
                str(self.machine),
                "",
                *table,
                *(f"warning: {text}" for text in self.warnings),
            ]
        )


def compare(
    subject: Subject,
    against: Sequence[str],
    *,
    threads: int = 1,
    batch: int = 1,
    shapes: Mapping[str, tuple[int, ...]] | None = None,
    seconds: float = 1.0,
    turns: int = 20,
) -> Comparison:
    """Run a network in plumline and in other runtimes, in turns.

    Args:
        subject: the network.
        against: names of contenders, with options as `contenders.look_up` reads them; plumline
            itself always takes part.
        threads: threads of each runtime.
        batch: size of the first axis where the network leaves it open.
        shapes: whole shapes of inputs that have other open sizes.
        seconds: time for each contender, all turns together.
        turns: how often each contender's turn comes.

    Raises:
        InputError: a contender cannot run the network, or its answers are not plumline's.
    """
    check_amounts(threads=threads, batch=batch, seconds=seconds, turns=turns)
    names = dict.fromkeys((OURS, *(registry.look_up(name).name for name in against)))
    race = Race(subject, subject.shapes(batch, shapes), threads)
    for name in names:
        race.enter(name)
    return measure([race], seconds=seconds, turns=turns)[0]


def check_amounts(*, threads: int, batch: int, seconds: float, turns: int) -> None:
    """Raise `InputError` unless all are above 0."""
    if seconds <= 0 or turns < 1 or threads < 1 or batch < 1:
        raise InputError("seconds, repeats, threads and batch must be above 0")


class Race:
    """One network at the start: contenders whose answers to the same inputs have been compared.

    The first that enters is the one that the others' answers are compared with.
    """

    def __init__(
        self,
        subject: Subject,
        inputs: dict[str, tuple[int, ...]],
        threads: int,
        tolerance: float = TOLERANCE,
    ) -> None:
        self.subject, self.inputs, self.threads = subject, inputs, threads
        self.tolerance = tolerance
        self.calls: dict[str, Call] = {}
        self.differences: dict[str, float] = {}
        self._feed = subject.noise(inputs)
        self._first: tuple[str, list[NDArray[Any]]] | None = None

    def enter(self, name: str) -> None:
        """Get a contender ready; `InputError` when it cannot run the network or answers otherwise.

        It takes part only when nothing is wrong.
        """
        runtime = registry.look_up(name)
        call = runtime.open(self.subject, self.threads, self.inputs)(self._feed)
        answers = [np.array(answer) for answer in call()]
        self._first = self._first or (name, answers)
        first, expected = self._first
        self.differences[name] = difference(expected, answers, first, name, self.tolerance)
        self.calls[name] = call


def measure(races: Sequence[Race], *, seconds: float, turns: int) -> list[Comparison]:
    """Time all contenders of all races in one round of turns, so that races compare too."""
    machine = Machine.here()
    calls = {(n, name): call for n, race in enumerate(races) for name, call in race.calls.items()}
    with OtherWork() as other:
        timings = interleave(calls, seconds=seconds, turns=turns)
    return [
        _comparison(race, {name: timings[n, name] for name in race.calls}, machine, other.cores)
        for n, race in enumerate(races)
    ]


def _comparison(
    race: Race, timings: Mapping[str, Timing], machine: Machine, other_work: float | None
) -> Comparison:
    ours = timings[OURS].median if OURS in timings else math.nan
    rows = tuple(
        Row(
            contender=name,
            version=registry.look_up(name).version,
            median_ms=1e3 * timing.median,
            minimum_ms=1e3 * timing.minimum,
            lower_quartile_ms=1e3 * timing.lower_quartile,
            upper_quartile_ms=1e3 * timing.upper_quartile,
            ratio=timing.median / ours,
            difference=race.differences[name],
            calls=timing.calls,
            turns=timing.turns,
            unrest=timing.unrest,
        )
        for name, timing in timings.items()
    )
    warnings = _warnings(machine, race.threads, other_work, rows)
    subject = race.subject.name
    return Comparison(subject, race.inputs, race.threads, machine, other_work, rows, warnings)


def _warnings(
    machine: Machine, threads: int, other_work: float | None, rows: Sequence[Row]
) -> tuple[str, ...]:
    found = []
    if threads > machine.cores:
        found.append(f"{threads} threads on {machine.cores} cores")
    if other_work is not None and other_work > OTHER_WORK:
        found.append(
            f"noisy machine: other processes kept {other_work:.1f} cores busy; "
            "repeat when it is idle"
        )
    restless = [row.contender for row in rows if row.unrest > UNREST]
    if restless:
        found.append(
            f"noisy machine: turns of {', '.join(restless)} differ by more than {UNREST:.0%}; "
            "repeat, or give more --seconds"
        )
    return tuple(found)


def _cells(row: Row) -> tuple[str, ...]:
    return (
        row.contender,
        row.version,
        f"{row.median_ms:9.3f}",
        f"{row.minimum_ms:7.3f}",
        f"{row.lower_quartile_ms:.3f} - {row.upper_quartile_ms:.3f}",
        f"{row.ratio:5.2f}",
        row.verdict,
    )
