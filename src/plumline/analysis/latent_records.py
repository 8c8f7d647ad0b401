"""What a run wrote down of its latent weights after an epoch: of a layer, and of all pooled."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from plumline._names import look_up
from plumline.analysis.latents import POOLED

Record = Mapping[str, Any]
"""A layer at an epoch as ``latents.jsonl`` has it: density, moments and histograms."""


def of_layer(name: str, layers: Sequence[Record]) -> Record:
    """Return the record of a layer among those of an epoch, or of all of them if `POOLED`.

    Raises `InputError` where no layer has the name.
    """
    if name == POOLED:
        return pool(layers)
    return look_up("layer", name, {layer["name"]: layer for layer in layers})


def pool(layers: Sequence[Record]) -> Record:
    """Make one record of those of all layers, each in units of its standard deviation.

    Groups are those that every layer has.
    """
    sizes = np.array([sum(layer["histograms"]["all"]) for layer in layers], float)
    means, stds, skewness, kurtosis, density = (
        np.array([layer[key] for layer in layers])
        for key in ("mean", "std", "skewness", "kurtosis", "density")
    )
    # A layer whose weights are all equal has no deviation; its unit is 1, as in its histogram.
    spread = stds > 0
    means = means / np.where(spread, stds, 1)
    powers = (
        means,
        spread + means**2,
        spread * (skewness + 3 * means) + means**3,
        spread * (kurtosis + 3 + 4 * means * skewness + 6 * means**2) + means**4,
    )
    first, second, third, fourth = (float(np.average(power, weights=sizes)) for power in powers)
    variance = second - first**2
    unit = variance or 1.0
    groups = [
        name for name in layers[0]["histograms"] if all(name in x["histograms"] for x in layers)
    ]
    return {
        "mean": first,
        "std": variance**0.5,
        "skewness": (third - 3 * first * second + 2 * first**3) / unit**1.5,
        "kurtosis": (fourth - 4 * first * third + 6 * first**2 * second - 3 * first**4) / unit**2
        - 3 * (variance > 0),
        "density": float(np.average(density, weights=sizes)),
        "histograms": {
            name: np.sum([layer["histograms"][name] for layer in layers], axis=0).tolist()
            for name in groups
        },
    }
