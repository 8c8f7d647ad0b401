"""Small runs: a few hundred digits, a short recipe, one thread."""

from collections.abc import Iterator
from dataclasses import replace

import pytest
import torch

from plumline import data
from plumline.data import ArraySplit, DataSet
from plumline.training import Recipe


@pytest.fixture(autouse=True)
def _one_thread() -> Iterator[None]:
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(before)


@pytest.fixture(scope="session")
def digits() -> DataSet:
    whole = data.open("digits")
    train = ArraySplit(whole.train.batch(range(256)), whole.train.labels[:256])
    test = ArraySplit(whole.test.batch(range(100)), whole.test.labels[:100])
    return replace(whole, train=train, test=test)


@pytest.fixture
def short() -> Recipe:
    return Recipe.load("digits-quick").override(
        {"train.epochs": "2", "train.warmup": "0", "train.batch_size": "64"}
    )
