import math

import numpy as np
import pytest
import torch
from torch.nn import functional

from plumline._metrics import Tally


def test_it_agrees_with_pytorch_over_several_batches() -> None:
    logits, labels = torch.randn(50, 9), torch.randint(9, (50,))
    tally = Tally()
    for part in (slice(0, 20), slice(20, 50)):
        tally.add(logits[part].numpy(), labels[part].numpy())
    found = tally.result()
    assert found.images == 50
    assert found.loss == pytest.approx(functional.cross_entropy(logits, labels).item())
    top = logits.topk(5).indices == labels[:, None]
    assert found.top1 == pytest.approx(100 * top[:, 0].float().mean().item())
    assert found.top5 == pytest.approx(100 * top.any(1).float().mean().item())


def test_up_to_five_classes_there_is_no_top5() -> None:
    tally = Tally()
    tally.add(np.eye(5, dtype=np.float32), np.arange(5))
    assert tally.result().top5 is None
    assert tally.result().top1 == 100


def test_equal_answers_for_all_classes_are_chance() -> None:
    tally = Tally()
    tally.add(np.zeros((10, 10), np.float32), np.arange(10))
    assert tally.result().top1 == 10
    assert tally.result().loss == pytest.approx(math.log(10))


def test_answers_that_are_no_numbers_are_wrong() -> None:
    tally = Tally()
    tally.add(np.full((3, 10), np.nan, np.float32), np.array([0, 1, 2]))
    assert tally.result().top1 == 0


def test_large_logits_do_not_overflow() -> None:
    tally = Tally()
    tally.add(np.array([[3e38, -3e38]], np.float32), np.array([0]))
    assert tally.result().loss == 0
