"""The straight-through estimator."""

from typing import Any

import torch
from torch import Tensor

from plumline.schemes.gradient import GradientEstimator, register_gradient


@register_gradient("ste")
class StraightThrough(GradientEstimator):
    """Pass the gradient on as if the codes were the latent weights.

    Gradient: dL/dW = clip(dL/dQ, -1, 1) * 1[|W| <= 1].

    The window 1[|W| <= 1] stops a latent weight from drifting off where no step of the code is
    near. The clip of the incoming gradient is not in the papers' formula but in PLUM's released
    code, which its results were made with; without a scale the gradient of a code is seldom that
    large. It acts on the gradient as it arrives, so train in float32 or bfloat16: a loss that is
    scaled up, as float16 needs, would be clipped. Ineffectual weights get their gradient too, and
    can come back.

    Papers: Bengio et al., arXiv 1308.3432; Hubara et al., "Binarized Neural Networks", eq. 4.
    """

    def attach(self, latent: Tensor, codes: Tensor, centre: Tensor | None) -> Tensor:
        """Return ``codes`` with the gradient above; the centre plays no part."""
        result: Tensor = _StraightThrough.apply(latent, codes)  # type: ignore[no-untyped-call] # torch
        return result


class _StraightThrough(torch.autograd.Function):
    @staticmethod
    def forward(latent: Tensor, codes: Tensor) -> Tensor:
        return codes.view_as(codes)

    @staticmethod
    def setup_context(ctx: Any, inputs: tuple[Tensor, Tensor], output: Tensor) -> None:
        ctx.save_for_backward(inputs[0])

    @staticmethod
    def backward(ctx: Any, gradient: Tensor) -> tuple[Tensor, None]:
        (latent,) = ctx.saved_tensors
        return torch.where(latent.abs() <= 1, gradient.clamp(-1, 1), 0), None
