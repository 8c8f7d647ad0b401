"""What an execution model counts is what its graph executes, and the graph computes the layer."""

from dataclasses import replace

import numpy as np
import pytest
import torch
from analysis_layers import RESNET18, VALUES, check, conv_layer, linear_layer

import plumline
from plumline.analysis import ExecutionModel, Layer
from plumline.analysis.execution.kernels.merge import IntegerMerge, Merge
from plumline.analysis.execution.kernels.planes import AddOnes
from plumline.analysis.execution.kernels.tables import IntegerTables, SharedTables, WindowTables
from plumline.analysis.execution.summerge import SumMerge

EXACT = (
    *("dense", "sparse", "ucnn:group=1", "ucnn:group=3", "tables:group=1", "tables:group=4"),
    *("summerge:tile=4:sparsity=on", "summerge:tile=8:sparsity=on"),
    *("summerge:tile=3:sparsity=off", "summerge:tile=8:sparsity=off"),
)
KERNELS = (AddOnes(), Merge(32), Merge(64), WindowTables(), SharedTables())


@pytest.mark.parametrize("model", EXACT)
@pytest.mark.parametrize("values", VALUES)
@pytest.mark.parametrize("seed", range(3))
def test_convolutions(model: str, values: str, seed: int) -> None:
    check(model, conv_layer(values, seed))


@pytest.mark.parametrize("model", EXACT)
@pytest.mark.parametrize("values", VALUES)
def test_linear_layers(model: str, values: str) -> None:
    check(model, linear_layer(values, 3))


@pytest.mark.parametrize("kernel", KERNELS)
@pytest.mark.parametrize("values", VALUES)
@pytest.mark.parametrize("seed", range(3))
def test_kernels_of_the_engine(kernel: ExecutionModel, values: str, seed: int) -> None:
    check(kernel, conv_layer(values, seed))


@pytest.mark.parametrize("kernel", [IntegerMerge(32), IntegerMerge(64), IntegerTables()])
@pytest.mark.parametrize("values", VALUES)
@pytest.mark.parametrize("seed", range(3))
def test_kernels_on_codes(kernel: ExecutionModel, values: str, seed: int) -> None:
    codes = {"input": "uint8", "input_low": 3}
    check(kernel, replace(conv_layer(values, seed), attributes=codes))


@pytest.mark.parametrize(("codes", "chunks"), [({"input": "uint8"}, 2), ({"input": "int8"}, 2)])
def test_sums_of_many_codes_are_cut_so_that_int16_holds_them(
    codes: dict[str, str], chunks: int
) -> None:
    random = np.random.default_rng(0)
    weight = random.choice([-1, 1], (4, 56, 3, 3)).astype(np.float32)
    window = ((1, 1), (1, 1), (1, 1, 1, 1), "planes", 0)
    layer = Layer("layer", "conv", weight, 1, (56, 4, 4), (4, 4, 4), *window, attributes=codes)
    (pieces,) = IntegerMerge(64).graph(layer).pieces
    assert len(pieces) == chunks
    for piece in pieces:
        # Signs times a range of 256 codes: what a sum may come to has at most 2^16 numbers.
        assert piece.graph.inputs * len(piece.taps) * 255 < 2**16
    check(IntegerMerge(64), layer)
    check(IntegerTables(), layer)


def test_sparsity_support_pays_where_weights_are_zero_and_values_few() -> None:
    """PLUM's comparison in counts, over the layers of ResNet-18 with random Laplacian latents."""
    torch.manual_seed(0)
    schemes = (plumline.SignedBinary(), plumline.Binary(), plumline.Ternary(rule="max"))
    totals = {True: [0, 0, 0], False: [0, 0, 0]}
    for filters, channels, size in RESNET18:
        latent = torch.distributions.Laplace(0.0, 1.0).sample((filters, channels, 3, 3))
        sizes = ((channels, size, size), (filters, size, size))
        window = ((1, 1), (1, 1), (1, 1, 1, 1), "planes", 0)
        for place, scheme in enumerate(schemes):
            weight = scheme.quantizer(latent)(latent).numpy()
            layer = Layer("layer", "conv", weight, 1, *sizes, *window)
            for support, found in totals.items():
                found[place] += SumMerge(8, support).count(layer).total
    signed, binary, ternary = totals[True]
    assert signed < binary < ternary
    assert totals[False][0] > 1.5 * signed
    assert totals[False][1] == binary  # which has no zeros
    assert totals[False][2] > 1.5 * ternary
