"""What multiplies the codes of a filter."""

from abc import ABC, abstractmethod

import torch
from torch import Tensor, nn


def least_squares(latent: Tensor, codes: Tensor) -> Tensor:
    """Return the scale a of each filter, (K, 1, ...), for which ||W - a*Q||^2 is least.

    a = <W, Q> / <Q, Q>, which for codes in {-1, 0, +1} that have the sign of their weight is the
    mean of |W| over the effectual weights; 0 where a filter has none.
    """
    axes = tuple(range(1, latent.ndim))
    overlap = (latent * codes).sum(axes, keepdim=True)
    return overlap / codes.square().sum(axes, keepdim=True).clamp(min=1)


class Scale(nn.Module, ABC):
    """Multiplies codes by one positive number a filter."""

    def __init__(self, latent: Tensor, codes: Tensor) -> None:
        super().__init__()

    @abstractmethod
    def forward(self, latent: Tensor, codes: Tensor) -> Tensor:
        """Return the effective weight; ``latent`` has no gradient."""


class NoScale(Scale):
    """The codes themselves; a normalization that follows the layer absorbs their magnitude."""

    def forward(self, latent: Tensor, codes: Tensor) -> Tensor:
        """Return the codes."""
        return codes


class LeastSquaresScale(Scale):
    """The scale nearest the latent weights: found in each pass, a constant in the gradient."""

    def forward(self, latent: Tensor, codes: Tensor) -> Tensor:
        """Return a * Q."""
        return codes * least_squares(latent, codes.detach())


class LearnedScale(Scale):
    """A parameter a filter that starts at the least-squares scale.

    Its absolute value is used: a scale that an optimizer drives through zero would otherwise turn
    the sign of its filter, which is fixed.
    """

    def __init__(self, latent: Tensor, codes: Tensor) -> None:
        super().__init__(latent, codes)
        start = least_squares(latent, codes)
        self.factor = nn.Parameter(torch.where(start > 0, start, 1))

    def forward(self, latent: Tensor, codes: Tensor) -> Tensor:
        """Return |a| * Q."""
        return codes * self.factor.abs()


SCALES: dict[str, type[Scale]] = {
    "none": NoScale,
    "mean": LeastSquaresScale,
    "analytic": LeastSquaresScale,
    "learned": LearnedScale,
}
