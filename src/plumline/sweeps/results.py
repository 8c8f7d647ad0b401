"""What a sweep has found so far: one row a run, one CSV file, means over the seeds."""

import os
from collections import Counter
from dataclasses import dataclass
from pathlib import Path
from statistics import fmean, stdev
from typing import TYPE_CHECKING, Any

from plumline._files import write_csv
from plumline.sweeps.spec import Spec
from plumline.sweeps.study import is_dead, open_study, point_of, standing

if TYPE_CHECKING:
    from optuna.study import Study
    from optuna.trial import FrozenTrial

CSV, SEED = "results.csv", "train.seed"
FOUND = (
    *("test_top1", "test_loss", "train_top1", "train_loss", "epoch"),
    *("parameters", "effectual", "density", "seconds", "run", "error"),
)
STATES = {
    "COMPLETE": "done",
    "WAITING": "waiting",
    "RUNNING": "running",
    "FAIL": "failed",
    "PRUNED": "failed",
}
WHY = {
    "failed": "failed",
    "running": "in progress elsewhere (call this again when they end)",
    "stopped": "stopped (the same command goes on)",
    "waiting": "waiting (the same command goes on)",
}


@dataclass(frozen=True)
class Results:
    """The runs of a sweep in the order of its grid.

    A row has ``state`` (``done``, ``running``, ``stopped``, ``waiting``, ``failed``), the axes by
    name, and the columns of `FOUND`, empty where nothing is known yet: scores of the last epoch
    (percent, nats), quantized ``parameters`` and the ``effectual`` ones, ``run`` (a folder).
    """

    spec: Spec
    rows: tuple[dict[str, Any], ...]

    @property
    def done(self) -> tuple[dict[str, Any], ...]:
        """The rows of finished runs."""
        return tuple(row for row in self.rows if row["state"] == "done")

    @property
    def unfinished(self) -> str:
        """One line about the runs that are not done, and why; empty when all are."""
        counts = Counter(row["state"] for row in self.rows if row["state"] != "done")
        reasons = ", ".join(f"{counts[state]} {WHY[state]}" for state in WHY if counts[state])
        if not reasons:
            return ""
        return f"{counts.total()} of {len(self.rows)} runs are not done: {reasons}"

    @property
    def best(self) -> dict[str, Any] | None:
        """The finished run with the best goal."""
        choose = max if self.spec.direction == "maximize" else min
        return choose(self.done, key=lambda row: row[self.spec.goal], default=None)

    def over_seeds(self) -> list[dict[str, Any]]:
        """Return one row for each point but for the seed: mean and deviation of the goal."""
        names = [axis.name for axis in self.spec.parsed if axis.name != SEED]
        groups: dict[tuple[Any, ...], list[dict[str, Any]]] = {}
        for row in self.done:
            groups.setdefault(tuple(row[name] for name in names), []).append(row)
        goal = self.spec.goal
        return [
            {
                **dict(zip(names, key, strict=True)),
                "runs": len(rows),
                goal: fmean(row[goal] for row in rows),
                "deviation": stdev(row[goal] for row in rows) if len(rows) > 1 else None,
                "effectual": round(fmean(row["effectual"] for row in rows)),
                "density": fmean(row["density"] for row in rows),
            }
            for key, rows in groups.items()
        ]

    def write(self, folder: str | os.PathLike[str]) -> Path:
        """Write ``results.csv`` in the folder."""
        path = Path(folder) / CSV
        write_csv(path, self.rows)
        return path


def results(
    folder: str | os.PathLike[str], storage: str | None = None, *, study: "Study | None" = None
) -> Results:
    """Read what is known of the sweep in a folder, at any time; nothing is written.

    Args:
        folder: what `run` filled.
        storage: as of `run`.
        study: the study, where it is open already.
    """
    path = Path(folder)
    if study is None:
        study, spec = open_study(None, path, storage)
    else:
        spec = Spec.from_toml(study.user_attrs["spec"])
    return Results(spec, tuple(_row(trial, spec, path) for trial in standing(study)))


def _row(trial: "FrozenTrial", spec: Spec, folder: Path) -> dict[str, Any]:
    state = STATES[trial.state.name]
    if state == "running" and is_dead(trial, folder):
        state = "stopped"
    point = spec.ordered(point_of(trial))
    return {
        "state": state,
        **{axis.name: point.get(axis.name, "") for axis in spec.parsed},
        **{name: trial.user_attrs.get(name, "") for name in FOUND},
    }
