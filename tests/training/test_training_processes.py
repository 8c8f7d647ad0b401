"""Calls side by side: all are made, their errors are told, and none outlives its parent."""

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from plumline.training import Checkpoint

SCRIPT = """
import sys, time
from functools import partial
from pathlib import Path
from plumline.errors import InputError
from plumline.training import Recipe, run, side_by_side

OUT = Path(sys.argv[2])

def note(name):
    time.sleep(0.1)
    (OUT / name).write_text("done")

def refuse():
    raise InputError("the value is 7: give 8")

def kill():
    import os, signal
    os.kill(os.getpid(), signal.SIGKILL)

def several():
    try:
        side_by_side([refuse, partial(note, "a"), kill, partial(note, "b")], jobs=2)
    except InputError as error:
        print(error)

def training():
    # One epoch of many small steps.
    changes = {"train.epochs": "2", "train.batch_size": "1", "train.checkpoint_seconds": "999"}
    recipe = Recipe.load("digits-quick").override(changes)
    try:
        side_by_side([partial(run, recipe, OUT / "run", quiet=True)])
    except KeyboardInterrupt as interrupt:
        sys.exit(str(interrupt))

if __name__ == "__main__":
    globals()[sys.argv[1]]()
"""


@pytest.fixture
def script(tmp_path: Path) -> Path:
    path = tmp_path / "script.py"
    path.write_text(SCRIPT)
    (tmp_path / "out").mkdir()
    return path


def start(script: Path, what: str) -> "subprocess.Popen[str]":
    return subprocess.Popen(
        [sys.executable, str(script), what, str(script.parent / "out")],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
    )


def test_all_calls_are_made_and_why_some_failed_is_told(script: Path) -> None:
    said, complaints = start(script, "several").communicate()
    start_of_line, _, reasons = said.strip().partition(": ")
    assert start_of_line == "2 of 4 calls were not done"
    assert set(reasons.split("; ", 1)) == {
        "the value is 7: give 8",
        "its process was killed by SIGKILL; the same command goes on",
    }
    assert complaints == ""
    assert {path.name for path in script.parent.joinpath("out").iterdir()} == {"a", "b"}


def children_of(parent: int) -> list[int]:
    listed = Path(f"/proc/{parent}/task/{parent}/children")
    return [int(pid) for pid in listed.read_text().split()]


def is_alive(pid: int) -> bool:
    try:
        # A process that has ended and that nobody waits for is none.
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except FileNotFoundError:
        return False


@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGTERM, signal.SIGINT])
def test_a_training_ends_with_its_parent_and_leaves_a_checkpoint(
    number: signal.Signals, script: Path
) -> None:
    process = start(script, "training")
    run = script.parent / "out" / "run"
    while not (run / "recipe.toml").is_file():
        assert process.poll() is None, process.communicate()
        time.sleep(0.02)
    children = children_of(process.pid)
    assert children
    os.kill(process.pid, number)
    _, complaints = process.communicate(timeout=30)
    deadline = time.monotonic() + 30
    while any(map(is_alive, children)):
        assert time.monotonic() < deadline
        time.sleep(0.05)
    assert "Traceback" not in complaints
    if number != signal.SIGKILL:
        assert "the same command goes on" in complaints
    # It was asked to stop, and saved where it was.
    assert 0 < Checkpoint.load(run / "checkpoint.pt").step < 1437
