"""The latent weights of a run: histograms over epochs with fits, and what they are at its end."""

from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

if TYPE_CHECKING:
    from plumline.analysis.latent_records import Record
    from plumline.analysis.latents import Distribution, Fit, LatentLayer
    from plumline.training import Run

FRAMES = 20
"""Epochs at most of which the latent weights are shown."""


def collect(run: "Run", folder: Path) -> list[dict[str, Any]]:
    """Return the latent weights of all quantized layers, pooled, and of each.

    Each has ``frames``, one for each of some epochs where the run recorded them, else one of its
    end, and ``groups``, which are described as they are at its end. Empty without such layers.
    """
    from plumline.analysis.latent_records import of_layer
    from plumline.analysis.latents import analyze_latents
    from plumline.schemes.latents import EDGES, read_latents
    from plumline.training.latents import read_log

    if not any(True for _ in read_latents(run.model)):
        return []
    found = analyze_latents(run.model)
    log = read_log(folder)
    epochs = [log[round(at)] for at in np.linspace(0, len(log) - 1, min(len(log), FRAMES))]
    made = []
    for layer in (found.pooled, *found.layers):
        records = [(epoch["epoch"], of_layer(layer.name, epoch["layers"])) for epoch in epochs]
        last = (len(run.history), _record(layer))
        made.append(
            {
                "name": layer.name,
                "edges": [round(float(edge), 3) for edge in EDGES],
                "frames": [_frame(epoch, record, EDGES) for epoch, record in records or [last]],
                "groups": [_group(name, group) for name, group in layer.groups.items()],
            }
        )
    return made


def _record(layer: "LatentLayer") -> "Record":
    whole = layer.groups["all"]
    return {
        **{key: getattr(whole, key) for key in ("mean", "std", "skewness", "kurtosis")},
        "density": layer.density,
        "histograms": {name: list(group.histogram) for name, group in layer.groups.items()},
    }


def _frame(epoch: int, record: "Record", edges: NDArray[np.float64]) -> dict[str, Any]:
    histograms = record["histograms"]
    return {
        "epoch": epoch,
        "about": f"{record['density']:.1%} of {sum(histograms['all']):,} are effectual. Mean "
        f"{record['mean']:.3g}, standard deviation {record['std']:.3g}, skewness "
        f"{record['skewness']:.2f}, excess kurtosis {record['kurtosis']:.2f}.",
        "histograms": histograms,
        "fits": _fits(record, edges),
    }


def _fits(record: "Record", edges: NDArray[np.float64]) -> dict[str, Any] | None:
    """Fit (location, scale) in the units of the histogram; None where all numbers are equal.

    A Normal takes mean and deviation; median and mean distance of a Laplace are the histogram's.
    """
    if not record["std"]:
        return None
    counts, middles = np.array(record["histograms"]["all"]), (edges[1:] + edges[:-1]) / 2
    shares = np.concatenate([[0.0], np.cumsum(counts) / counts.sum()])
    median = float(np.interp(0.5, shares, edges))
    distance = float(np.average(np.abs(middles - median), weights=counts))
    return {"laplace": (median, distance), "normal": (record["mean"] / record["std"], 1.0)}


def _group(name: str, group: "Distribution") -> dict[str, Any]:
    moments = {key: getattr(group, key) for key in ("count", "mean", "std", "skewness", "kurtosis")}
    return {
        "name": name,
        **moments,
        "laplace": _distance(group.laplace),
        "normal": _distance(group.normal),
    }


def _distance(fit: "Fit | None") -> float | None:
    return None if fit is None else fit.distance
