"""Interleaved timing: contenders take turns, so that what disturbs one disturbs all."""

import gc
import time
from collections.abc import Callable, Hashable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TypeVar

import numpy as np

from plumline._progress import progress

WARM_UP_SECONDS = 0.1
WARM_UP_CALLS = 3
PAUSE_SECONDS = 0.005
"""Between turns: longer than the threads of a pool go on spinning after their last task."""


@dataclass(frozen=True)
class Timing:
    """Seconds a call: order statistics over all calls of all turns.

    ``unrest`` is the distance between the quartiles of the turns' medians, relative to ``median``:
    how far the machine let one turn differ from another.
    """

    calls: int
    turns: int
    minimum: float
    lower_quartile: float
    median: float
    upper_quartile: float
    unrest: float


Key = TypeVar("Key", bound=Hashable)


def interleave(
    calls: Mapping[Key, Callable[[], object]], *, seconds: float, turns: int
) -> dict[Key, Timing]:
    """Time callables in turns.

    Each gets ``turns`` turns that share ``seconds``; a turn is at least one call. The first call of
    a turn is not counted (it finds the caches as the one before left them), and the order is
    reversed and rotated from round to round.
    """
    for call in calls.values():
        _warm_up(call)
    samples: dict[Key, list[list[float]]] = {name: [] for name in calls}
    with _no_garbage_collection():
        for number in progress(range(turns), "timing"):
            for name in _order(list(calls), number):
                time.sleep(PAUSE_SECONDS)
                samples[name].append(_turn(calls[name], seconds / turns))
    return {name: _timing(turns) for name, turns in samples.items()}


def _warm_up(call: Callable[[], object]) -> None:
    end = time.perf_counter() + WARM_UP_SECONDS
    done = 0
    while done < WARM_UP_CALLS or time.perf_counter() < end:
        call()
        done += 1


def _turn(call: Callable[[], object], seconds: float) -> list[float]:
    call()
    clock = time.perf_counter
    times = []
    end = clock() + seconds
    while True:
        start = clock()
        call()
        stop = clock()
        times.append(stop - start)
        if stop >= end:
            return times


def _order(names: list[Key], number: int) -> list[Key]:
    shift = (number // 2) % len(names)
    turned = names[shift:] + names[:shift]
    return turned[::-1] if number % 2 else turned


def _timing(turns: list[list[float]]) -> Timing:
    every = np.concatenate([np.asarray(turn) for turn in turns])
    lower, median, upper = np.quantile(every, (0.25, 0.5, 0.75))
    medians = [float(np.median(turn)) for turn in turns]
    spread = float(np.subtract(*np.quantile(medians, (0.75, 0.25))))
    return Timing(
        calls=len(every),
        turns=len(turns),
        minimum=float(every.min()),
        lower_quartile=float(lower),
        median=float(median),
        upper_quartile=float(upper),
        unrest=spread / float(median),
    )


@contextmanager
def _no_garbage_collection() -> Iterator[None]:
    enabled = gc.isenabled()
    gc.collect()
    gc.disable()
    try:
        yield
    finally:
        if enabled:
            gc.enable()
