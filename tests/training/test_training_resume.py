"""A run that is killed ends in the weights of one that is not."""

import fcntl
import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
import torch

from plumline._metrics import Evaluation
from plumline.data import DataSet
from plumline.errors import InputError
from plumline.training import Checkpoint, Recipe, build, fit, load_run, read_run
from plumline.training.learner import Learner
from plumline.training.lock import LOCK, sole_writer

SCRIPT = """
import sys, torch
from plumline.training import Recipe, run
torch.set_num_threads(1)
run(Recipe.load(sys.argv[1]), sys.argv[2], quiet=True)
"""


@pytest.fixture
def recipe(tmp_path: Path) -> Path:
    """A recipe with everything random in it, a checkpoint after every step."""
    changed = Recipe.load("digits-quick").override(
        {
            "train.epochs": "2",
            "train.checkpoint_seconds": "0",
            "train.channels_last": "true",
            "train.precision": "bf16-mixed",
            "augment.crop_padding": "1",
            "augment.brightness": "0.2",
        }
    )
    path = tmp_path / "recipe.toml"
    path.write_text(changed.to_toml())
    return path


def start(recipe: Path, out: Path) -> "subprocess.Popen[bytes]":
    return subprocess.Popen(
        [sys.executable, "-c", SCRIPT, str(recipe), str(out)],
        stderr=subprocess.PIPE,
        start_new_session=True,
    )


def step_of(out: Path) -> int:
    path = out / "checkpoint.pt"
    return Checkpoint.load(path).step if path.is_file() else 0


def wait_for_step(process: "subprocess.Popen[bytes]", out: Path, step: int) -> None:
    """Wait until the run has saved this step (a checkpoint is always whole)."""
    while step_of(out) < step:
        assert process.poll() is None, process.stderr and process.stderr.read().decode()
        time.sleep(0.01)


def same_but_for_time(folder: Path, other: Path) -> bool:
    records = []
    for path in (folder, other):
        lines = (path / "metrics.jsonl").read_text().splitlines()
        records.append([{**json.loads(line), "seconds": 0} for line in lines])
    return records[0] == records[1]


def test_killed_at_any_moment_it_ends_in_the_same_weights(recipe: Path, tmp_path: Path) -> None:
    whole, killed = tmp_path / "whole", tmp_path / "killed"
    assert start(recipe, whole).wait() == 0
    # 22 steps an epoch: in the first epoch, about its end, in the second.
    for step in (3, 22, 31):
        process = start(recipe, killed)
        wait_for_step(process, killed, step)
        process.send_signal(signal.SIGKILL)
        assert process.wait() == -signal.SIGKILL
        assert step <= step_of(killed) < 44
    assert start(recipe, killed).wait() == 0

    expected, found = (Checkpoint.load(folder / "checkpoint.pt") for folder in (whole, killed))
    assert found.step == expected.step == 44
    assert found.model.keys() == expected.model.keys()
    for name, value in expected.model.items():
        assert torch.equal(found.model[name], value), name
    assert same_but_for_time(whole, killed)
    assert not list(killed.glob(".*.part"))


def test_ctrl_c_leaves_a_checkpoint_to_go_on_from(recipe: Path, tmp_path: Path) -> None:
    out = tmp_path / "run"
    process = start(recipe, out)
    wait_for_step(process, out, 5)
    os.kill(process.pid, signal.SIGINT)
    _, complaint = process.communicate()
    assert process.returncode != 0
    assert b"KeyboardInterrupt: stopped after step" in complaint
    step = step_of(out)
    assert f"stopped after step {step};".encode() in complaint
    assert 5 <= step < 44
    load_run(out)


