"""Sweeps over the digits, one epoch a run."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import torch

from plumline.data import open as open_data
from plumline.sweeps import Spec, work
from plumline.training import FitResult, Recipe, build

BASE = """
base = "digits-quick"
[set]
"train.epochs" = 1
"train.warmup" = 0
"train.batch_size" = 256
"""


@pytest.fixture(autouse=True)
def _one_thread() -> Iterator[None]:
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(before)


@pytest.fixture
def base() -> str:
    return BASE


@pytest.fixture
def four(base: str) -> Spec:
    return Spec.from_toml(
        base + '[axes]\n"scheme.options.delta" = [0.05, 0.2]\n"train.seed" = [0, 1]\n'
    )


@pytest.fixture
def out(tmp_path: Path) -> Path:
    return tmp_path / "sweep"


@pytest.fixture
def trained(monkeypatch: pytest.MonkeyPatch) -> list[Recipe]:
    """Train in no time, with made-up scores, and list the recipes: for tests of who does what."""
    seen: list[Recipe] = []
    keys = ("test_loss", "train_top1", "train_loss", "epoch", "density", "seconds")
    model = build(Recipe.load("digits-quick"), open_data("digits"))

    def train(recipe: Recipe, out: Path, *_: Any, **__: Any) -> FitResult:
        seen.append(recipe)
        score = {"test_top1": 90.0 + recipe.train.seed, **dict.fromkeys(keys, 0.5)}
        return FitResult(model, [score], out)

    monkeypatch.setattr(work, "train", train)
    return seen
