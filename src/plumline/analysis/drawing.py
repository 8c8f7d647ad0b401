"""Latent weights as figures: now, and over training. Needs matplotlib (``plumline[report]``)."""

import os
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from plumline import _figures
from plumline._names import look_up
from plumline.analysis.latent_records import of_layer
from plumline.analysis.latents import POOLED, Fit, LatentAnalysis, LatentLayer
from plumline.errors import InputError

FilePath = str | os.PathLike[str]

_COLOURS = {
    "all": "0.75",
    "effectual": "tab:blue",
    "positive": "tab:orange",
    "negative": "tab:green",
}


def draw_latents(found: LatentAnalysis, path: FilePath, layers: Sequence[str] = (POOLED,)) -> None:
    """Draw histograms of latent weights as a PNG, SVG or PDF file, by its name.

    Args:
        found: what `analyze_latents` returned.
        path: file to write.
        layers: names of layers, one row each: on the left effectual ones within all, with both
            fits; on the right the regions of either sign, where regions have signs.

    Raises `InputError` for a layer that there is not, or a file that is none of the three kinds.
    """
    table = {layer.name: layer for layer in (found.pooled, *found.layers)}
    chosen = [look_up("layer", name, table) for name in layers]
    figure, axes = _figure(len(chosen), 2)
    for row, layer in zip(axes, chosen, strict=True):
        _draw_groups(row[0], layer, ("all", "effectual"))
        _draw_fits(row[0], layer)
        _draw_groups(row[1], layer, ("positive", "negative"))
        row[0].set_title(f"{layer.name}: density {layer.density:.3f}")
        row[1].set_title(f"excess kurtosis {layer.groups['all'].kurtosis:.2f}")
        for panel in row:
            panel.set_xlabel("latent weight / standard deviation")
            panel.set_ylabel("weights")
            panel.legend()
    _figures.save(figure, path)


def draw_latent_history(folder: FilePath, path: FilePath, layer: str = POOLED) -> None:
    """Draw what a run recorded after each epoch: the density of latents, kurtosis and density.

    Args:
        folder: a run folder whose recipe has ``train.latents``.
        path: PNG, SVG or PDF file to write.
        layer: name of a layer, or `POOLED` for all together.

    Raises `InputError` for a folder without such records or with no layer of that name.
    """
    from plumline.training.latents import FILE, read_log

    records = read_log(Path(folder))
    if not records:
        raise InputError(
            f"{os.fspath(folder)!r} has no {FILE}: train with train.latents = true and a scheme"
        )
    epochs = [record["epoch"] for record in records]
    chosen = [of_layer(layer, record["layers"]) for record in records]
    figure, axes = _figure(1, 3)
    for panel, group in zip(axes[0], ("all", "effectual"), strict=False):
        counts = np.array([record["histograms"][group] for record in chosen], float)
        shares = counts / np.maximum(counts.sum(axis=1, keepdims=True), 1)
        edges = [epochs[0] - 0.5, *(epoch + 0.5 for epoch in epochs)]
        # As one picture: a shape a cell would make a file of megabytes.
        panel.pcolormesh(edges, _edges(), shares.T, rasterized=True)
        panel.set_title(f"{layer}: {group}")
        panel.set_ylabel("latent weight / standard deviation")
    for name in ("kurtosis", "density"):
        axes[0, 2].plot(epochs, [record[name] for record in chosen], label=name)
    axes[0, 2].legend()
    for panel in axes[0]:
        panel.set_xlabel("epoch")
    _figures.save(figure, path)


def _draw_groups(panel: Any, layer: LatentLayer, groups: Sequence[str]) -> None:
    for name in groups:
        if name in layer.groups:
            panel.stairs(
                layer.groups[name].histogram,
                _edges(),
                **{"label": name, "color": _COLOURS[name], "fill": True, "alpha": 0.6},
            )


def _draw_fits(panel: Any, layer: LatentLayer) -> None:
    whole = layer.groups["all"]
    edges = _edges()
    middles, width = (edges[1:] + edges[:-1]) / 2, edges[1] - edges[0]
    if whole.laplace is None or whole.normal is None:
        return
    for label, fit, style, density in (
        ("Laplace", whole.laplace, "-", lambda x: 0.5 * np.exp(-np.abs(x))),
        ("Normal", whole.normal, "--", lambda x: np.exp(-0.5 * x * x) / np.sqrt(2 * np.pi)),
    ):
        heights = _height(fit, whole.std, middles, density) * whole.count * width
        panel.plot(middles, heights, style, color="black", linewidth=1, label=label)


def _height(fit: Fit, std: float, middles: NDArray[np.float64], density: Any) -> Any:
    """Return the probability density of a fit where the unit is the layer's deviation."""
    return density((middles * std - fit.location) / fit.scale) * std / fit.scale


def _edges() -> NDArray[np.float64]:
    from plumline.schemes.latents import EDGES

    return EDGES


def _figure(rows: int, columns: int) -> tuple[Any, Any]:
    figure = _figures.new((5 * columns, 3.5 * rows))
    return figure, figure.subplots(rows, columns, squeeze=False)
