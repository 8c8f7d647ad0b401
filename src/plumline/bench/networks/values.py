"""Random weights with the value set of a scheme, at densities like those that training leaves."""

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from plumline._names import look_up

Weights = NDArray[np.float32]
Maker = Callable[[np.random.Generator, tuple[int, ...]], Weights]

SIGNED_BINARY_DENSITY, TERNARY_DENSITY = 0.35, 0.57
"""What the suites draw. ResNet-20 trained on CIFAR-10 for 60 epochs with the default thresholds
came to 0.366 and 0.667 (`benchmarks/results/cifar10-resnet20/accuracy.csv`); the 2.8 times fewer
non-zero weights than binary that PLUM reports of ResNet-18 are 0.357."""

_MAKERS: dict[str, tuple[float, Maker]] = {}


def _scheme(name: str, density: float) -> Callable[[Maker], Maker]:
    def add(maker: Maker) -> Maker:
        _MAKERS[name] = density, maker
        return maker

    return add


@_scheme("signed-binary", SIGNED_BINARY_DENSITY)
def _signed_binary(random: np.random.Generator, shape: tuple[int, ...]) -> Weights:
    """{0, +1} in the first half of the filters and {0, -1} in the others."""
    ones = random.random(shape) < SIGNED_BINARY_DENSITY
    sign = np.where(np.arange(shape[0]) < shape[0] // 2, 1, -1)
    return (ones * sign.reshape(-1, *[1] * (len(shape) - 1))).astype(np.float32)


@_scheme("binary", 1.0)
def _binary(random: np.random.Generator, shape: tuple[int, ...]) -> Weights:
    return np.where(random.random(shape) < 0.5, -1, 1).astype(np.float32)


@_scheme("ternary", TERNARY_DENSITY)
def _ternary(random: np.random.Generator, shape: tuple[int, ...]) -> Weights:
    signs = np.where(random.random(shape) < 0.5, -1, 1)
    return (signs * (random.random(shape) < TERNARY_DENSITY)).astype(np.float32)


@_scheme("float", 1.0)
def _float(random: np.random.Generator, shape: tuple[int, ...]) -> Weights:
    return random.standard_normal(shape, dtype=np.float32)


def schemes() -> list[str]:
    """Return the names that `draw` knows, in the order of a table."""
    return list(_MAKERS)


def density(scheme: str) -> float:
    """Return the expected part of weights that are not zero."""
    return look_up("scheme of random weights", scheme, _MAKERS)[0]


def draw(scheme: str, shape: tuple[int, ...], random: np.random.Generator) -> Weights:
    """Draw weights (filters, channels, *kernel) or (out, in), without a scale."""
    return look_up("scheme of random weights", scheme, _MAKERS)[1](random, shape)
