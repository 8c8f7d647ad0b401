"""How latent weights are distributed: the effectual ones within all, region sign by region sign."""

import math
import os
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from plumline.errors import InputError

if TYPE_CHECKING:
    from torch import nn

    from plumline.schemes.latents import Latents

Values = NDArray[np.float32]

POOLED = "pooled"
"""The name under which all layers are one, each divided by its standard deviation."""

_PLACES = 4096


@dataclass(frozen=True)
class Fit:
    """A distribution of maximum likelihood.

    ``location`` and ``scale`` are mean and standard deviation of a Normal, median and mean distance
    from it of a Laplace. ``log_likelihood`` is in nats a number: higher fits better. ``distance``
    is that of Kolmogorov and Smirnov, the largest between the two cumulative distributions; of
    more than 4,096 numbers it is taken at as many places among them.
    """

    location: float
    scale: float
    log_likelihood: float
    distance: float


@dataclass(frozen=True)
class Distribution:
    """Some latent weights of a layer: how many, moments (excess kurtosis), fits, and a histogram.

    ``histogram`` counts in the bins of `schemes.latents.EDGES`, in units of the layer's standard
    deviation; the outermost take what is beyond. The fits are None where all numbers are equal.
    """

    count: int
    mean: float
    std: float
    skewness: float
    kurtosis: float
    laplace: Fit | None
    normal: Fit | None
    histogram: tuple[int, ...]


@dataclass(frozen=True)
class LatentLayer:
    """The latent weights of one layer, or of all (``name`` is `POOLED`).

    ``groups`` has ``"all"`` and ``"effectual"``, and where regions have signs ``"positive"`` and
    ``"negative"``; a group without weights is left out.
    """

    name: str
    scheme: str
    groups: Mapping[str, Distribution]

    @property
    def density(self) -> float:
        """Part of the weights that are effectual, in [0, 1]."""
        effectual = self.groups.get("effectual")
        return effectual.count / self.groups["all"].count if effectual else 0.0


@dataclass(frozen=True)
class LatentAnalysis:
    """The converted layers of a model in its order, and all of them pooled.

    Pooled, each layer counts in units of its standard deviation, so that layers of different scale
    do not make tails by being mixed.
    """

    source: str
    layers: tuple[LatentLayer, ...]
    pooled: LatentLayer

    def to_dict(self) -> dict[str, Any]:
        """Return everything, ready for JSON."""
        return {
            "source": self.source,
            "layers": [_to_dict(layer) for layer in self.layers],
            "pooled": _to_dict(self.pooled),
        }


def analyze_latents(source: "nn.Module | str | os.PathLike[str]") -> LatentAnalysis:
    """Describe the latent weights of a converted PyTorch module or of a run folder.

    Raises `InputError` where no layer is converted, or a latent weight is NaN or infinite.
    """
    from plumline.schemes.latents import read_latents

    model, name = _model(source)
    layers = list(read_latents(model))
    if not layers:
        raise InputError(
            f"{name} has no quantized layer, so no latent weights: convert it with a scheme"
        )
    for layer in layers:
        if not np.isfinite(layer.values).all():
            raise InputError(f"layer {layer.name!r} has latent weights that are NaN or infinite")
    described = tuple(_describe(layer) for layer in layers)
    return LatentAnalysis(name, described, _describe(_pool(layers)))


def describe(values: Values, histogram: tuple[int, ...] = ()) -> Distribution:
    """Describe at least one number, ``values`` (n,); ``histogram`` is passed through."""
    from plumline.schemes.latents import moments

    found = moments(values)
    laplace, normal = (fit_laplace(values), fit_normal(values)) if found.std else (None, None)
    return Distribution(
        **{"count": len(values), **found._asdict()},
        laplace=laplace,
        normal=normal,
        histogram=histogram,
    )


def fit_laplace(values: Values) -> Fit:
    """Fit a Laplace distribution to numbers, (n,), that are not all equal."""
    location = float(np.median(values))
    scale = float(np.abs(values - location).mean(dtype=np.float64))
    places = _places(values, location, scale)
    tail = 0.5 * np.exp(-np.abs(places))
    cumulative = np.where(places < 0, tail, 1 - tail)
    likelihood = -math.log(2 * scale) - 1
    return Fit(location, scale, likelihood, _distance(cumulative, len(values)))


def fit_normal(values: Values) -> Fit:
    """Fit a Normal distribution to numbers, (n,), that are not all equal."""
    location, scale = (float(f(values, dtype=np.float64)) for f in (np.mean, np.std))
    places = _places(values, location, scale)
    cumulative = np.array([0.5 * math.erfc(-x / math.sqrt(2)) for x in places])
    likelihood = -0.5 * math.log(2 * math.pi * scale**2) - 0.5
    return Fit(location, scale, likelihood, _distance(cumulative, len(values)))


def _model(source: Any) -> "tuple[nn.Module, str]":
    if isinstance(source, str | os.PathLike):
        from plumline.training import read_run

        return read_run(source).model, os.fspath(source)
    if not hasattr(source, "named_modules"):
        raise InputError(
            f"a {type(source).__name__} has no latent weights: give a module or a run folder"
        )
    return source, type(source).__name__


def _describe(layer: "Latents") -> LatentLayer:
    histograms = layer.histograms()
    groups = {
        name: describe(values, tuple(histograms[name]))
        for name, values in layer.groups.items()
        if len(values)
    }
    return LatentLayer(layer.name, layer.scheme, groups)


def _pool(layers: "list[Latents]") -> "Latents":
    """Make one of all layers; signs only where every layer has them."""
    from plumline.schemes.latents import Latents

    signs = [layer.signs for layer in layers if layer.signs is not None]
    return Latents(
        POOLED,
        ", ".join(sorted({layer.scheme for layer in layers})),
        np.concatenate([layer.values / (layer.values.std() or 1) for layer in layers]),
        np.concatenate([layer.effectual for layer in layers]),
        np.concatenate(signs) if len(signs) == len(layers) else None,
    )


def _ranks(count: int) -> NDArray[np.int64]:
    return np.unique(np.linspace(0, count - 1, min(count, _PLACES)).astype(np.int64))


def _places(values: Values, location: float, scale: float) -> NDArray[np.float64]:
    """Return order statistics in units of a distribution."""
    ordered = np.sort(values)[_ranks(len(values))]
    return (ordered.astype(np.float64) - location) / scale


def _distance(cumulative: NDArray[np.float64], count: int) -> float:
    ranks = _ranks(count)
    above, below = (ranks + 1) / count - cumulative, cumulative - ranks / count
    return float(max(above.max(), below.max()))


def _to_dict(layer: LatentLayer) -> dict[str, Any]:
    return {**asdict(layer), "density": layer.density}
