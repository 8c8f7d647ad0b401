"""Weights left as they are."""

from dataclasses import dataclass
from typing import ClassVar

from torch import Tensor

from plumline.schemes.base import Quantizer, Scheme, register_scheme


@register_scheme("float")
@dataclass(frozen=True)
class Float(Scheme):
    """Full precision: `convert_` leaves a layer with this scheme untouched.

    Value set: the real numbers.
    Forward: W_q = W.
    Gradient: dL/dW = dL/dW_q.
    Bits a weight on disk: 32.
    """

    bits: ClassVar[float] = 32.0
    quantizes: ClassVar[bool] = False

    def quantizer(self, weight: Tensor) -> "FloatQuantizer":
        """Make the identity."""
        return FloatQuantizer(self)


class FloatQuantizer(Quantizer):
    """The identity."""

    def forward(self, latent: Tensor) -> Tensor:
        """Return the weight itself."""
        return latent
