"""Do the runs of a sweep, here and now, alone or beside other workers."""

import hashlib
import os
import sys
import traceback
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from plumline import data
from plumline.convert import summarize
from plumline.errors import InputError
from plumline.sweeps.results import Results, results
from plumline.sweeps.spec import Choices, Spec
from plumline.sweeps.study import open_study, point_of, put_back, retry_failed, standing, taken
from plumline.training import FitResult, Recipe, build, make_fabric, side_by_side
from plumline.training import run as train
from plumline.training.lock import FolderInUse, wait_for_writer

if TYPE_CHECKING:
    from optuna.study import Study
    from optuna.trial import Trial

RUNS, DIGEST = "runs", "recipe"


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
    processes may work on one at the same time. A run that fails, for whatever reason, is told in
    the table, and the others go on: see `Results.unfinished`.

    Args:
        spec: what to run.
        out: folder of the sweep: ``runs/`` with a run folder each, ``results.csv``,
            ``sweep.toml``.
        data_root: folder of the data sets, as of `data.open`.
        runs: folder of run folders that several sweeps share, in place of ``runs/``: what one of
            them has trained by the same recipe is not trained again, and what one trains now is
            waited for.
        storage: an Optuna URL that workers share; what the sweep was begun with if None, at first
            a journal file in ``out``.
        jobs: processes to start; each has its share of the cores. As for `side_by_side`, a script
            needs the guard ``if __name__ == "__main__":``.
        device: ``"auto"``, ``"cpu"`` or ``"cuda"``.
        quiet: say nothing on standard error.

    Raises:
        InputError: a recipe of the sweep cannot be used; or the folder holds another sweep, or one
            of a base that has changed since.
    """
    root = None if data_root is None else os.fspath(data_root)
    pool = None if runs is None else Path(runs)
    worker = Worker(Path(out), root, pool, storage, device, quiet)
    _check(spec, root)
    study, _ = open_study(spec, worker.folder, storage)
    _check_base(study, spec)
    retry_failed(study, worker.folder)
    if jobs == 1:
        worker.work()
    else:
        try:
            side_by_side([worker.work] * jobs)
        except InputError as error:
            worker.say(str(error))  # what it means for the runs is told by the table
    found = results(worker.folder, storage)
    found.write(worker.folder)
    return found


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
        busy: set[Path] = set()
        while True:
            _check_base(study, spec)
            with taken(study, spec, self.folder) as trial:
                if trial is None:
                    return
                self.say(f"sweep, {_waiting(study)} more wait: {spec.folder_name(trial.params)}")
                self._attempt(study, spec, trial, busy)
            results(self.folder, study=study).write(self.folder)

    def say(self, line: str) -> None:
        """Say a line on standard error."""
        if not self.quiet:
            print(line, file=sys.stderr, flush=True)

    def _attempt(self, study: "Study", spec: Spec, trial: "Trial", busy: set[Path]) -> None:
        """Train a run, or put it back once for others while its folder is in other hands."""
        from optuna.trial import TrialState

        name, recipe = spec.folder_name(trial.params), spec.recipe(trial.params)
        out = self.pool / _shared_name(recipe) if self.pool else self.folder / RUNS / name
        trial.set_user_attr("run", os.path.relpath(out, self.folder))
        trial.set_user_attr(DIGEST, _digest(recipe))
        try:
            if out in busy:
                self.say(f"{name}: waits for the process that trains it")
                wait_for_writer(out)
            fabric = make_fabric(recipe, self.device)
            result = train(recipe, out, self.root, fabric=fabric, quiet=self.quiet)
        except FolderInUse:
            self.say(f"{name}: another process trains it now, so it waits")
            busy.add(out)
            put_back(study, trial.number)
        except Exception as error:
            # Whatever it is, the other runs may be possible; this one is told in the table.
            reason = _reason(error)
            trial.set_user_attr("error", reason)
            study.tell(trial, state=TrialState.FAIL)
            self.say(f"{name}: {reason}")
            if not isinstance(error, InputError):
                self.say(traceback.format_exc())
        else:
            for key, value in _record(result).items():
                trial.set_user_attr(key, value)
            study.tell(trial, result.final[spec.goal])


def _check(spec: Spec, root: str | None) -> None:
    """Raise `InputError` for an axis that makes a network that cannot be, or data not found."""
    point: dict[str, Any] = {}
    for axis in spec.parsed:
        point[axis.name] = next(iter(axis.changes)) if isinstance(axis, Choices) else axis.low
    opened: dict[str, data.DataSet] = {}
    built: set[str] = set()
    for axis in spec.parsed:
        for value in axis.changes if isinstance(axis, Choices) else (axis.low, axis.high):
            recipe = spec.recipe({**point, axis.name: value})
            kind, network = repr(recipe.data), repr((recipe.data, recipe.model, recipe.scheme))
            if kind not in opened:
                opened[kind] = data.open(recipe.data.name, root, **recipe.data.options)
            if network not in built:
                built.add(network)
                build(recipe, opened[kind])


def _check_base(study: "Study", spec: Spec) -> None:
    """Raise `InputError` where runs were trained by recipes that are others now."""
    for trial in standing(study):
        before = trial.user_attrs.get(DIGEST)
        if before and before != _digest(spec.recipe(point_of(trial))):
            raise InputError(
                f"the recipe {spec.base!r} has changed since {trial.user_attrs['run']} was trained "
                "by it: use another folder, or change it back"
            )


def _digest(recipe: Recipe) -> str:
    """Return a text that recipes share which train the same network."""
    return hashlib.sha256(recipe.essence().to_toml().encode()).hexdigest()[:12]


def _shared_name(recipe: Recipe) -> str:
    """Name the run folder of a recipe, whatever sweep it is of."""
    names = (recipe.data.name, recipe.model.name, recipe.scheme.name)
    return "-".join((*names, _digest(recipe)))


def _reason(error: Exception) -> str:
    text = " ".join(str(error).split())
    return text if isinstance(error, InputError) else f"{type(error).__name__}: {text}"


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
