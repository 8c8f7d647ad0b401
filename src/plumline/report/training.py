"""What a run folder tells of its training: curves, and the latent weights at its end."""

import math
from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

if TYPE_CHECKING:
    from plumline.training import Run

CHARTS = (
    ("Accuracy", " %", {"training": "train_top1", "test": "test_top1"}),
    ("Loss", "", {"training": "train_loss", "test": "test_loss"}),
    ("Weights that are not zero", "", {"quantized layers": "density"}),
    ("Learning rate", "", {"learning rate": "lr"}),
)
"""Title, unit, and the keys of ``metrics.jsonl`` that each chart draws."""

BINS = 60
ALL = "all quantized layers"

Floats = NDArray[np.float32]


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


def latents(run: "Run") -> list[dict[str, Any]]:
    """Return a histogram of the latent weights of each quantized layer, and of all together.

    Those that become zero, positive and negative are told apart: effectual within total.
    """
    from torch.nn.utils import parametrize

    found: dict[str, tuple[Floats, Floats]] = {}
    for name, module in run.model.named_modules():
        if parametrize.is_parametrized(module, "weight"):
            latent = module.parametrizations.weight.original
            effective = module.weight
            found[name] = tuple(
                tensor.detach().float().numpy().ravel() for tensor in (latent, effective)
            )
    if not found:
        return []
    together = tuple(np.concatenate(parts) for parts in zip(*found.values(), strict=True))
    return [
        _histogram(name, latent, effective)
        for name, (latent, effective) in {ALL: together, **found}.items()
    ]


def _histogram(name: str, latent: Floats, effective: Floats) -> dict[str, Any]:
    reach = float(np.quantile(np.abs(latent), 0.998)) or 1.0
    edges = np.linspace(-reach, reach, BINS + 1)

    def count(values: Floats) -> list[int]:
        # The outermost bars hold what is beyond them.
        clipped = np.clip(values, edges[0], edges[-1])
        return [int(n) for n in np.histogram(clipped, edges)[0]]

    centred = latent - latent.mean(dtype=np.float64)
    variance = float((centred**2).mean())
    kurtosis = float((centred**4).mean()) / variance**2 - 3 if variance else 0.0
    density = np.count_nonzero(effective) / len(effective)
    return {
        "name": name,
        "title": "Latent weights" + (f" of {ALL}" if name == ALL else ""),
        "edges": [round(float(edge), 6) for edge in edges],
        "all": count(latent),
        "positive": count(latent[effective > 0]),
        "negative": count(latent[effective < 0]),
        "about": f"{density:.1%} of {len(latent):,} are effectual. Standard deviation "
        f"{math.sqrt(variance):.3g}, excess kurtosis {kurtosis:.2f} (Normal 0, Laplace 3).",
    }
