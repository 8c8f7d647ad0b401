"""What an execution model counts is what its graph executes, and the graph computes the layer."""

import numpy as np
import pytest
from analysis_layers import VALUES, conv_layer, convolve, linear_layer

from plumline.analysis import ExecutionModel, Layer
from plumline.analysis.execution import parse
from plumline.analysis.execution.kernels.merge import Merge
from plumline.analysis.execution.kernels.planes import AddOnes
from plumline.analysis.execution.kernels.tables import SharedTables, WindowTables

EXACT = (
    *("dense", "sparse", "ucnn:group=1", "ucnn:group=3", "tables:group=1", "tables:group=4"),
    *("summerge:tile=4:sparsity=on", "summerge:tile=8:sparsity=on"),
    *("summerge:tile=3:sparsity=off", "summerge:tile=8:sparsity=off"),
)
KERNELS = (AddOnes(), Merge(32), Merge(64), WindowTables(), SharedTables())


def check(spec: str | ExecutionModel, layer: Layer) -> None:
    (model,) = parse([spec])
    x = np.random.default_rng(7).standard_normal(layer.input_size)
    y, counted = model.graph(layer).run(x)
    np.testing.assert_allclose(y, convolve(layer, x), rtol=1e-5, atol=1e-5)
    assert counted == model.count(layer)


@pytest.mark.parametrize("model", EXACT)
@pytest.mark.parametrize("values", VALUES)
@pytest.mark.parametrize("seed", range(4))
def test_convolutions(model: str, values: str, seed: int) -> None:
    check(model, conv_layer(values, seed))


@pytest.mark.parametrize("model", EXACT)
@pytest.mark.parametrize("values", VALUES)
def test_linear_layers(model: str, values: str) -> None:
    check(model, linear_layer(values, 3))


@pytest.mark.parametrize(
    "kernel", [AddOnes(), Merge(32), Merge(64), WindowTables(), SharedTables()]
)
@pytest.mark.parametrize("values", VALUES)
@pytest.mark.parametrize("seed", range(4))
def test_kernels_of_the_engine(kernel: ExecutionModel, values: str, seed: int) -> None:
    check(kernel, conv_layer(values, seed))
