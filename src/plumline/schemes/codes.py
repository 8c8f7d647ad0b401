"""Quantizers whose effective weight is a code in {-1, 0, +1} times a scale a filter."""

from abc import abstractmethod

from torch import Tensor

from plumline.schemes.base import Quantizer
from plumline.schemes.gradient import create_gradient
from plumline.schemes.scale import SCALES


class CodeQuantizer(Quantizer):
    """Codes from the latent weight, a gradient estimated for them, and a scale.

    A subclass says which codes; it calls `prepare` once it can compute them.
    """

    def prepare(self, weight: Tensor, *, gradient: str, scale: str) -> None:
        """Make the gradient estimator and the scale for this weight."""
        latent = weight.detach()
        self.gradient = create_gradient(gradient)
        self.scale = SCALES[scale](latent, self.codes(latent)[0])

    @abstractmethod
    def codes(self, latent: Tensor) -> tuple[Tensor, Tensor | None]:
        """Return the codes, and where on the latent axis they step if that is not 0.

        ``latent`` has no gradient. The second tensor is broadcast to the first.
        """

    def forward(self, latent: Tensor) -> Tensor:
        """Return scale * codes."""
        constant = latent.detach()
        codes, centre = self.codes(constant)
        effective: Tensor = self.scale(constant, self.gradient(latent, codes, centre))
        return effective


def filter_axes(weight: Tensor) -> tuple[int, ...]:
    """Return the axes that one filter spans."""
    return tuple(range(1, weight.ndim))
