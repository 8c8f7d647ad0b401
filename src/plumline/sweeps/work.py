"""Do the runs of a sweep, here and now, alone or beside other workers."""

import hashlib
import os
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from plumline import data
from plumline.convert import summarize
from plumline.errors import InputError
from plumline.sweeps.results import Results, results
from plumline.sweeps.spec import Choices, Spec
from plumline.sweeps.study import open_study, retry_failed, taken
from plumline.training import FitResult, Recipe, make_fabric, side_by_side
from plumline.training import run as train

if TYPE_CHECKING:
    from optuna.study import Study
    from optuna.trial import Trial

RUNS = "runs"


def run(
    spec: Spec,
    out: str | os.PathLike[str],
    data_root: str | os.PathLike[str] | None = None,
    *,
    runs: str | os.PathLike[str] | None = None,
    storage: str | None = None,
    jobs: int = 1,
    device: str = "auto",
    quiet: bool = False,
) -> Results:
    """Do all runs of a sweep that nobody has done or does; return what is known of each.

    A sweep that was stopped, at any moment and in any way, goes on when it is called again: runs
    that were interrupted resume from their checkpoints, those that failed are tried again. Several
    processes may work on one at the same time.

    Args:
        spec: what to run.
        out: folder of the sweep: ``runs/`` with a run folder each, ``results.csv``,
            ``sweep.toml``.
        data_root: folder of the data sets, as of `data.open`.
        runs: folder of run folders that several sweeps share, in place of ``runs/``: what one of
            them has trained by the same recipe is not trained again.
        storage: an Optuna URL that workers share; a journal file in ``out`` if None.
        jobs: processes to start; each has its share of the cores.
        device: ``"auto"``, ``"cpu"`` or ``"cuda"``.
        quiet: say nothing on standard error.

    Raises:
        InputError: a recipe of the sweep cannot be used, or the folder holds another sweep.
    """
    root = None if data_root is None else os.fspath(data_root)
    pool = None if runs is None else Path(runs)
    worker = Worker(Path(out), root, pool, storage, device, quiet)
    _check(spec, root)
    study, _ = open_study(spec, worker.folder, storage)
    retry_failed(study, worker.folder)
    if jobs == 1:
        worker.work()
    else:
        side_by_side([worker.work] * jobs)
    return results(worker.folder, storage)


@dataclass(frozen=True)
class Worker:
    """One of those who work on a sweep; arguments as of `run`."""

    folder: Path
    root: str | None
    pool: Path | None
    storage: str | None
    device: str
    quiet: bool

    def work(self) -> None:
        """Take runs until none waits, and keep the table."""
        study, spec = open_study(None, self.folder, self.storage)
        while True:
            with taken(study, spec, self.folder) as trial:
                if trial is None:
                    return
                self._say(f"sweep, {_waiting(study)} more wait: {spec.folder_name(trial.params)}")
                self._attempt(study, spec, trial)
            results(self.folder, study=study)

    def _attempt(self, study: "Study", spec: Spec, trial: "Trial") -> None:
        from optuna.trial import TrialState

        name, recipe = spec.folder_name(trial.params), spec.recipe(trial.params)
        out = self.pool / _shared_name(recipe) if self.pool else self.folder / RUNS / name
        trial.set_user_attr("run", os.path.relpath(out, self.folder))
        try:
            fabric = make_fabric(recipe, self.device)
            result = train(recipe, out, self.root, fabric=fabric, quiet=self.quiet)
        except InputError as error:
            # The other runs may be possible; this one is told in the table.
            trial.set_user_attr("error", str(error))
            study.tell(trial, state=TrialState.FAIL)
            self._say(f"{name}: {error}")
            return
        for key, value in _record(result).items():
            trial.set_user_attr(key, value)
        study.tell(trial, result.final[spec.goal])

    def _say(self, line: str) -> None:
        if not self.quiet:
            print(line, file=sys.stderr, flush=True)


def _check(spec: Spec, root: str | None) -> None:
    """Raise `InputError` for an axis that makes a recipe that cannot be, or data not found."""
    point: dict[str, Any] = {}
    for axis in spec.parsed:
        point[axis.name] = next(iter(axis.changes)) if isinstance(axis, Choices) else axis.low
    for axis in spec.parsed:
        for value in axis.changes if isinstance(axis, Choices) else (axis.low, axis.high):
            spec.recipe({**point, axis.name: value})
    first = spec.recipe(point)
    data.open(first.data.name, root, **first.data.options)


def _shared_name(recipe: Recipe) -> str:
    """Name the run folder of a recipe, whatever sweep it is of."""
    digest = hashlib.sha256(recipe.to_toml().encode()).hexdigest()
    return f"{recipe.data.name}-{recipe.model.name}-{recipe.scheme.name}-{digest[:12]}"


def _record(result: FitResult) -> dict[str, Any]:
    """Return what the table says of a finished run."""
    layers, final = summarize(result.model), result.final
    counted = layers.quantized if layers.quantized.parameters else layers.total
    keys = ("test_top1", "test_loss", "train_top1", "train_loss", "epoch", "density", "seconds")
    return {
        **{key: final[key] for key in keys},
        "parameters": counted.parameters,
        "effectual": counted.effectual,
    }


def _waiting(study: "Study") -> int:
    from optuna.trial import TrialState

    return len(study.get_trials(deepcopy=False, states=(TrialState.WAITING,)))
