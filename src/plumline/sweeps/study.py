"""The Optuna study of a sweep: who does which run, in storage that processes and machines share.

Every run of a sweep waits in the study as a trial from the beginning. A worker takes a waiting one,
which the storage hands out once, whatever asks for it; Optuna's own grid sampler may hand a point
to two workers. A worker holds a lock file for as long as it works on a trial: a trial that runs,
and whose lock file is free, was left by a process that died.
"""

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, ExitStack, contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

from plumline._extras import require
from plumline._files import write_text
from plumline._locks import hold, is_held
from plumline.errors import InputError
from plumline.sweeps.points import complete, points
from plumline.sweeps.spec import Spec
from plumline.sweeps.storage import Storage, storage_of

if TYPE_CHECKING:
    from optuna.study import Study
    from optuna.trial import FrozenTrial, Trial

SPEC, LOCKS = "sweep.toml", "locks"
QUEUED, PLACE, INSTEAD_OF = "queued", "place", "instead_of"


def open_study(spec: Spec | None, folder: Path, storage: str | None) -> "tuple[Study, Spec]":
    """Open the study of a folder, or begin it: then all its runs wait in it.

    Args:
        spec: the sweep; None to read what the folder holds, which writes nothing.
        folder: of the runs; its name, when it is begun, is the study's.
        storage: an Optuna URL, such as ``sqlite:///sweep.db``; if None, the one that the sweep was
            begun with, at first a journal file in the folder.

    Raises:
        InputError: the folder holds another sweep, or none, or was begun with another storage; or
            the storage cannot be opened.
    """
    optuna = require("optuna", "sweep")
    optuna.logging.set_verbosity(optuna.logging.WARNING)
    if spec is None:
        return _read(folder, storage)
    folder.mkdir(parents=True, exist_ok=True)
    with _alone(folder):
        old = _spec_in(folder)
        if old not in (None, spec):
            raise _other_sweep(folder)
        where = storage_of(folder, storage, begun=old is not None)
        study = _opened(
            where,
            folder,
            lambda opened: optuna.create_study(
                storage=opened,
                study_name=where.study,
                direction=spec.direction,
                load_if_exists=True,
            ),
        )
        # The storage may be shared by folders: it must hold the same sweep.
        if "spec" not in study.user_attrs:
            study.set_user_attr("spec", spec.to_toml())
        elif Spec.from_toml(study.user_attrs["spec"]) != spec:
            raise _other_sweep(folder)
        where.save(folder)
        if old is None:
            write_text(folder / SPEC, spec.to_toml())
        _fill(study, spec)
    return study, spec


def standing(study: "Study") -> "list[FrozenTrial]":
    """Return the trial that stands for each run, in the runs' order.

    That is the one that was queued for its place, or the last of those in its stead. Machines that
    begin a sweep at the same time may queue a run twice, or take it up again twice: the lower
    number counts, for all of them.
    """
    trials = {t.number: t for t in study.get_trials(deepcopy=False) if QUEUED in t.user_attrs}
    first: dict[int, int] = {}
    after: dict[int, int] = {}
    for number in sorted(trials):
        attributes = trials[number].user_attrs
        if INSTEAD_OF in attributes:
            after.setdefault(attributes[INSTEAD_OF], number)
        else:
            first.setdefault(_place(trials[number]), number)
    found = []
    for _, number in sorted(first.items()):
        while number in after:
            number = after[number]
        found.append(trials[number])
    return found


@contextmanager
def taken(study: "Study", spec: Spec, folder: Path) -> "Iterator[Trial | None]":
    """Take a run that waits, or one whose process died, and hold it; None where there is none."""
    with ExitStack() as held:
        with _alone(folder):
            for running in _running(study):
                if is_dead(running, folder):
                    put_back(study, running.number)
            trial = _next(study, spec)
            if trial is not None:
                held.enter_context(hold(folder / LOCKS / str(trial.number)))
        yield trial


def retry_failed(study: "Study", folder: Path) -> None:
    """Let the runs that ended in an error wait again."""
    from optuna.trial import TrialState

    with _alone(folder):
        for trial in standing(study):
            if trial.state is TrialState.FAIL:
                _wait_again(study, trial)


