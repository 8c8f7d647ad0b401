"""What a run folder tells of its training: curves, and the latent weights at its end."""

import math
from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from plumline.analysis.latents import LatentLayer
    from plumline.training import Run

CHARTS = (
    ("Accuracy", " %", {"training": "train_top1", "test": "test_top1"}),
    ("Loss", "", {"training": "train_loss", "test": "test_loss"}),
    ("Weights that are not zero", "", {"quantized layers": "density"}),
    ("Learning rate", "", {"learning rate": "lr"}),
)
"""Title, unit, and the keys of ``metrics.jsonl`` that each chart draws."""

FRAMES = 20
"""Epochs at most of which the latent weights are shown."""


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


def latents(run: "Run", folder: Path) -> list[dict[str, Any]]:
    """Return histograms of the latent weights of all quantized layers, pooled, and of each.

    There is one frame for each of some epochs where the run recorded them, else one of its end.
    """
    from plumline.analysis.latents import analyze_latents
    from plumline.schemes.latents import EDGES, read_latents
    from plumline.training.latents import read_log

    if not any(True for _ in read_latents(run.model)):
        return []
    found = analyze_latents(run.model)
    log = read_log(folder)
    recorded = [log[round(at)] for at in np.linspace(0, len(log) - 1, min(len(log), FRAMES))]
    now = [_latents(layer, len(run.history)) for layer in (found.pooled, *found.layers)]
    for layer in now:
        frames = [
            {"epoch": record["epoch"], **one["histograms"]}
            for record in recorded
            for one in record["layers"]
            if one["name"] == layer["name"]
        ]
        layer["frames"] = frames or layer["frames"]
        layer["edges"] = [round(float(edge), 3) for edge in EDGES]
    return now


def _latents(layer: "LatentLayer", epochs: int) -> dict[str, Any]:
    whole = layer.groups["all"]
    better = ""
    if whole.laplace and whole.normal:
        is_laplace = whole.laplace.log_likelihood > whole.normal.log_likelihood
        better = f"; a {'Laplace' if is_laplace else 'Normal'} distribution fits better"
    histograms = {name: list(group.histogram) for name, group in layer.groups.items()}
    return {
        "name": layer.name,
        "about": f"{layer.density:.1%} of {whole.count:,} are effectual. Excess kurtosis "
        f"{whole.kurtosis:.2f} (Normal 0, Laplace 3){better}.",
        "frames": [{"epoch": epochs, **histograms}],
    }
