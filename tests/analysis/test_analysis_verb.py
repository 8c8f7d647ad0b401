"""`plumline analyze` prints what `plumline.analysis` finds, and writes it as CSV."""

import csv
import json
import time
from pathlib import Path

import pytest
import torch
from torch import nn

import plumline
from plumline import models
from plumline.analysis import analyze
from plumline.analysis.execution import names
from plumline.cli import main
from plumline.reproduce.plum import layers


@pytest.fixture(scope="module")
def program(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A signed-binary convolution, compiled."""
    torch.manual_seed(0)
    net = nn.Sequential(nn.Conv2d(8, 16, 3, padding=1), nn.ReLU(), nn.Conv2d(16, 4, 1))
    plumline.convert_(net, plumline.SignedBinary(), keep=["2"])
    folder = tmp_path_factory.mktemp("verb")
    plumline.export_onnx(net.eval(), torch.zeros(1, 8, 10, 10), folder / "net.onnx")
    plumline.compile(str(folder / "net.onnx")).save(folder / "net.plum")
    return folder / "net.plum"


def test_json_is_the_analysis(program: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["analyze", str(program), "--operations", "all", "--json"]) == 0
    found = json.loads(capsys.readouterr().out)
    expected = analyze(program, operations=names())
    assert found == expected.to_dict()
    assert len(found["models"]) == 10


def test_text_and_csv_have_every_layer_and_model(
    program: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / "net.csv"
    arguments = ["--operations", "sparse,summerge:tile=4:sparsity=off,plan", "--csv", str(path)]
    assert main(["analyze", str(program), *arguments]) == 0
    text = capsys.readouterr().out
    found = analyze(program, operations=arguments[1].split(","))
    for layer in found.layers:
        assert layer.name in text
        assert f"{layer.distinct_filters}/{layer.weight_shape[0]}" in text
    for label in found.models:
        assert label in text
    rows = list(csv.DictReader(path.open()))
    assert len(rows) == len(found.layers) * len(found.models)
    counted = found.layers[0].operations["sparse"]
    assert counted is not None
    assert rows[0]["additions"] == str(counted.additions)
    assert rows[0]["weight_shape"] == "16x8x3x3"


def test_without_a_quantized_layer_sums_over_such_are_blank(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    torch.manual_seed(0)
    net = nn.Conv2d(8, 16, 3).eval()
    plumline.export_onnx(net, torch.zeros(1, 8, 10, 10), tmp_path / "net.onnx")
    assert main(["analyze", str(tmp_path / "net.onnx"), "--operations", "sparse"]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert "quantized" in lines
    (note,) = [line for line in lines if line.startswith("no quantized layer: ")]
    assert "convert the network with a scheme" in note
    (total,) = [line for line in lines if line.startswith("all ")]
    assert "1,152" in total
    (sums,) = [line for line in lines if line.startswith("sparse ")]
    assert len(sums.split()) == 4


@pytest.mark.parametrize(
    "arguments",
    [
        ["--operations", "sparce"],
        ["--channel-group", "0"],
        ["--shape", "nothing=1,2"],
        ["--csv", "."],
    ],
    ids=lambda a: a[0],
)
def test_a_mistake_is_one_line_and_a_2(
    program: Path, arguments: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["analyze", str(program), *arguments]) == 2
    out, err = capsys.readouterr()
    assert out == ""
    assert err.count("\n") == 1


def test_an_empty_folder_is_one_line(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["analyze", str(tmp_path)]) == 2
    assert "is not a run folder" in capsys.readouterr().err


def test_greedy_merging_is_counted_in_a_minute_of_one_core() -> None:
    """All 3x3 layers of ResNet-18; processor time, so that the limit holds on a busy machine."""
    network = layers.network("resnet18", layers.signed_binary(0.35))
    started = time.process_time()
    total = analyze(network, operations=["summerge"]).total
    assert time.process_time() - started < 60
    assert len(total.operations) == 4


def test_a_resnet18_is_analysed_without_merging_in_seconds() -> None:
    """The limit is 3 s by the clock, with the process; twice that is for a busy machine."""
    torch.manual_seed(0)
    net = models.create("resnet18", num_classes=1000)
    plumline.convert_(net, plumline.SignedBinary(), keep="plum")
    started = time.process_time()
    found = analyze(net, input_shape=(3, 224, 224))
    assert time.process_time() - started < 6
    assert found.quantized.layers == len(layers.SHAPES)
