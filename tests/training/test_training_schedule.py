import math
from itertools import pairwise

import pytest

from plumline.errors import InputError
from plumline.training.recipe import TrainSection
from plumline.training.schedule import SCHEDULES, learning_rate

STEPS = 10


def rates(**keys: object) -> list[float]:
    train = TrainSection(epochs=8, lr=0.5, **keys)
    return [learning_rate(train, step, STEPS) for step in range(8 * STEPS)]


@pytest.mark.parametrize("name", sorted(SCHEDULES))
def test_every_schedule_starts_at_lr_and_never_rises(name: str) -> None:
    found = rates(schedule=name, milestones=(3.0,), min_lr=1e-3)
    assert found[0] == 0.5
    assert all(later <= earlier for earlier, later in pairwise(found))


@pytest.mark.parametrize("name", sorted(SCHEDULES))
def test_warmup_rises_in_equal_steps_to_lr(name: str) -> None:
    found = rates(schedule=name, warmup=2.0, milestones=(5.0,))
    assert found[:20] == pytest.approx([0.5 * (step + 1) / 20 for step in range(20)])
    assert found[20] == pytest.approx(0.5)


@pytest.mark.parametrize("name", sorted(SCHEDULES))
def test_warmup_may_take_the_whole_training(name: str) -> None:
    found = rates(schedule=name, warmup=8.0)
    assert found == pytest.approx([0.5 * (step + 1) / 80 for step in range(80)])


def test_step_multiplies_by_gamma_at_each_milestone() -> None:
    found = rates(schedule="step", milestones=(2.0, 6.0), gamma=0.1)
    assert [found[epoch * STEPS] for epoch in (0, 2, 5, 6)] == pytest.approx(
        [0.5, 0.05, 0.05, 0.005]
    )
    assert found[2 * STEPS - 1] == 0.5


def test_linear_is_the_first_order_polynomial() -> None:
    # max(lr - s (lr + min_lr), min_lr), s = step / total, as in the code under PLUM's release.
    found = rates(schedule="linear", min_lr=0.1)
    expected = [max(0.5 - step / 80 * 0.6, 0.1) for step in range(80)]
    assert found == pytest.approx(expected)


def test_cosine_is_half_way_down_at_half_time() -> None:
    found = rates(schedule="cosine", min_lr=0.1)
    assert found[40] == pytest.approx(0.3)
    assert found[20] == pytest.approx(0.1 + 0.2 * (1 + math.cos(math.pi / 4)))


def test_constant_stays() -> None:
    assert set(rates(schedule="constant")) == {0.5}


def test_an_unknown_schedule_is_refused_with_the_nearest() -> None:
    with pytest.raises(InputError, match="did you mean 'cosine'"):
        rates(schedule="cosin")