def test_ctrl_c_in_the_last_evaluation_stops_the_caller_and_finishes_the_run(
    digits: DataSet, short: Recipe, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    # Swallowed, it would let a sweep go on with the next run.
    evaluated = Learner.evaluate

    def interrupted(learner: Learner) -> Evaluation:
        if (tmp_path / "summary.csv").read_text():  # the first epoch is over
            signal.raise_signal(signal.SIGINT)
        return evaluated(learner)

    monkeypatch.setattr(Learner, "evaluate", interrupted)
    with pytest.raises(KeyboardInterrupt, match="is finished"):
        fit(build(short, digits), digits, short, tmp_path, quiet=True)
    assert read_run(tmp_path).epochs_left == 0
    assert (tmp_path / "layers.csv").is_file()


def test_a_finished_run_is_loaded_not_repeated(
    digits: DataSet, short: Recipe, tmp_path: Path
) -> None:
    first = fit(build(short, digits), digits, short, tmp_path, quiet=True)
    written = (tmp_path / "checkpoint.pt").stat().st_mtime_ns
    again = fit(build(short, digits), digits, short, tmp_path, quiet=True)
    assert again.history == first.history
    assert (tmp_path / "checkpoint.pt").stat().st_mtime_ns == written
    for name, value in first.model.state_dict().items():
        assert torch.equal(again.model.state_dict()[name], value)


def test_keys_that_cannot_change_the_weights_may_change(
    digits: DataSet, short: Recipe, tmp_path: Path
) -> None:
    fit(build(short, digits), digits, short, tmp_path, quiet=True)
    changes = {"workers": "1", "checkpoint_seconds": "9", "latents": "false"}
    changes["evaluation_batch_size"] = "7"
    other = short.override({f"train.{key}": text for key, text in changes.items()})
    again = fit(build(other, digits), digits, other, tmp_path, quiet=True)
    assert len(again.history) == other.train.epochs
    wrong = other.override({"train.lr": "0.5"})
    with pytest.raises(InputError, match=r"train\.lr = 0\.5"):
        fit(build(wrong, digits), digits, wrong, tmp_path, quiet=True)


def test_a_teacher_is_the_same_by_any_path(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "teacher").mkdir()
    monkeypatch.chdir(tmp_path)
    recipe = Recipe.load("digits-quick")
    near = recipe.override({"distill.teacher": "teacher"})
    far = recipe.override({"distill.teacher": str(tmp_path / "teacher")})
    assert near.differences(far) == []
    assert near.essence() == far.essence() != recipe.essence()


@pytest.mark.parametrize("damage", ["truncated", "flipped", "empty", "text"])
def test_a_damaged_checkpoint_is_one_line(
    damage: str, digits: DataSet, short: Recipe, tmp_path: Path
) -> None:
    fit(build(short, digits), digits, short, tmp_path, quiet=True)
    path = tmp_path / "checkpoint.pt"
    content = bytearray(path.read_bytes())
    content[len(content) // 2] ^= 0xFF
    broken = {
        "truncated": bytes(content[: len(content) // 2]),
        "flipped": bytes(content),
        "empty": b"",
        "text": b"not a checkpoint",
    }
    path.write_bytes(broken[damage])
    for read in (load_run, lambda _: fit(build(short, digits), digits, short, tmp_path)):
        with pytest.raises(InputError, match="damaged or not a PyTorch file") as caught:
            read(tmp_path)
        assert "\n" not in str(caught.value)
    assert "--restart" in str(caught.value)


def test_a_checkpoint_of_another_version_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "checkpoint.pt"
    torch.save({"format": 99}, path)
    with pytest.raises(InputError, match="format 99, expected 1"):
        load_run(tmp_path)


def test_a_checkpoint_with_code_in_it_is_refused_unread(tmp_path: Path) -> None:
    class Exploit:
        def __reduce__(self) -> tuple[object, tuple[str]]:
            return (os.mkdir, (str(tmp_path / "broken-in"),))

    torch.save({"format": 1, "model": Exploit()}, tmp_path / "checkpoint.pt")
    with pytest.raises(InputError, match="cannot be read"):
        load_run(tmp_path)
    assert not (tmp_path / "broken-in").exists()


def test_a_second_process_in_the_same_folder_is_refused(
    digits: DataSet, short: Recipe, tmp_path: Path
) -> None:
    with sole_writer(tmp_path), pytest.raises(InputError, match="another process is training in"):
        fit(build(short, digits), digits, short, tmp_path, quiet=True)
    fit(build(short, digits), digits, short, tmp_path, quiet=True)


def test_a_folder_is_held_through_a_file_that_is_open_for_writing(tmp_path: Path) -> None:
    # NFS keeps no other locks between machines.
    with sole_writer(tmp_path):
        handle = os.open(tmp_path / LOCK, os.O_RDWR)
        with pytest.raises(BlockingIOError):
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        os.close(handle)


def test_a_disk_that_is_full_leaves_the_checkpoint_that_was_there(tmp_path: Path) -> None:
    path = tmp_path / "checkpoint.pt"
    Checkpoint(recipe="", dataset={}, model={"w": torch.zeros(9)}, step=1).save(path)
    script = f"""
import resource, torch
from plumline.training import Checkpoint
resource.setrlimit(resource.RLIMIT_FSIZE, (10_000, 10_000))
Checkpoint(recipe="", dataset={{}}, model={{"w": torch.zeros(90_000)}}, step=2).save({str(path)!r})
"""
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True)
    assert "OSError: [Errno 27] File too large" in done.stderr
    assert Checkpoint.load(path).step == 1
    assert [file.name for file in tmp_path.iterdir()] == ["checkpoint.pt"]
