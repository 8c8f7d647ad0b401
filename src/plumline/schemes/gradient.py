"""How a gradient passes a step function: the contract of an estimator, and their registry."""

from abc import ABC, abstractmethod
from collections.abc import Callable
from typing import TypeVar

import torch
from torch import Tensor, nn

from plumline._names import look_up
from plumline.errors import InputError


class GradientEstimator(nn.Module, ABC):
    """Gives codes that were computed without a gradient one with respect to the latent weight."""

    def forward(self, latent: Tensor, codes: Tensor, centre: Tensor | None) -> Tensor:
        """Return ``codes``, differentiable with respect to ``latent``.

        Args:
            latent: the weight that the optimizer moves.
            codes: what the forward pass uses; same shape as ``latent``, without a gradient.
            centre: where along the latent axis the codes step, broadcast to ``latent``; None is 0.
        """
        if torch.is_grad_enabled() and latent.requires_grad:
            return self.attach(latent, codes, centre)
        return codes

    @abstractmethod
    def attach(self, latent: Tensor, codes: Tensor, centre: Tensor | None) -> Tensor:
        """Return ``codes`` with the estimated gradient; called only where one is needed."""

    def set_progress(self, fraction: float) -> None:
        """Take note of how far training is, in [0, 1]."""


_ESTIMATORS: dict[str, type[GradientEstimator]] = {}

G = TypeVar("G", bound=type[GradientEstimator])


def register_gradient(name: str) -> Callable[[G], G]:
    """Class decorator: make a gradient estimator known under ``name``."""

    def register(estimator: G) -> G:
        if name in _ESTIMATORS:
            raise InputError(f"there already is a gradient named {name!r}: choose another name")
        _ESTIMATORS[name] = estimator
        return estimator

    return register


def gradient_names() -> tuple[str, ...]:
    """Return the names of all gradient estimators, sorted."""
    return tuple(sorted(_ESTIMATORS))


def create_gradient(name: str) -> GradientEstimator:
    """Make the gradient estimator of this name."""
    return look_up("gradient", name, _ESTIMATORS)()


def set_progress(model: nn.Module, fraction: float) -> None:
    """Tell every time-dependent gradient in the model how far training is.

    Args:
        model: any module; one without such gradients is left as it is.
        fraction: finished part of training, in [0, 1].
    """
    if not 0 <= fraction <= 1:
        raise InputError(f"the training progress is {fraction!r}: give a number from 0 to 1")
    for module in model.modules():
        if isinstance(module, GradientEstimator):
            module.set_progress(fraction)
