"""The Optuna study of a sweep: who does which run, in storage that processes and machines share.

Every run of a sweep waits in the study as a trial from the beginning. A worker takes a waiting one,
which the storage hands out once, whatever asks for it; Optuna's own grid sampler may hand a point
to two workers. A worker holds a lock file for as long as it works on a trial: a trial that runs,
and whose lock file is free, was left by a process that died.
"""

import fcntl
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

from plumline._extras import require
from plumline._files import write_text
from plumline.errors import InputError
from plumline.sweeps.spec import GRID, Choices, Spec

if TYPE_CHECKING:
    from optuna.distributions import BaseDistribution
    from optuna.study import Study
    from optuna.trial import FrozenTrial, Trial

JOURNAL, SPEC, LOCKS = "journal.log", "sweep.toml", "locks"
QUEUED, INSTEAD_OF = "queued", "instead_of"


def open_study(spec: Spec | None, folder: Path, storage: str | None) -> "tuple[Study, Spec]":
    """Open the study of a folder, or begin it: then all its runs wait in it.

    Args:
        spec: the sweep; None for what the folder already holds.
        folder: of the runs; its name is the study's.
        storage: an Optuna URL, such as ``sqlite:///sweep.db``; a file in the folder if None.

    Raises:
        InputError: the folder holds another sweep, or none; or the storage cannot be opened.
    """
    optuna = require("optuna", "sweep")
    optuna.logging.set_verbosity(optuna.logging.WARNING)
    if spec is None and not (folder / SPEC).is_file():
        raise InputError(f"{str(folder)!r} holds no sweep: it has no {SPEC}")
    folder.mkdir(parents=True, exist_ok=True)
    with _alone(folder):
        spec = _same_spec(spec, folder)
        try:
            study = optuna.create_study(
                storage=_storage(folder, storage),
                study_name=folder.resolve().name,
                direction=spec.direction,
                sampler=_sampler(spec),
                load_if_exists=True,
            )
        except Exception as error:
            # Each kind of storage has its own errors, of packages that may not be installed here.
            reason = " ".join(str(error).split())
            raise InputError(f"the storage {storage!r} cannot be opened: {reason}") from error
        _check_spec(study, spec, folder)
        _fill(study, spec)
    return study, spec


@contextmanager
def taken(study: "Study", spec: Spec, folder: Path) -> "Iterator[Trial | None]":
    """Take a run that waits, or one whose process died, and hold it; None where there is none."""
    with _alone(folder):
        for running in _running(study):
            if is_dead(running, folder):
                _put_back(study, running)
        trial = _next(study, spec)
        lock = None if trial is None else _lock(folder, trial.number)
    try:
        yield trial
    finally:
        if lock is not None:
            os.close(lock)


def retry_failed(study: "Study", folder: Path) -> None:
    """Let the runs that ended in an error wait again."""
    from optuna.trial import TrialState

    with _alone(folder):
        gone = replaced(study)
        for trial in study.get_trials(deepcopy=False, states=(TrialState.FAIL,)):
            if QUEUED in trial.user_attrs and trial.number not in gone:
                _wait_again(study, trial)


def is_dead(trial: "FrozenTrial", folder: Path) -> bool:
    """Say whether a running trial was begun with this folder by a process that is no more."""
    path = folder / LOCKS / str(trial.number)
    if not path.exists():
        return False  # another machine's, with a folder of its own
    handle = os.open(path, os.O_RDWR)
    try:
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    finally:
        os.close(handle)
    return True


def point_of(trial: "FrozenTrial") -> dict[str, Any]:
    """Return the values of a trial's axes, as far as they are known."""
    return {**trial.system_attrs.get("fixed_params", {}), **trial.params}


def _storage(folder: Path, url: str | None) -> Any:
    if url is not None:
        return url
    journal = require("optuna.storages.journal", "sweep")
    return journal.JournalStorage(journal.JournalFileBackend(str(folder / JOURNAL)))


def _sampler(spec: Spec) -> Any:
    samplers = require("optuna.samplers", "sweep")
    # A grid's points wait in the study, with all values given: no sampler is asked.
    kinds = {
        GRID: samplers.RandomSampler,
        "random": samplers.RandomSampler,
        "tpe": samplers.TPESampler,
        "qmc": samplers.QMCSampler,
    }
    return kinds[spec.sampler]()


