"""How long three commands may take, and how long they take.

    python benchmarks/limits.py [--only NAME]

Each is a command of plumline in a process of its own, held to the cores that its limit is for, on
a machine that should do nothing else. A row each in `results/limits.csv`; rows of limits that are
not measured stay as they are. The exit code is 1 when a limit was not kept.
"""

import argparse
import csv
import os
import resource
import shlex
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import plumline
from plumline._files import write_csv
from plumline.bench.machine import Machine
from plumline.bench.networks import untrained
from plumline.reproduce.item import Row

RESULTS = Path(__file__).parent / "results" / "limits.csv"
NETWORK = "resnet18.onnx"
"""ResNet-18 at 224x224 with random signed-binary weights in its sixteen 3x3 layers."""


@dataclass(frozen=True)
class Limit:
    """A command that may take ``seconds`` on ``cores`` cores."""

    what: str
    command: tuple[str, ...]
    seconds: float
    cores: int


LIMITS = {
    "merging": Limit(
        "counting by greedy merging, all 3x3 layers of ResNet-18, four settings",
        ("analyze", NETWORK, "--operations", "summerge"),
        60,
        1,
    ),
    "analysis": Limit(
        "analysis of ResNet-18 without merging",
        ("analyze", NETWORK),
        3,
        1,
    ),
    "reproduce": Limit(
        "all tables and figures of PLUM under the budget smoke",
        ("reproduce", "plum", "--budget", "smoke"),
        300,
        2,
    ),
}


def main() -> int:
    """Measure the chosen limits; return 1 if one was not kept."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawTextHelpFormatter
    )
    parser.add_argument("--only", choices=LIMITS, action="append", help="may be repeated")
    parser.add_argument("--csv", type=Path, default=RESULTS, help="another file for the rows")
    options = parser.parse_args()
    rows = {row["limit"]: row for row in read(options.csv)}
    chosen = options.only or list(LIMITS)
    with tempfile.TemporaryDirectory() as folder:
        write_network(Path(folder) / NETWORK)
        for name in chosen:
            rows[name] = measure(name, LIMITS[name], folder)
            write_csv(options.csv, [rows[key] for key in LIMITS if key in rows])
    return int(any(rows[name]["kept"] == "no" for name in chosen))


def read(path: Path) -> list[Row]:
    """Read the rows of an earlier call."""
    if not path.exists():
        return []
    with path.open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def write_network(path: Path) -> None:
    """Write the network that is analysed; its making is not timed."""
    image = (3, 224, 224)
    module = untrained.create("resnet18", "signed-binary", image, 1000, {})
    content = untrained.subject("resnet18", module, image).onnx
    assert content is not None
    path.write_bytes(content)


def measure(name: str, limit: Limit, folder: str) -> Row:
    """Run one command in a folder and return its row; what it prints is not kept.

    Raises `CalledProcessError` where the command fails.
    """
    print("plumline", shlex.join(limit.command), flush=True)
    before, started = _cpu_seconds(), time.perf_counter()
    _run([sys.executable, "-m", "plumline.cli", *limit.command], limit.cores, folder)
    wall, used = time.perf_counter() - started, _cpu_seconds() - before
    machine = Machine.here()
    return {
        "limit": name,
        "what": limit.what,
        "limit_seconds": limit.seconds,
        "cores": limit.cores,
        "seconds": round(wall, 2),
        "cpu_seconds": round(used, 2),
        "kept": "yes" if wall <= limit.seconds else "no",
        "plumline": plumline.__version__,
        "cpu": machine.cpu,
        "isa": machine.isa,
        "system": machine.system,
        "python": machine.python,
        "date": machine.date,
        "command": shlex.join(["plumline", *limit.command]),
    }


def _run(command: Sequence[str], cores: int, folder: str) -> None:
    """Run a command on the first ``cores`` of the cores that this process may use."""
    every = os.sched_getaffinity(0)
    if len(every) < cores:
        raise SystemExit(f"this limit is for {cores} cores, and here are {len(every)}")
    os.sched_setaffinity(0, sorted(every)[:cores])
    try:
        subprocess.run(command, cwd=folder, stdout=subprocess.DEVNULL, check=True)
    finally:
        os.sched_setaffinity(0, every)


def _cpu_seconds() -> float:
    """Processor seconds of all commands that have been run, and of their own processes."""
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


if __name__ == "__main__":
    sys.exit(main())
