"""Signed-binary weights."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar, Literal

import torch
from torch import Tensor

from plumline.errors import InputError
from plumline.schemes.base import Scheme, check_choice, check_range, register_scheme
from plumline.schemes.codes import CodeQuantizer, filter_axes
from plumline.schemes.gradient import gradient_names


@register_scheme("signed-binary")
@dataclass(frozen=True)
class SignedBinary(Scheme):
    """Weights {0, +1} in some regions and {0, -1} in the others: binary locally, ternary globally.

    A region is R x S x C_t of one filter: the whole filter, or a slab of ``region_channels`` input
    channels. Its sign beta is fixed before training and kept as a buffer.

    Value set: {0, beta * a} a region, a the scale of the filter (1 without one).
    Forward: W_q = beta * a where beta * W >= D, else 0, with D = delta * max|W| of the filter.
    A weight that is 0 is never effectual, so a filter of zeros stays one (its D is 0).
    Gradient: ``"ste"`` `StraightThrough`, or ``"ede"`` `ErrorDecay` centred on beta * D.
    The thresholds, and an analytic scale, are constants in the gradient.
    Bits a weight on disk: 1, and one sign a region.
    Paper: Kuhar, Jain, Tumanov, "PLUM", TMLR 2024 (arXiv 2312.01581), eqs. 1 and 2.

    Args:
        positive_share: part P of the regions that are positive. Region (k, s), slab s of filter k,
            is number ((s + k) mod slabs) * K + k, and the first floor(P * regions) are positive.
            With one slab these are the first filters, as in the paper's code; with two and P = 0.5
            each filter has one of either sign, and so has each slab half of the filters.
        region_channels: channels C_t of a region, a divisor of the weight's axis 1; None is all.
        delta: threshold factor, in [0, 1).
        gradient: ``"ste"`` or ``"ede"``.
        scale: ``"none"``; ``"analytic"``, the least-squares a = mean of |W| over the effectual
            weights of the filter; or ``"learned"``, a parameter a filter that starts there.
        signs: the sign of every region, K * slabs numbers +1 or -1, all slabs of filter 0 first;
            replaces ``positive_share``.
    """

    bits: ClassVar[float] = 1.0

    positive_share: float = 0.5
    region_channels: int | None = None
    delta: float = 0.05
    gradient: Literal["ste", "ede"] = "ste"
    scale: Literal["none", "analytic", "learned"] = "none"
    signs: Sequence[int] | None = None

    def __post_init__(self) -> None:
        check_range("positive_share", self.positive_share, 0, 1)
        check_range("delta", self.delta, 0, math.nextafter(1, 0))
        check_choice("gradient", self.gradient, gradient_names())
        check_choice("scale", self.scale, ("none", "analytic", "learned"))
        channels = self.region_channels
        if channels is not None and (type(channels) is not int or channels < 1):
            raise InputError(f"region_channels is {channels!r}: give a whole number of channels")
        if self.signs is not None:
            if not isinstance(self.signs, (list, tuple)) or not set(self.signs) <= {-1, 1}:
                raise InputError(f"signs is {self.signs!r}: give a list of 1 and -1")
            object.__setattr__(self, "signs", tuple(self.signs))  # a list cannot be hashed

    def quantizer(self, weight: Tensor) -> "SignedBinaryQuantizer":
        """Make the parametrization for a weight whose axis 1 ``region_channels`` divides."""
        return SignedBinaryQuantizer(self, weight)


class SignedBinaryQuantizer(CodeQuantizer):
    """See `SignedBinary`. The buffer ``sign``, (K, slabs), is the beta of each region."""

    sign: Tensor

    def __init__(self, scheme: SignedBinary, weight: Tensor) -> None:
        super().__init__(scheme)
        self.delta = scheme.delta
        self.register_buffer("sign", _signs(scheme, weight))
        self.prepare(weight, gradient=scheme.gradient, scale=scheme.scale)

    def codes(self, latent: Tensor) -> tuple[Tensor, Tensor]:
        """Return {0, beta}, and the place beta * D of the step."""
        sign = self.region_signs(latent)
        largest = latent.abs().amax(filter_axes(latent), keepdim=True)
        # The least positive number in place of 0 keeps zero weights ineffectual.
        threshold = (largest * self.delta).clamp(min=torch.finfo(latent.dtype).tiny)
        return torch.where(latent * sign >= threshold, sign, 0), sign * threshold

    def region_signs(self, latent: Tensor) -> Tensor:
        """Return beta, (K, 1 or C, 1, ...)."""
        sign = self.sign
        if sign.shape[1] > 1:
            sign = sign.repeat_interleave(latent.shape[1] // sign.shape[1], dim=1)
        return sign.reshape(sign.shape + (1,) * (latent.ndim - 2))


def _signs(scheme: SignedBinary, weight: Tensor) -> Tensor:
    """Return the sign of each region, (K, slabs), in the weight's dtype and on its device."""
    filters, channels = weight.shape[:2]
    size = scheme.region_channels or channels
    if channels % size:
        raise InputError(
            f"region_channels is {size}, which does not divide the {channels} channels of a weight "
            f"of shape {tuple(weight.shape)}: give a divisor of {channels}"
        )
    slabs = channels // size
    if scheme.signs is not None:
        if len(scheme.signs) != filters * slabs:
            raise InputError(
                f"signs has {len(scheme.signs)} numbers, but a weight of shape "
                f"{tuple(weight.shape)} has {filters * slabs} regions: give one for each"
            )
        return weight.new_tensor(scheme.signs).reshape(filters, slabs)
    index = torch.arange(filters, device=weight.device)[:, None]
    slab = torch.arange(slabs, device=weight.device)
    order = (slab + index) % slabs * filters + index
    # P is a decimal fraction: 0.29 * 100 regions are 29, although the product is just below it.
    positive = math.floor(scheme.positive_share * filters * slabs + 1e-9)
    return torch.where(order < positive, 1, -1).to(weight.dtype)
