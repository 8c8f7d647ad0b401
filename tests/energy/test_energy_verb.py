"""``plumline energy`` on files, and what it says when it cannot."""

import csv
import json

import numpy as np
import pytest
import torch

import plumline
from plumline.cli import main
from plumline.energy import EnergyTable, estimate, powercap, products


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """A signed-binary network, exported and compiled."""
    folder = tmp_path_factory.mktemp("network")
    torch.manual_seed(0)
    model = plumline.models.create("digits-cnn", num_classes=10, in_channels=1)
    plumline.convert_(model, plumline.SignedBinary(), keep="plum")
    plumline.export_onnx(model.eval(), torch.zeros(1, 1, 8, 8), folder / "net.onnx")
    plumline.compile(folder / "net.onnx").save(folder / "net.plum")
    return folder


def answer(capsys, *arguments):
    assert main(["energy", *map(str, arguments), "--json"]) == 0
    return json.loads(capsys.readouterr().out)


def refusal(capsys, *arguments):
    assert main(["energy", *map(str, arguments)]) == 2
    error = capsys.readouterr().err
    assert error.count("\n") == 1
    return error


def test_an_onnx_file_and_its_program_take_the_same(folder, capsys):
    first, second = (answer(capsys, folder / name) for name in ("net.onnx", "net.plum"))
    assert first["energy"] == second["energy"] > 0
    assert first["energy"] == pytest.approx(sum(first["components"].values()))
    assert first["unpriced"] == ["dram_read", "dram_write"]
    densities = [layer["density"] for layer in first["layers"]]
    assert densities[1] == pytest.approx(0.4, abs=0.1)
    assert first["dense_energy"] > first["energy"]


def test_the_dense_dataflow_is_what_the_ratio_is_taken_over(folder, capsys):
    sparse = answer(capsys, folder / "net.onnx")
    dense = answer(capsys, folder / "net.onnx", "--dataflow", "dense")
    assert dense["energy"] == dense["dense_energy"] == sparse["dense_energy"]


def test_images_share_the_weights(folder, capsys):
    one, eight = (answer(capsys, folder / "net.onnx", "--images", n) for n in (1, 8))
    weights = [layer["dram_read"] for layer in one["layers"]]
    for layer, more, read in zip(one["layers"], eight["layers"], weights, strict=True):
        assert more["multiply"] == 8 * layer["multiply"]
        assert more["dram_read"] < 8 * read


def test_a_table_goes_to_people_and_to_a_file(folder, tmp_path, capsys):
    path = tmp_path / "energy.csv"
    arguments = [folder / "net.onnx", "--table", "horowitz-45nm", "--format", "fp8", "--csv", path]
    assert main(["energy", *map(str, arguments)]) == 0
    said = capsys.readouterr().out
    assert "pJ with sparse dataflow, fp8, 256 multipliers, 128 ports" in said
    assert "derived, not published: multiply" in said
    with path.open(newline="") as file:
        rows = list(csv.DictReader(file))
    found = answer(capsys, *arguments)
    assert [float(row["energy"]) for row in rows] == [row["energy"] for row in found["layers"]]


def test_layers_are_chosen_by_name(folder, capsys):
    every = answer(capsys, folder / "net.onnx")["layers"]
    some = answer(capsys, folder / "net.onnx", "--layers", every[1]["layer"])["layers"]
    assert some == [every[1]]
    assert "no layer's name matches" in refusal(capsys, folder / "net.onnx", "--layers", "nothing")


def test_stonne_s_input_is_written_and_its_counters_are_read(folder, tmp_path, capsys):
    simulation = tmp_path / "sim"
    arguments = [folder / "net.onnx", "--multipliers", 64, "--ports", 32, "--stonne", simulation]
    assert main(["energy", *map(str, arguments)]) == 0
    assert "layers written for STONNE" in capsys.readouterr().out
    assert "has no counters yet" in refusal(capsys, *arguments)
    with (simulation / "layers.csv").open(newline="") as file:
        first = next(csv.DictReader(file))
    counters = simulation / f"output_stats_layer_{first['stem']}_architecture_x.counters"
    counters.write_text("CYCLES=9\nADDER ADD_2_1=100 ADD_3_1=0 CONFIGURATION=1\n")
    (row,) = answer(capsys, *arguments)["stonne"]
    assert row["layer"] == first["layer"]
    assert row["energy"] == pytest.approx(100 * 0.111 + 9 * 0.001505)


def test_measuring_runs_the_network(folder, tmp_path, capsys, monkeypatch):
    for name, text in (("name", "package-0"), ("energy_uj", "5"), ("max_energy_range_uj", "9")):
        path = tmp_path / "intel-rapl:0" / name
        path.parent.mkdir(exist_ok=True)
        path.write_text(text)
    monkeypatch.setattr(powercap, "ROOT", tmp_path)
    found = answer(capsys, folder / "net.plum", "--measure", "--seconds", "0.01")["measured"]
    assert found["calls"] >= 1
    assert found["joules"] == 0  # the counter stands still


def test_a_machine_without_counters_says_so_before_anything_else(
    folder, tmp_path, capsys, monkeypatch
):
    monkeypatch.setattr(powercap, "ROOT", tmp_path)
    error = refusal(capsys, folder / "net.onnx", "--measure")
    assert "this machine offers no energy counters" in error


@pytest.mark.parametrize(
    ("arguments", "named"),
    [
        (["--table", "ston"], "unknown energy table 'ston': did you mean 'stonne'"),
        (["--format", "fp12"], "unknown number format 'fp12'"),
        (["--dataflow", "spars"], "did you mean 'sparse'"),
        (["--multipliers", "100"], "give a power of 2"),
    ],
)
def test_a_wrong_word_gets_one_line_with_the_cure(folder, arguments, named, capsys):
    assert named in refusal(capsys, folder / "net.onnx", *arguments)


def test_a_network_that_was_read_can_be_estimated_in_python(folder):
    from plumline.analysis import read_network

    network = read_network(folder / "net.onnx")
    found = estimate(products(network.layers), table=EnergyTable.load("stonne"))
    assert len(found.layers) == len(network.layers)
    assert found.layers[1].layer.nonzeros == tuple(
        np.count_nonzero(network.layers[1].matrix, axis=1)
    )
