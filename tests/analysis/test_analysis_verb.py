"""`plumline analyze` prints what `plumline.analysis` finds, and writes it as CSV."""

import csv
import json
import time
from pathlib import Path

import numpy as np
import pytest
import torch
from torch import nn

import plumline
from plumline.analysis import Layer, Network, analyze
from plumline.cli import main


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
    expected = analyze(
        program, operations=["dense", "sparse", "ucnn", "tables", "summerge", "plan"]
    )
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


def test_counting_by_greedy_merging_takes_seconds() -> None:
    """The 512-channel layers of ResNet-18, most of its weights; the limit leaves much room."""
    random = np.random.default_rng(0)
    weight = random.choice([0, 0, 1], (512, 512, 3, 3)).astype(np.float32)
    size = (512, 7, 7)
    window = ((1, 1), (1, 1), (1, 1, 1, 1), "planes", 0)
    network = Network("x", "model", (Layer("x", "conv", weight, 1, size, size, *window),))
    started = time.process_time()
    analyze(network, operations=["summerge:tile=8", "summerge:tile=4"])
    assert time.process_time() - started < 10
