"""Smaller networks with as many weights as another one has effectual weights."""

from bisect import bisect_left
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from itertools import product
from typing import Any

import torch

from plumline import models
from plumline.convert import CONVERTIBLE, plum_preset
from plumline.errors import InputError

FAMILY = {"resnet20": 3, "resnet32": 5, "resnet44": 7, "resnet56": 9, "resnet110": 18}
"""The CIFAR ResNets, and the blocks of each of their three stages."""

WIDTHS = 64
"""Widths are tried in steps of 1/64, at which the widest stage has one channel more."""


@dataclass(frozen=True)
class Match:
    """A network by name and options, and how many weights of it are quantized."""

    name: str
    options: Mapping[str, Any]
    parameters: int

    def changes(self) -> dict[str, Any]:
        """Return what a recipe has to change for this network."""
        options = {f"model.options.{key}": value for key, value in self.options.items()}
        return {"model.name": self.name, **options}


def quantized_parameters(name: str, options: Mapping[str, Any] | None = None) -> int:
    """Count the weights of a model for 10 classes that PLUM quantizes (the preset ``plum``)."""
    with torch.device("meta"):  # shapes only: no memory, no first weights
        model = models.create(name, num_classes=10, **(options or {}))
    layers = {
        name: layer for name, layer in model.named_modules() if isinstance(layer, CONVERTIBLE)
    }
    kept = plum_preset(layers)
    return sum(layer.weight.numel() for name, layer in layers.items() if name not in kept)


def narrowed(name: str, effectual: int, options: Mapping[str, Any] | None = None) -> Match:
    """Find the width at which a CIFAR ResNet has the nearest number of quantized weights.

    Args:
        name: a model with the option ``width``, such as ``resnet20``.
        effectual: the number of weights to have.
        options: other options of the model; ``shortcut`` may count.

    Raises `InputError` for a model that is no CIFAR ResNet, or a number that it cannot have.
    """
    _check(name, effectual)

    def at(step: int) -> Match:
        chosen = {**(options or {}), "width": step / WIDTHS}
        return Match(name, chosen, quantized_parameters(name, chosen))

    # Wider is never less: the first that has enough, and the one before it.
    enough = bisect_left(range(1, WIDTHS), effectual, key=lambda step: at(step).parameters) + 1
    candidates = (at(step) for step in (max(1, enough - 1), enough))
    return min(candidates, key=lambda match: abs(match.parameters - effectual))


def shortened(name: str, effectual: int, options: Mapping[str, Any] | None = None) -> Match:
    """Find the blocks a stage at which it has the nearest number; of equally near ones the evenest.

    Blocks are taken from any stage, since whole triples of them are steps too large to be equal:
    see `narrowed` for the arguments and errors.
    """
    _check(name, effectual)
    most = FAMILY[name]
    count = _block_counter(options or {})
    shapes = product(range(1, most + 1), repeat=3)

    def distance(blocks: tuple[int, ...]) -> tuple[int, int]:
        return abs(count(blocks) - effectual), max(blocks) - min(blocks)

    best = min(shapes, key=distance)
    chosen = {**(options or {}), "blocks": _text(best)}
    return Match("resnet-cifar", chosen, quantized_parameters("resnet-cifar", chosen))


def _block_counter(options: Mapping[str, Any]) -> Callable[[tuple[int, ...]], int]:
    """Return a function from blocks a stage to weights: each block more adds the same number."""

    def at(*blocks: int) -> int:
        return quantized_parameters("resnet-cifar", {**options, "blocks": _text(blocks)})

    least = at(1, 1, 1)
    more = [at(*(2 if stage == wanted else 1 for stage in range(3))) - least for wanted in range(3)]
    return lambda blocks: least + sum((b - 1) * m for b, m in zip(blocks, more, strict=True))


def _check(name: str, effectual: int) -> None:
    if name not in FAMILY:
        raise InputError(f"{name!r} is no CIFAR ResNet: choose from {', '.join(FAMILY)}")
    if effectual < 1:
        raise InputError(f"{effectual} effectual weights: give a number of at least 1")


def _text(blocks: tuple[int, ...]) -> str:
    return "-".join(map(str, blocks))
