"""A suite from end to end: every group in turns, under each cap in a process of its own."""

import os
import subprocess
import sys
import tempfile
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from plumline._names import look_up
from plumline.bench import caps, contenders
from plumline.bench.comparison import OURS, Comparison, Race, measure
from plumline.bench.difference import TOLERANCE
from plumline.bench.records import KEY, Record, Records
from plumline.bench.suites import Case, Settings, Suite
from plumline.bench.suites import look_up as look_up_suite
from plumline.errors import InputError

INT8_TOLERANCE = 0.05
"""A value on the border of two integers may be rounded to either, and each layer passes it on."""
TOLERANCES = {"fp32": TOLERANCE, "int8": INT8_TOLERANCE}

Say = Callable[[str], None]


def run_suite(
    name: str,
    settings: Settings,
    *,
    isas: Sequence[str] = (),
    csv: str | os.PathLike[str] | None = None,
    resume: bool = False,
    say: Say = lambda line: None,
) -> list[Record]:
    """Measure a suite and return its rows, one a contender, network, batch, threads and cap.

    Args:
        name: one of `suites.names`.
        settings: what of it to measure.
        isas: names of `caps.CAPS`: the whole suite once under each, in a new process. None of them:
            once without a cap.
        csv: where the rows are kept; written after each group.
        resume: leave out what ``csv`` has already.
        say: is told what has been measured and what was left out, line by line.

    Raises:
        InputError: a wrong setting; a file that would be overwritten.
    """
    suite = look_up_suite(name)
    for isa in isas:
        look_up("instruction set to hold everything to", isa, caps.CAPS)
    records = Records(csv, resume=resume)
    if settings.cap and not caps.in_force(settings.cap):
        raise InputError(f"this process was not started with the settings of {settings.cap}")
    if not isas:
        _measure(suite, settings, records, say)
        return records.rows
    with tempfile.TemporaryDirectory() as folder:
        path = records.path or Path(folder) / "rows.csv"
        for isa in isas:
            run_capped(name, replace(settings, cap=isa), path)
        return Records(path, resume=True).rows


def run_capped(name: str, settings: Settings, path: Path) -> None:
    """Measure in a new process that is held to ``settings.cap``; it adds its rows to the file."""
    command = [sys.executable, "-m", "plumline.bench.suites", name, settings.to_json()]
    done = subprocess.run(
        [*command, os.fspath(path)], env=caps.environment(settings.cap), check=False
    )
    if done.returncode:
        raise InputError(f"the measurement under {settings.cap} broke off: what it said is above")


def _measure(suite: Suite, settings: Settings, records: Records, say: Say) -> None:
    heeded = _heeded(settings.cap)
    for group in suite.groups(settings):
        cases = [case for case in group if settings.takes(case)]
        for batch in settings.batches or suite.batches:
            for threads in settings.threads or suite.threads:
                keys = [_key(suite, case, settings, batch, threads) for case in cases]
                if all(records.has(key) for key in keys):
                    continue
                races = [_race(case, settings, batch, threads, say) for case in cases]
                timed = measure(
                    [race for race in races if race],
                    seconds=settings.seconds,
                    turns=settings.turns,
                )
                results = iter(timed)
                rows = [
                    row
                    for key, case, race in zip(keys, cases, races, strict=True)
                    if race
                    for row in _rows(key, case, next(results), heeded)
                ]
                records.add(rows)
                for row in rows:
                    say(_line(row))


def _race(case: Case, settings: Settings, batch: int, threads: int, say: Say) -> Race | None:
    """Get every contender ready that can run a network; None where none can, or it is not there."""
    where = f"{case.name} {case.scheme}"
    try:
        subject = case.subject
    except InputError as error:
        say(f"left out: {where}: {error}")
        return None
    race = Race(subject, subject.shapes(batch), threads, TOLERANCES[settings.activations])
    for name in sorted(contenders.able(subject), key=lambda name: name != OURS):
        _enter(race, name, where, say)
    return race if race.calls else None


def _enter(race: Race, name: str, where: str, say: Say) -> None:
    try:
        race.enter(name)
    except InputError as error:
        say(f"left out: {name} on {where}: {error}")


def _key(suite: Suite, case: Case, settings: Settings, batch: int, threads: int) -> dict[str, Any]:
    values = (suite.name, case.name, case.scheme, case.weights, settings.activations)
    return dict(zip(KEY, (*values, batch, threads, settings.cap), strict=True))


def _rows(
    key: dict[str, Any], case: Case, comparison: Comparison, heeded: dict[str, str]
) -> list[dict[str, Any]]:
    """Put what the suite knows before what was measured."""
    rows = []
    for record in comparison.records():
        name = record["contender"]
        middle = {
            "part": case.part,
            "layers": case.layers,
            "contender": name,
            "cap_heeded": heeded[name],
            "layer_ms": record["median_ms"] / case.layers,
        }
        del record["network"]
        rows.append({**key, **middle, **record})
    return rows


def _line(row: dict[str, Any]) -> str:
    where = f"{row['case']} {row['scheme']} batch {row['batch']} threads {row['threads']}"
    held = f" ({row['cap']}: {row['cap_heeded']})" if row["cap"] else ""
    return f"{where:48} {row['contender'] + held:34} {row['median_ms']:9.3f} ms {row['ratio']:6.2f}"


def _heeded(cap: str) -> dict[str, str]:
    """Say of each installed contender whether it heeds the cap: yes, no, or nothing without one."""
    installed = [name for name in contenders.names() if contenders.look_up(name).installed]
    if not cap:
        return dict.fromkeys(installed, "")
    return {name: "yes" if contenders.look_up(name).heeds(cap) else "no" for name in installed}
