"""Ternary weights."""

from dataclasses import dataclass
from typing import ClassVar, Literal

import torch
from torch import Tensor

from plumline.schemes.base import Scheme, check_choice, register_scheme
from plumline.schemes.codes import CodeQuantizer, filter_axes

_THRESHOLD_FACTOR = {"twn": 0.7, "max": 0.05}


@register_scheme("ternary")
@dataclass(frozen=True)
class Ternary(Scheme):
    """Weights -1, 0 and +1.

    Value set: {-a, 0, +a} a filter, a the scale (1 without one).
    Forward: W_q = a * sign(W) where |W| > D, else 0, with D of the filter from the rule.
    Gradient: `StraightThrough`; thresholds and scale are constants in it.
    Bits a weight on disk: 2 (two bit planes; the entropy bound is log2(3) = 1.585).
    Papers: Li, Zhang, Liu, "Ternary Weight Networks", arXiv 1605.04711, eqs. 3 to 6, for ``"twn"``;
    Zhu et al., "Trained Ternary Quantization", ICLR 2017, eq. 9, for ``"max"``.

    Args:
        rule: ``"twn"``, D = 0.7 * mean|W|; or ``"max"``, D = 0.05 * max|W|.
        scale: ``"none"``, or ``"analytic"``, the least-squares a = mean of |W| over the effectual
            weights of the filter, which is TWN's.
    """

    bits: ClassVar[float] = 2.0

    rule: Literal["twn", "max"] = "twn"
    scale: Literal["none", "analytic"] = "none"

    def __post_init__(self) -> None:
        check_choice("rule", self.rule, tuple(_THRESHOLD_FACTOR))
        check_choice("scale", self.scale, ("none", "analytic"))

    def quantizer(self, weight: Tensor) -> "TernaryQuantizer":
        """Make the parametrization for any weight."""
        return TernaryQuantizer(self, weight)


class TernaryQuantizer(CodeQuantizer):
    """See `Ternary`."""

    def __init__(self, scheme: Ternary, weight: Tensor) -> None:
        super().__init__(scheme)
        self.rule = scheme.rule
        self.prepare(weight, gradient="ste", scale=scheme.scale)

    def codes(self, latent: Tensor) -> tuple[Tensor, None]:
        """Return {-1, 0, +1}; the steps are at two places, which no estimator here uses."""
        magnitude = latent.abs()
        axes = filter_axes(latent)
        typical = magnitude.mean if self.rule == "twn" else magnitude.amax
        threshold = typical(axes, keepdim=True) * _THRESHOLD_FACTOR[self.rule]
        return torch.where(magnitude > threshold, latent.sign(), 0), None
