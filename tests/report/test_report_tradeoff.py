"""Repetition against sparsity: what is counted, in which tiles, and beside which random weights."""

from dataclasses import replace
from pathlib import Path

import networks
import numpy as np
import pytest
from networks import layers_of

import plumline
from plumline.analysis import Layer, analyze, read_network
from plumline.report import Report, random_weights, tradeoff


def test_the_trade_off_is_relative_to_the_dense_operations(written: Report) -> None:
    merged = [layer for layer in layers_of(written) if layer["merged"] is not None]
    assert [layer["scheme"] for layer in merged] == ["signed-binary", "ternary", "signed-binary"]
    for layer in merged:
        totals = [sum(row[1:]) for row in layer["operations"] if row[0].startswith("summerge")]
        assert len(totals) == len(tradeoff.TILES)
        assert layer["merged"] == min(totals) / layer["dense"]
    found = written.data["tradeoff"]
    density, operations = found["network"]
    assert 0 < operations < density < 1
    assert found["layers"] == 3
    assert found["order"][0].startswith("PLUM's order")
    curves = {curve["scheme"]: curve["points"] for curve in found["curves"]}
    assert [round(density) for density, _ in curves["binary"]] == [1]
    for signed_binary, ternary in zip(curves["signed-binary"], curves["ternary"], strict=True):
        assert signed_binary[0] == pytest.approx(ternary[0], abs=0.1)
    assert curves["signed-binary"][4][1] < curves["ternary"][4][1]


def test_each_scheme_is_counted_in_the_tiles_that_suit_it() -> None:
    random = np.random.default_rng(0)
    kernel = random.choice((-1, 1), (64, 64, 3, 3))
    text = """<ir_version: 8, opset_import: ["" : 17]>
    agraph (float[N,64,4,4] x) => (float[N,64,2,2] y) { y = Conv (x, w) }"""
    layers = read_network(plumline.compile(networks.make({"w": kernel}, text)))
    (counts,) = tradeoff.count(layers, analyze(layers)).values()
    four, eight = (counts[model.label].total for model in tradeoff.MODELS)
    assert tradeoff.fewest(counts) == four < 0.8 * eight


def test_lines_are_the_network_with_random_weights_in_the_shapes_of_its_layers() -> None:
    random = np.random.default_rng(1)
    weights = {name: 0.5 * random.choice((-1, 0, 0, 1), shape) for name, shape in SHAPES.items()}
    network = read_network(plumline.compile(networks.make(weights, TWO_LAYERS)))
    found = analyze(network)
    compared = tradeoff.compare(network, found, tradeoff.count(network, found))
    assert compared is not None
    assert compared["layers"] == 2
    density, operations = compared["network"]
    (line,) = [curve["points"] for curve in compared["curves"] if curve["scheme"] == "ternary"]
    # Its weights are random ones, of both signs: they take what the line says, at their density.
    assert density == pytest.approx(0.5, abs=0.02)
    assert operations == pytest.approx(np.interp(density, *zip(*line, strict=True)), rel=0.03)


def test_random_weights_of_small_layers_are_all_drawn() -> None:
    layer = linear(48, 20)
    drawn = random_weights.cost([layer], tradeoff.MODELS, "binary", 1.0).operations
    signs = 0.5 * np.random.default_rng(0).choice((-1, 1), (1, 48, 20))
    counts = [model.count(linear(48, 20, signs[0])) for model in tradeoff.MODELS]
    assert drawn == min(count.total for count in counts if count)


@pytest.mark.parametrize("scheme", ["signed-binary", "binary", "ternary"])
def test_of_large_layers_a_part_stands_for_all(
    scheme: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    layers = [linear(64, 4096)]
    part = random_weights.cost(layers, tradeoff.MODELS, scheme, 0.4)
    monkeypatch.setattr(random_weights, "MOST_WEIGHTS", 64 * 4096)
    whole = random_weights.cost(layers, tradeoff.MODELS, scheme, 0.4)
    assert part != whole or scheme == "binary"
    assert part.density == pytest.approx(whole.density, rel=0.01)
    assert part.operations == pytest.approx(whole.operations, rel=0.01)


def test_layers_count_by_their_weights_and_positions() -> None:
    small, large = linear(16, 40), linear(32, 80)
    often = replace(small, input_size=(9, 40), output_size=(9, 16))
    costs = [
        random_weights.cost(layers, tradeoff.MODELS, "ternary", 0.5)
        for layers in ([small], [large], [often, large])
    ]
    assert costs[2].operations == pytest.approx(9 * costs[0].operations + costs[1].operations)
    effectual = costs[0].density * 640 + costs[1].density * 2560
    assert costs[2].density == pytest.approx(effectual / 3200)


def test_each_group_of_a_depthwise_layer_is_drawn_for_itself() -> None:
    groups = replace(linear(256, 9), groups=256)
    assert 0.2 < random_weights.cost([groups], tradeoff.MODELS, "ternary", 0.3).density < 0.4


def linear(filters: int, columns: int, weight: np.ndarray | None = None) -> Layer:
    weight = np.ones((filters, columns)) if weight is None else weight
    window = ((), (), (), "planes", 0)
    return Layer("x", "linear", weight.astype(np.float32), 1, (columns,), (filters,), *window)


SHAPES = {"a": (64, 32, 3, 3), "b": (128, 64, 3, 3)}
TWO_LAYERS = """<ir_version: 8, opset_import: ["" : 17]>
agraph (float[N,32,12,12] x) => (float[N,128,5,5] y) {
    h = Conv <pads = [1,1,1,1]> (x, a) r = Relu(h) y = Conv <strides = [2,2]> (r, b)
}"""


def test_a_float_network_has_a_report_without_a_trade_off(tmp_path: Path) -> None:
    written = networks.report_on_floats(tmp_path)
    assert written.data["tradeoff"] is None
    assert written.data["network"]["packed"]["what"] == "5 layers"
    assert all(row["layer"]["packed"] is None for row in written.data["steps"] if "layer" in row)
