"""Two processes that share each batch compute what one process with the whole batch does."""

import json
import subprocess
import sys
from pathlib import Path

import pytest
import torch

from plumline.data import DataSet
from plumline.errors import InputError
from plumline.training import Checkpoint, Recipe
from plumline.training.batches import share, steps_per_epoch
from plumline.training.recipe import TrainSection

SCRIPT = Path(__file__).parent / "distributed_run.py"
TORCHRUN = ["-m", "torch.distributed.run", "--standalone", "--nproc-per-node", "2"]


def train(launcher: list[str], recipe: Path, out: Path) -> "subprocess.CompletedProcess[str]":
    command = [sys.executable, *launcher, str(SCRIPT), str(recipe), str(out)]
    return subprocess.run(command, capture_output=True, text=True, timeout=300)


def records(out: Path) -> list[dict[str, float]]:
    return [json.loads(line) for line in (out / "metrics.jsonl").open()]


def test_two_processes_lose_what_one_loses(tmp_path: Path) -> None:
    recipe = Recipe.load("digits-quick").override(
        {
            "train.epochs": "3",
            "train.optimizer": "sgd",
            "train.lr": "0.05",
            "train.checkpoint_seconds": "0",
            "train.clip_norm": "1",
            "augment.crop_padding": "1",
        }
    )
    path = tmp_path / "recipe.toml"
    path.write_text(recipe.to_toml())
    for launcher, out in (([], "one"), (TORCHRUN, "two")):
        done = train(launcher, path, tmp_path / out)
        assert done.returncode == 0, done.stderr
    one, two = records(tmp_path / "one"), records(tmp_path / "two")
    assert [record["step"] for record in two] == [22, 44, 66]
    for alone, shared in zip(one, two, strict=True):
        assert shared["train_loss"] == pytest.approx(alone["train_loss"], rel=1e-4)
        assert shared["test_loss"] == pytest.approx(alone["test_loss"], rel=1e-4)
        assert shared["train_top1"] == pytest.approx(alone["train_top1"], abs=0.2)
    weights = [Checkpoint.load(tmp_path / out / "checkpoint.pt").model for out in ("one", "two")]
    for name, value in weights[0].items():
        torch.testing.assert_close(weights[1][name], value, rtol=1e-3, atol=1e-5)


def test_a_batch_that_processes_cannot_share_is_refused(digits: DataSet) -> None:
    with pytest.raises(InputError, match=r"batch_size = 63: it must be a multiple of 2 processes"):
        steps_per_epoch(digits, TrainSection(batch_size=63), processes=2)


def test_the_parts_of_all_processes_make_up_the_batch() -> None:
    batch = list(range(64))
    assert [image for rank in range(4) for image in batch[share(64, rank, 4)]] == batch
