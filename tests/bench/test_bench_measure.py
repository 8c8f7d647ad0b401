"""Taking turns: as many for everyone, in changing order; statistics are those of the calls."""

import contextlib
import gc
import time
from collections.abc import Callable

import numpy as np
import pytest

from plumline.bench import interleave, measure


@pytest.fixture(autouse=True)
def short(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(measure, "WARM_UP_SECONDS", 0.0)
    monkeypatch.setattr(measure, "PAUSE_SECONDS", 0.0)


def test_every_contender_has_the_same_number_of_turns() -> None:
    timings = interleave({"a": lambda: None, "b": lambda: None}, seconds=0.01, turns=5)
    assert {name: t.turns for name, t in timings.items()} == {"a": 5, "b": 5}
    assert all(t.calls >= 5 for t in timings.values())


def test_the_first_and_the_last_place_change_hands() -> None:
    names = ["a", "b", "c"]
    orders = [measure._order(names, number) for number in range(6)]
    assert all(sorted(order) == names for order in orders)
    for place in range(3):
        assert {order[place] for order in orders} == set(names)


def test_statistics_are_ordered_and_near_the_truth() -> None:
    timing = interleave({"sleep": lambda: time.sleep(0.002)}, seconds=0.1, turns=4)["sleep"]
    assert timing.minimum <= timing.lower_quartile <= timing.median <= timing.upper_quartile
    assert 0.002 <= timing.minimum < 0.02


def test_a_slow_call_still_gets_its_turns() -> None:
    timing = interleave({"slow": lambda: time.sleep(0.01)}, seconds=0.001, turns=3)["slow"]
    assert timing.calls == 3


def test_turns_that_differ_are_called_unrest() -> None:
    calm = measure._timing([[1.0, 1.0], [1.0, 1.0], [1.0]])
    restless = measure._timing([[1.0, 1.0], [2.0, 2.0], [3.0, 3.0]])
    assert calm.unrest == 0
    assert restless.unrest == pytest.approx(0.5)  # quartiles 1.5 and 2.5 around 2


def test_quartiles_are_those_of_all_calls() -> None:
    times = np.arange(1.0, 101.0)
    timing = measure._timing([list(times[:30]), list(times[30:])])
    assert (timing.median, timing.calls) == (50.5, 100)
    assert timing.lower_quartile == pytest.approx(np.quantile(times, 0.25))


def fail() -> None:
    raise RuntimeError


@pytest.mark.parametrize("call", [lambda: None, fail])
def test_garbage_collection_is_as_before(call: Callable[[], None]) -> None:
    assert gc.isenabled()
    with contextlib.suppress(RuntimeError):
        interleave({"a": call}, seconds=0.001, turns=1)
    assert gc.isenabled()
