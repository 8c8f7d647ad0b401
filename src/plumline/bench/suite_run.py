"""A suite from end to end: here, or under each cap in a process of its own."""

import os
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from plumline._names import look_up
from plumline.bench import caps, suite
from plumline.bench import suites as _suites  # noqa: F401 - registers the suites
from plumline.bench.machine import Machine
from plumline.bench.records import Record, Records
from plumline.bench.suite import Say, Settings
from plumline.errors import InputError
from plumline.runtime import native


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
        name: one of `suite.names`.
        settings: what of it to measure.
        isas: names of `caps.CAPS`: the whole suite once under each, in a new process. None of them:
            once without a cap.
        csv: where the rows are kept; written after each group.
        resume: leave out what ``csv`` has already.
        say: is told what has been measured and what was left out, line by line.

    Raises:
        InputError: a wrong setting; a file that would be overwritten; nothing to measure.
    """
    chosen = suite.look_up(name)
    for isa in isas:
        look_up("instruction set to hold everything to", isa, caps.CAPS)
        if isa not in native.module().available_isas():
            raise InputError(f"this machine or this build of plumline has no {isa}")
    records = Records(csv, resume=resume)
    _check_machine(records)
    if settings.cap and not caps.in_force(settings.cap):
        raise InputError(f"this process was not started with the settings of {settings.cap}")
    if not isas:
        chosen.run(settings, records, say)
    with tempfile.TemporaryDirectory() as folder:
        path = records.path or Path(folder) / "rows.csv"
        for isa in isas:
            run_capped(name, replace(settings, cap=isa), path)
            records = Records(path, resume=True)
    if not records.rows:
        raise InputError(f"nothing of {name!r} was measured: choose other cases or schemes")
    return records.rows


def _check_machine(records: Records) -> None:
    """Raise `InputError` where rows to go on with were measured elsewhere."""
    here = Machine.here()
    for row in records.rows:
        if (row["cpu"], row["cores"]) != (here.cpu, str(here.cores)):
            raise InputError(
                f"{records.path} holds times of another machine ({row['cpu']}, {row['cores']} "
                "cores): name another file"
            )


def run_capped(name: str, settings: Settings, path: Path) -> None:
    """Measure in a new process that is held to ``settings.cap``; it adds its rows to the file."""
    command = [sys.executable, "-m", "plumline.bench.suite_process", name, settings.to_json()]
    done = subprocess.run(
        [*command, os.fspath(path)], env=caps.environment(settings.cap), check=False
    )
    if done.returncode:
        raise InputError(f"the measurement under {settings.cap} broke off: what it said is above")