def _same_spec(spec: Spec | None, folder: Path) -> Spec:
    path = folder / SPEC
    if path.is_file():
        old = Spec.from_toml(path.read_text(encoding="utf-8"), str(path))
        if spec not in (None, old):
            raise _other_sweep(folder)
        return old
    assert spec is not None
    write_text(path, spec.to_toml())
    return spec


def _check_spec(study: "Study", spec: Spec, folder: Path) -> None:
    """The storage may be shared by folders: it must hold the same sweep."""
    text = study.user_attrs.get("spec")
    if text is None:
        study.set_user_attr("spec", spec.to_toml())
    elif text != spec.to_toml():
        raise _other_sweep(folder)


def _other_sweep(folder: Path) -> InputError:
    return InputError(f"{str(folder)!r} holds another sweep (see its {SPEC}): use another folder")


def _fill(study: "Study", spec: Spec) -> None:
    """Let every run wait in the study; those that a process killed meanwhile put there stay."""
    if study.user_attrs.get("filled"):
        return
    if spec.sampler == GRID:
        for point in spec.grid():
            study.enqueue_trial(point, user_attrs={QUEUED: True}, skip_if_exists=True)
    else:
        for _ in range(spec.trials - len(study.get_trials(deepcopy=False))):
            study.enqueue_trial({}, user_attrs={QUEUED: True})
    study.set_user_attr("filled", True)


def _next(study: "Study", spec: Spec) -> "Trial | None":
    from optuna.trial import TrialState

    while study.get_trials(deepcopy=False, states=(TrialState.WAITING,)):
        trial = study.ask(_distributions(spec))
        if trial.user_attrs.get(QUEUED):
            return trial
        # A worker elsewhere was faster, and Optuna made a trial that nobody wanted.
        study.tell(trial, state=TrialState.FAIL)
    return None


def _distributions(spec: Spec) -> "dict[str, BaseDistribution]":
    from optuna import distributions

    found: dict[str, BaseDistribution] = {}
    for axis in spec.parsed:
        if isinstance(axis, Choices):
            found[axis.name] = distributions.CategoricalDistribution(list(axis.changes))
        elif axis.whole:
            low, high = int(axis.low), int(axis.high)
            found[axis.name] = distributions.IntDistribution(low, high, log=axis.log)
        else:
            found[axis.name] = distributions.FloatDistribution(axis.low, axis.high, log=axis.log)
    return found


def _running(study: "Study") -> "list[FrozenTrial]":
    from optuna.trial import TrialState

    return study.get_trials(deepcopy=False, states=(TrialState.RUNNING,))


def _put_back(study: "Study", trial: "FrozenTrial") -> None:
    """Let the same point wait again; its run folder goes on where it was."""
    from optuna.trial import TrialState

    # First the new one: a process that is killed in between must not lose the point.
    if trial.number not in replaced(study):
        _wait_again(study, trial)
    study.tell(trial.number, state=TrialState.FAIL)


def _wait_again(study: "Study", trial: "FrozenTrial") -> None:
    attributes = {QUEUED: True, INSTEAD_OF: trial.number}
    study.enqueue_trial(point_of(trial), user_attrs=attributes)


def replaced(study: "Study") -> set[int]:
    """Return the numbers of the trials whose point waits, runs or has run as another trial."""
    trials = study.get_trials(deepcopy=False)
    return {t.user_attrs[INSTEAD_OF] for t in trials if INSTEAD_OF in t.user_attrs}


@contextmanager
def _alone(folder: Path) -> Iterator[None]:
    """Let one process at a time begin the study or take a run."""
    (folder / LOCKS).mkdir(exist_ok=True)
    handle = os.open(folder / LOCKS / "all", os.O_RDWR | os.O_CREAT, 0o666)
    try:
        fcntl.flock(handle, fcntl.LOCK_EX)
        yield
    finally:
        os.close(handle)


def _lock(folder: Path, number: int) -> int:
    handle = os.open(folder / LOCKS / str(number), os.O_RDWR | os.O_CREAT, 0o666)
    fcntl.flock(handle, fcntl.LOCK_EX)
    return handle
