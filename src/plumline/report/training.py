"""What a run folder tells of its training: a curve a quantity, over epochs."""

import math
from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from plumline.training import Run

CHARTS = (
    ("Accuracy", " %", {"training": "train_top1", "test": "test_top1"}),
    ("Loss", "", {"training": "train_loss", "test": "test_loss"}),
    ("Weights that are not zero", "", {"quantized layers": "density"}),
    ("Learning rate", "", {"learning rate": "lr"}),
)
"""Title, unit, and the keys of ``metrics.jsonl`` that each chart draws."""


def curves(run: "Run") -> dict[str, Any] | None:
    """Return the curves of a run's finished epochs; None when there is none."""
    if not run.history:
        return None
    charts = []
    for title, unit, keys in CHARTS:
        series = [{"name": name, "points": _points(run.history, key)} for name, key in keys.items()]
        series = [line for line in series if line["points"]]
        if series:
            charts.append({"title": title, "unit": unit, "series": series})
    model, data = run.recipe.model.name, run.dataset["name"]
    left = f"; {run.epochs_left} epochs are left" if run.epochs_left else ""
    return {
        "epochs": len(run.history),
        "about": f"{model} on {data}, {run.recipe.scheme.name} weights, "
        f"{len(run.history)} of {run.recipe.train.epochs} epochs{left}.",
        "charts": charts,
    }


def _points(history: Iterable[dict[str, Any]], key: str) -> list[tuple[int, float]]:
    found = ((record["epoch"], record.get(key)) for record in history)
    return [(epoch, value) for epoch, value in found if value is not None and math.isfinite(value)]
