"""Binary weights."""

from dataclasses import dataclass
from typing import ClassVar, Literal

import torch
from torch import Tensor

from plumline.schemes.base import Scheme, check_choice, register_scheme
from plumline.schemes.codes import CodeQuantizer
from plumline.schemes.gradient import gradient_names


@register_scheme("binary")
@dataclass(frozen=True)
class Binary(Scheme):
    """Weights -1 and +1, with no zeros.

    Value set: {-a, +a} a filter, a the scale (1 without one).
    Forward: W_q = a * sign(W), sign(0) = +1.
    Gradient: ``"ste"`` `StraightThrough`, or ``"ede"`` `ErrorDecay` centred on 0. The scale is a
    constant in the gradient.
    Bits a weight on disk: 1.
    Papers: Courbariaux et al., "BinaryConnect", NeurIPS 2015; Rastegari et al., "XNOR-Net", ECCV
    2016, eq. 6, for the scale.

    Args:
        scale: ``"none"``, or ``"mean"``, the mean of |W| over the filter.
        gradient: ``"ste"`` or ``"ede"``.
    """

    bits: ClassVar[float] = 1.0

    scale: Literal["none", "mean"] = "none"
    gradient: Literal["ste", "ede"] = "ste"

    def __post_init__(self) -> None:
        check_choice("scale", self.scale, ("none", "mean"))
        check_choice("gradient", self.gradient, gradient_names())

    def quantizer(self, weight: Tensor) -> "BinaryQuantizer":
        """Make the parametrization for any weight."""
        return BinaryQuantizer(self, weight)


class BinaryQuantizer(CodeQuantizer):
    """See `Binary`."""

    def __init__(self, scheme: Binary, weight: Tensor) -> None:
        super().__init__(scheme)
        self.prepare(weight, gradient=scheme.gradient, scale=scheme.scale)

    def codes(self, latent: Tensor) -> tuple[Tensor, None]:
        """Return {-1, +1}; the step is at 0."""
        one = latent.new_ones(())
        return torch.where(latent >= 0, one, -one), None
