"""The latent weights of a converted model, and what its schemes make of each."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from plumline.schemes.base import quantizer_of

BINS, REACH = 100, 5.0
"""A histogram has so many bins, from so many standard deviations below 0 to as many above."""

EDGES = np.linspace(-REACH, REACH, BINS + 1)


class Moments(NamedTuple):
    """Mean and standard deviation, skewness, and excess kurtosis (Normal: 0, Laplace: 3)."""

    mean: float
    std: float
    skewness: float
    kurtosis: float


def moments(values: NDArray[np.float32]) -> Moments:
    """Return the moments of at least one number.

    Where all are equal, those beyond the second are 0.
    """
    exact = values.astype(np.float64)
    mean = float(exact.mean())
    centred = exact - mean
    square = centred * centred
    variance = float(square.mean())
    if not variance:
        return Moments(mean, 0.0, 0.0, 0.0)
    third, fourth = float((square * centred).mean()), float((square * square).mean())
    return Moments(mean, variance**0.5, third / variance**1.5, fourth / variance**2 - 3)


@dataclass(frozen=True, eq=False)
class Latents:
    """The latent weights of one layer, flat, float32, with what they are now.

    ``effectual`` says which have an effective weight other than zero, ``signs`` (1 or -1) the sign
    of each one's region; None where regions have none.
    """

    name: str
    scheme: str
    values: NDArray[np.float32]
    effectual: NDArray[np.bool_]
    signs: NDArray[np.int8] | None

    @property
    def groups(self) -> dict[str, NDArray[np.float32]]:
        """Return the values of all regions, of effectual weights, of positive, negative regions."""
        found = {"all": self.values, "effectual": self.values[self.effectual]}
        if self.signs is not None:
            found |= {
                "positive": self.values[self.signs > 0],
                "negative": self.values[self.signs < 0],
            }
        return found

    def moments(self) -> Moments:
        """Return the moments of all values."""
        return moments(self.values)

    def histograms(self) -> dict[str, list[int]]:
        """Count each group in the bins of `EDGES`, in standard deviations of all values.

        The first and the last bin take what is beyond them.
        """
        width = float(self.values.std()) or 1.0
        ends = REACH * (1 - 1e-6)  # within the last bin, whatever rounding does
        return {
            name: np.histogram(np.clip(values / width, -ends, ends), EDGES)[0].tolist()
            for name, values in self.groups.items()
        }


def read_latents(model: nn.Module) -> Iterator[Latents]:
    """Yield the latents of every converted layer of a model, in its order."""
    for name, layer in model.named_modules():
        quantizer = quantizer_of(layer)
        if quantizer is None:
            continue
        with torch.no_grad():
            latent, effective = layer.parametrizations["weight"].original, layer.weight
            assert isinstance(latent, Tensor)
            assert isinstance(effective, Tensor)
            signs = quantizer.region_signs(latent)
            yield Latents(
                name,
                quantizer.scheme.name,
                _flat(latent.float()),
                _flat(effective != 0),
                None if signs is None else _flat(signs.expand_as(latent).to(torch.int8)),
            )


def _flat(tensor: Tensor) -> NDArray[Any]:
    return np.ravel(tensor.detach().cpu().numpy())
