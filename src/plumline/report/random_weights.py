"""Operations of random weights of each scheme, in the shapes of layers of a network."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from plumline.analysis import ExecutionModel, Layer
from plumline.analysis.scheme_order import Cost
from plumline.analysis.symbols import BINARY, SIGNED_BINARY

Shape = tuple[int, int, int]
"""Groups, filters of a group, columns."""

MOST_WEIGHTS = 2**16
"""Drawn for a layer. Its other columns take as much each, because tiles share nothing."""

COLUMNS = 8
"""The columns that are drawn are a multiple of these, or all: whole tiles of any size."""

FACTOR = 0.5
"""Of all weights, as filters of networks have one.

Its multiplication counts for what the first sum of a filter saves: operations grow as tiles do.
"""


def cost(
    layers: Sequence[Layer], models: Sequence[ExecutionModel], scheme: str, density: float
) -> Cost:
    """Return the operations of the layers with random weights, each under its best model.

    The density is that of what was drawn. The numbers behind it are the same for all schemes and
    densities, so that costs differ by these alone.
    """
    drawn: dict[Shape, Cost] = {}
    effectual = operations = 0.0
    for layer in layers:
        shape = _drawn_shape(layer)
        if shape not in drawn:
            drawn[shape] = _cost_of_one(_draw(scheme, density, shape), models)
        effectual += drawn[shape].density * layer.parameters
        operations += drawn[shape].operations * layer.dense_macs
    return Cost(effectual / sum(layer.parameters for layer in layers), operations)


def _drawn_shape(layer: Layer) -> Shape:
    filters = layer.filters // layer.groups
    columns = MOST_WEIGHTS // filters // COLUMNS * COLUMNS
    columns = min(layer.columns, max(columns, COLUMNS))
    return min(layer.groups, max(MOST_WEIGHTS // (filters * columns), 1)), filters, columns


def _draw(scheme: str, density: float, shape: Shape) -> NDArray[np.float32]:
    random = np.random.default_rng(0)
    signs, chance = random.choice((-1, 1), shape), random.random(shape)
    if scheme == SIGNED_BINARY:
        signs[:] = np.where(np.arange(shape[1]) < shape[1] // 2, 1, -1)[:, None]
    present = np.ones(shape, bool) if scheme == BINARY else chance < density
    return (FACTOR * signs * present).astype(np.float32)


def _cost_of_one(weight: NDArray[np.float32], models: Sequence[ExecutionModel]) -> Cost:
    """Return the operations of weights (groups, filters, columns) for each of them."""
    groups, filters, columns = weight.shape
    layer = Layer(
        name="random",
        op="linear",
        weight=weight.reshape(groups * filters, columns),
        groups=groups,
        input_size=(groups * columns,),
        output_size=(groups * filters,),
        strides=(),
        dilations=(),
        pads=(),
        form="planes",
        packed_bytes=0,
    )
    counts = [found.total for model in models if (found := model.count(layer))]
    return Cost(int(np.count_nonzero(weight)) / weight.size, min(counts) / weight.size)