def put_back(study: "Study", number: int) -> None:
    """Let the point of a trial wait again; its run folder goes on where it was."""
    from optuna.trial import TrialState

    trials = {trial.number: trial for trial in study.get_trials(deepcopy=False)}
    # First the new one: a process that is killed in between must not lose the point.
    if all(trial.user_attrs.get(INSTEAD_OF) != number for trial in trials.values()):
        _wait_again(study, trials[number])
    study.tell(number, state=TrialState.FAIL)


def is_dead(trial: "FrozenTrial", folder: Path) -> bool:
    """Say whether a running trial was begun with this folder by a process that is no more."""
    path = folder / LOCKS / str(trial.number)
    # Without one it is another machine's, with a folder of its own.
    return path.exists() and not is_held(path)


def point_of(trial: "FrozenTrial") -> dict[str, Any]:
    """Return the values of a trial's axes, as far as they are known."""
    return {**trial.system_attrs.get("fixed_params", {}), **trial.params}


def _read(folder: Path, storage: str | None) -> "tuple[Study, Spec]":
    spec = _spec_in(folder)
    if spec is None:
        raise InputError(f"{str(folder)!r} holds no sweep: it has no {SPEC}")
    where = storage_of(folder, storage, begun=True)
    path = where.path(folder)
    if path is not None and not path.is_file():  # Optuna would make one
        raise InputError(f"the study of {str(folder)!r} is gone: there is no file {str(path)!r}")
    load = require("optuna", "sweep").load_study
    study = _opened(where, folder, lambda opened: load(storage=opened, study_name=where.study))
    return study, spec


def _opened(where: Storage, folder: Path, load: "Callable[[Any], Study]") -> "Study":
    """Open a study; a storage that cannot be is one line."""
    journal = require("optuna.storages.journal", "sweep")
    try:
        if where.url:
            return load(where.url)
        backend = journal.JournalFileBackend(str(where.path(folder)))
        return load(journal.JournalStorage(backend))
    except Exception as error:
        # Each kind of storage has its own errors, of packages that may not be installed here.
        reason = " ".join(str(error).split())
        hint = "; passwords are not kept: name the storage with its own" if "@" in where.url else ""
        raise InputError(f"{where} cannot be opened: {reason}{hint}") from error


def _spec_in(folder: Path) -> Spec | None:
    path = folder / SPEC
    return Spec.from_toml(path.read_text(encoding="utf-8"), str(path)) if path.is_file() else None


def _other_sweep(folder: Path) -> InputError:
    return InputError(f"{str(folder)!r} holds another sweep (see its {SPEC}): use another folder")


def _fill(study: "Study", spec: Spec) -> None:
    """Let every run wait in the study that does not yet, as after a process that was killed."""
    queued = [trial for trial in study.get_trials(deepcopy=False) if QUEUED in trial.user_attrs]
    places = {_place(trial) for trial in queued if INSTEAD_OF not in trial.user_attrs}
    if len(places) < spec.runs:
        for place, point in enumerate(points(spec)):
            if place not in places:
                study.enqueue_trial(point, user_attrs={QUEUED: True, PLACE: place})


def _place(trial: "FrozenTrial | Trial") -> int:
    # Without a place it was queued by an earlier version: by one process, in order.
    return int(trial.user_attrs.get(PLACE, trial.number))


def _next(study: "Study", spec: Spec) -> "Trial | None":
    from optuna.trial import TrialState

    while study.get_trials(deepcopy=False, states=(TrialState.WAITING,)):
        trial = study.ask()
        if trial.number in {other.number for other in standing(study)}:
            complete(study, trial, _place(trial), spec)
            return trial
        # A run queued twice; or a worker elsewhere was faster, and nobody wanted this trial.
        study.tell(trial, state=TrialState.FAIL)
    return None


def _running(study: "Study") -> "list[FrozenTrial]":
    from optuna.trial import TrialState

    return study.get_trials(deepcopy=False, states=(TrialState.RUNNING,))


def _wait_again(study: "Study", trial: "FrozenTrial") -> None:
    attributes = {QUEUED: True, INSTEAD_OF: trial.number}
    study.enqueue_trial(point_of(trial), user_attrs=attributes)


def _alone(folder: Path) -> AbstractContextManager[None]:
    """Let one process at a time begin the study or take a run."""
    (folder / LOCKS).mkdir(exist_ok=True)
    return hold(folder / LOCKS / "all")
