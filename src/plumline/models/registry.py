"""The models by name: a registered function makes the model, its keyword arguments are options."""

from collections.abc import Callable
from typing import Any, TypeVar

from torch import nn

from plumline._names import look_up
from plumline._options import check_options
from plumline.errors import InputError

Maker = TypeVar("Maker", bound=Callable[..., nn.Module])

_MAKERS: dict[str, Callable[..., nn.Module]] = {}


def register(maker: Maker) -> Maker:
    """Register a model function under its own name, with hyphens for underscores."""
    _MAKERS[maker.__name__.replace("_", "-")] = maker
    return maker


def names() -> list[str]:
    """Return the names that `create` knows."""
    return sorted(_MAKERS)


def create(name: str, *, num_classes: int, in_channels: int = 3, **options: Any) -> nn.Module:
    """Make a model with fresh weights.

    Args:
        name: one of `names`.
        num_classes: width of the output, logits (N, num_classes).
        in_channels: C of the input (N, C, H, W).
        options: keyword arguments of the model's own function, such as ``shortcut="B"``.

    Raises:
        InputError: unknown name, option or value of an option.
    """
    maker = look_up("model", name, _MAKERS)
    check_options(name, maker, options, reserved=("num_classes", "in_channels"))
    for label, value in (("num_classes", num_classes), ("in_channels", in_channels)):
        if value < 1:
            raise InputError(f"{label} of a model is at least 1, not {value}")
    return maker(num_classes=num_classes, in_channels=in_channels, **options)
