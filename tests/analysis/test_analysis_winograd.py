"""Winograd's method is counted as the engine executes it: transforms, products, squares."""

from typing import Any

import numpy as np
import pytest
from analysis_layers import check

from plumline.analysis import Layer, Operations
from plumline.analysis.execution import parse
from plumline.analysis.execution.kernels import winograd_sizes as sizes
from plumline.analysis.execution.kernels.winograd import Winograd
from plumline.analysis.sources.alone import plan_alone
from plumline.runtime import native

WINOGRAD = Winograd()
ONE = (1, 1, 1, 1)


def conv3x3(
    channels: int,
    filters: int,
    output: tuple[int, int],
    pads: tuple[int, int, int, int] = ONE,
    groups: int = 1,
) -> Layer:
    """A layer of random weights; channels and filters of one group."""
    weight = np.random.default_rng(5).standard_normal((filters * groups, channels, 3, 3))
    height, width = (size + 2 for size in output)
    return Layer(
        name="layer",
        op="conv",
        weight=weight.astype(np.float32),
        groups=groups,
        input_size=(channels * groups, height - pads[0] - pads[2], width - pads[1] - pads[3]),
        output_size=(filters * groups, *output),
        strides=(1, 1),
        dilations=(1, 1),
        pads=pads,
        form="dense",
        packed_bytes=0,
    )


@pytest.mark.parametrize("groups", [1, 3])
@pytest.mark.parametrize("pads", [(0, 0, 0, 0), ONE, (0, 2, 1, 0)])
@pytest.mark.parametrize("output", [(4, 4), (8, 4), (1, 9), (6, 7), (3, 5)])
def test_what_is_counted_is_executed_and_computes_the_layer(
    output: tuple[int, int], pads: tuple[int, int, int, int], groups: int
) -> None:
    """Squares that fill the output and squares that reach over its edge."""
    check(WINOGRAD, conv3x3(2, 3, output, pads, groups))


def test_weights_transformed_whenever_they_are_used_count(monkeypatch: pytest.MonkeyPatch) -> None:
    layer = conv3x3(3, 2, (9, 6), groups=2)
    kept = WINOGRAD.count(layer)
    monkeypatch.setattr(sizes, "KEPT_WEIGHTS", 0)
    monkeypatch.setattr(sizes, "SQUARES_TOGETHER", 2)
    assert sizes.weight_passes(layer) == 3, "six squares, two at a time"
    check(WINOGRAD, layer)
    assert WINOGRAD.count(layer).total - kept.total == 3 * 12 * (60 + 48), "of a 3x3 kernel"


def test_a_square_by_hand() -> None:
    """Two channels, one filter, 4 x 4 outputs: twelve and ten transforms of one axis."""
    made = Operations(12, 8) * 12 * 2 + Operations(36, 72) + Operations(10, 8) * 10
    assert WINOGRAD.count(conv3x3(2, 1, (4, 4))) == made


def test_many_channels_and_filters_take_little_more_than_a_quarter() -> None:
    (dense,) = parse(["dense"])
    layer = conv3x3(256, 256, (16, 16))
    useful, executed = dense.count(layer), WINOGRAD.count(layer)
    assert useful
    assert 1 / 4 < executed.multiplications / useful.multiplications < 0.27
    assert 1 / 4 < executed.total / useful.total < 0.27


def test_it_is_the_plan_where_the_engine_chooses_it() -> None:
    (plan,) = parse(["plan"])
    layer = conv3x3(64, 64, (32, 32))
    step = plan_alone(layer)
    assert step
    assert step.kernel.startswith("winograd/")
    assert plan.count(layer) == WINOGRAD.count(layer)


@pytest.mark.parametrize(("output", "passes"), [(7, 1), (28, 2), (56, 7)])
def test_passes_over_large_weights(output: int, passes: int) -> None:
    """One for 28 squares of a band; at 56 x 56 outputs bands are four rows of 14, the last two."""
    assert sizes.weight_passes(conv3x3(512, 512, (output, output))) == passes
    assert sizes.weight_passes(conv3x3(256, 256, (output, output))) == 0


def engine(layer: Layer) -> Any:
    """The engine's program of one layer, with Winograd's method asked for."""
    isa = native.choose_isa()
    shape = (1, *layer.input_size)
    attributes = {
        **{"filters": layer.filters, "columns": layer.columns, "weights": "dense"},
        **{"activation": "none", "activation_parameters": ()},
        **{"kernel": (3, 3), "strides": (1, 1), "dilations": (1, 1), "pads": layer.pads},
        **{"groups": layer.groups, "tuned": f"{isa} {'x'.join(map(str, shape))} winograd"},
    }
    node = ("conv", "layer", (0,), (1,), attributes, {"weight": layer.matrix})
    graph = native.module().Graph(2, [(0, shape)], [1], {}, [node], isa, 1)
    graph.infer([shape])
    assert graph.kernels()[0].startswith("winograd/")
    return graph


def test_the_engine_s_squares_are_as_large() -> None:
    """A NaN at an input that a whole square reads spoils that square's outputs, and no other."""
    layer = conv3x3(16, 16, (12, 12), (0, 0, 0, 0))
    x = np.zeros((1, *layer.input_size), np.float32)
    x[0, 3, 6, 2] = np.nan
    y = np.empty((1, *layer.output_size), np.float32)
    engine(layer).run([x], [y])
    spoiled = np.isnan(y[0, 0])
    assert spoiled[4 : 4 + sizes.SQUARE, : sizes.SQUARE].all()
    assert spoiled.sum() == sizes.SQUARE**2


@pytest.mark.parametrize(
    ("channels", "height", "width", "rows"),
    [(40, 28, 128, 4), (56, 28, 128, 3), (256, 64, 32, 6), (64, 8, 220, 2), (64, 8, 224, 1)],
)
def test_the_engine_s_bands_have_as_many_rows(
    channels: int, height: int, width: int, rows: int
) -> None:
    """Its memory holds the transformed input of a band, and less than a row of squares more."""
    layer = conv3x3(channels, 16, (height, width))
    assert sizes.band_rows(layer) == rows
    row_bytes = sizes.PLACES * channels * width // sizes.SQUARE * 4
    assert engine(layer).arena_bytes // row_bytes == rows


def test_the_engine_keeps_as_many_weights() -> None:
    """Where it does not keep them it has memory for those that it transforms."""
    few, most, more = (conv3x3(256, filters, (8, 8)) for filters in (440, 455, 456))
    assert [sizes.keeps_weights(layer) for layer in (few, most, more)] == [True, True, False]
    assert engine(few).arena_bytes == engine(most).arena_bytes < engine(more).arena_bytes
