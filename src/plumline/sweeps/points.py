"""The points of a sweep: all of a grid, or what a sampler draws, which the seed decides."""

import hashlib
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from plumline._extras import require
from plumline.sweeps.spec import GRID, Axis, Choices, Spec

if TYPE_CHECKING:
    from optuna.study import Study
    from optuna.trial import Trial

Point = dict[str, Any]


def points(spec: Spec) -> list[Point]:
    """Return the points of all runs, the same at every call.

    They are empty where each is drawn by what the runs before it have found: see `complete`.
    """
    return POINTS[spec.sampler](spec)


def complete(study: "Study", trial: "Trial", place: int, spec: Spec) -> None:
    """Give a trial values for all axes: those it waited with, else drawn ones.

    Each place has random numbers of its own, since workers do not know what others have drawn.
    """
    digest = hashlib.sha256(f"{spec.seed},{place}".encode()).digest()
    samplers = require("optuna.samplers", "sweep")
    study.sampler = samplers.TPESampler(seed=int.from_bytes(digest[:4], "big"))
    for axis in spec.parsed:
        _suggest(trial, axis)


def _random(spec: Spec) -> list[Point]:
    return _drawn(spec, require("optuna.samplers", "sweep").RandomSampler(seed=spec.seed))


def _qmc(spec: Spec) -> list[Point]:
    samplers = require("optuna.samplers", "sweep")
    sampler = samplers.QMCSampler(
        scramble=True,
        seed=spec.seed,
        # The first point, and the labels of all, are no numbers of the sequence.
        independent_sampler=samplers.RandomSampler(seed=spec.seed),
        warn_independent_sampling=False,
    )
    return _drawn(spec, sampler)


def _drawn(spec: Spec, sampler: Any) -> list[Point]:
    study = require("optuna", "sweep").create_study(sampler=sampler)
    found = []
    for _ in range(spec.trials):
        trial = study.ask()
        found.append({axis.name: _suggest(trial, axis) for axis in spec.parsed})
        study.tell(trial, 0.0)
    return found


def _suggest(trial: "Trial", axis: Axis) -> Any:
    if isinstance(axis, Choices):
        return trial.suggest_categorical(axis.name, list(axis.changes))
    if axis.whole:
        return trial.suggest_int(axis.name, int(axis.low), int(axis.high), log=axis.log)
    return trial.suggest_float(axis.name, axis.low, axis.high, log=axis.log)


POINTS: dict[str, Callable[[Spec], list[Point]]] = {
    GRID: lambda spec: list(spec.grid()),
    "random": _random,
    "qmc": _qmc,
    "tpe": lambda spec: [{} for _ in range(spec.trials)],
}
