"""The layers of a network as matrix products."""

from collections.abc import Iterable
from fnmatch import fnmatchcase
from math import prod
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from plumline.energy.array import MatrixProduct
from plumline.errors import InputError


class WeightedLayer(Protocol):
    """What is wanted of a layer; `plumline.analysis.Layer` has it."""

    @property
    def name(self) -> str:
        """The layer's name."""

    @property
    def matrix(self) -> NDArray[np.float32]:
        """The weights, one row a filter."""

    @property
    def positions(self) -> int:
        """How often each filter is applied to one sample."""

    @property
    def groups(self) -> int:
        """Groups of channels."""

    @property
    def input_size(self) -> tuple[int, ...]:
        """Sizes of the input without the batch."""


def products(
    layers: Iterable[WeightedLayer], pattern: str = "*", images: int = 1
) -> tuple[MatrixProduct, ...]:
    """Turn layers whose names match a shell pattern into matrix products for some images.

    Raises `InputError` where none matches.
    """
    layers = tuple(layers)
    found = tuple(_product(layer, images) for layer in layers if fnmatchcase(layer.name, pattern))
    if not found:
        some = ", ".join(layer.name for layer in layers[:3])
        raise InputError(f"no layer's name matches {pattern!r}: layers are named {some}, ...")
    return found


def _product(layer: WeightedLayer, images: int) -> MatrixProduct:
    nonzeros = np.count_nonzero(layer.matrix, axis=1)
    return MatrixProduct(
        name=layer.name,
        nonzeros=tuple(map(int, nonzeros)),
        depth=int(layer.matrix.shape[1]),
        columns=layer.positions * images,
        inputs=prod(layer.input_size) * images,
        groups=layer.groups,
    )
