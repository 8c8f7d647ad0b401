"""The error decay estimator."""

from typing import Any

import torch
from torch import Tensor

from plumline.schemes.gradient import GradientEstimator, register_gradient

START, END = 0.1, 10.0


@register_gradient("ede")
class ErrorDecay(GradientEstimator):
    """Start near the identity, and close in on the step itself as training goes on.

    Gradient, with c the place of the step and p the training progress in [0, 1]:

        dL/dW = dL/dQ * k * t * (1 - tanh^2((W - c) * t)),  t = 0.1 * 100^p,  k = max(1/t, 1)

    so k * t is 1 during the first half of training and 10 at its end, when only weights close to
    the step still move. There is no clip and no window beside it: the bump is the window. Signed-
    binary puts c on the threshold of each filter, +delta*max|W| or -delta*max|W|, binary on 0.

    The progress is a buffer, set by `set_progress`; a resumed run finds it in its state dict.

    Papers: Qin et al., "IR-Net", CVPR 2020, section 3.3; PLUM (TMLR 2024) for the new centre.
    """

    progress: Tensor

    def __init__(self) -> None:
        super().__init__()
        self.register_buffer("progress", torch.zeros(()))

    def attach(self, latent: Tensor, codes: Tensor, centre: Tensor | None) -> Tensor:
        """Return ``codes`` with the gradient above."""
        if centre is None:
            centre = latent.new_zeros(())
        result: Tensor = _ErrorDecay.apply(latent, codes, centre, self.progress)  # type: ignore[no-untyped-call] # torch
        return result

    def set_progress(self, fraction: float) -> None:
        """Set p."""
        self.progress.fill_(fraction)


class _ErrorDecay(torch.autograd.Function):
    @staticmethod
    def forward(latent: Tensor, codes: Tensor, centre: Tensor, progress: Tensor) -> Tensor:
        return codes.view_as(codes)

    @staticmethod
    def setup_context(
        ctx: Any, inputs: tuple[Tensor, Tensor, Tensor, Tensor], output: Tensor
    ) -> None:
        latent, _, centre, progress = inputs
        ctx.save_for_backward(latent, centre, progress)

    @staticmethod
    def backward(ctx: Any, gradient: Tensor) -> tuple[Tensor, None, None, None]:
        latent, centre, progress = ctx.saved_tensors
        t = START * (END / START) ** progress
        height = t.clamp(min=1)  # k * t
        bump = 1 - ((latent - centre) * t).tanh().square()
        return bump * height * gradient, None, None, None
