"""Repetition against sparsity: what is counted, in which tiles, and beside which random weights."""

from pathlib import Path

import networks
import numpy as np
import onnx
import pytest
from networks import layers_of

import plumline
from plumline import report
from plumline.analysis import analyze, read_network
from plumline.report import Report, tradeoff


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


def test_random_weights_have_the_shape_of_the_layer_with_the_most() -> None:
    random = np.random.default_rng(0)
    # The first layer takes the most operations, the second has the most weights.
    arrays = {
        "a": random.choice((-1, 0, 1), (16, 16, 3, 3)),
        "b": random.choice((-1, 0, 1), (32, 16, 3, 3)),
    }
    text = """<ir_version: 8, opset_import: ["" : 17]>
    agraph (float[N,16,12,12] x) => (float[N,32,2,2] y) {
        h = Conv <pads = [1,1,1,1]> (x, a) r = Relu(h) y = Conv <strides = [8,8]> (r, b)
    }"""
    network = read_network(plumline.compile(networks.make(arrays, text)))
    found = analyze(network)
    counts = tradeoff.count(network, found)
    compared = tradeoff.compare(network, found, counts)
    assert compared is not None
    assert compared["shape"] == arrays["b"].shape
    largest = compared["largest"]
    assert (largest["layer"], largest["cut"]) == (1, False)
    dense = found.layers[1].dense_operations.total
    assert largest["point"] == (found.layers[1].density, tradeoff.fewest(counts[1]) / dense)


def test_a_float_network_has_a_report_without_a_trade_off(tmp_path: Path) -> None:
    random = np.random.default_rng(0)
    arrays = {k: random.standard_normal(v.shape) for k, v in networks.weights().items()}
    path = tmp_path / "float.onnx"
    onnx.save(networks.make(arrays), path)
    written = report.write(path, tmp_path / "float.html", seconds=0.01)
    assert written.data["tradeoff"] is None
    assert written.data["network"]["packed"]["what"] == "5 layers"
    assert all(row["layer"]["packed"] is None for row in written.data["steps"] if "layer" in row)
