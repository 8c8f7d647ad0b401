"""Sweeps over the digits, one epoch a run."""

from collections.abc import Iterator
from pathlib import Path

import pytest
import torch

from plumline.sweeps import Spec

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
