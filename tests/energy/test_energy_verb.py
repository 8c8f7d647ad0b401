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
    eight = plumline.compile(folder / "net.onnx", shapes={"input": (8, 1, 8, 8)})
    eight.save(folder / "eight.plum")
    pooled = torch.nn.Sequential(
        torch.nn.Conv2d(1, 4, 3, padding=1), torch.nn.AdaptiveAvgPool2d(1), torch.nn.Flatten()
    )
    sizes = ({axis: torch.export.Dim(f"size{axis}") for axis in (0, 2, 3)},)
    torch.onnx.export(
        *(pooled.eval(), (torch.zeros(2, 1, 6, 6),), folder / "open.onnx"),
        **{"input_names": ["x"], "dynamic_shapes": sizes, "dynamo": True, "verbose": False},
    )
    plumline.compile(folder / "open.onnx").save(folder / "open.plum")
    return folder


@pytest.fixture
def counters(tmp_path, monkeypatch):
    """Counters of a package that stand still, and the calls that are measured."""
    for name, text in (("name", "package-0"), ("energy_uj", "5"), ("max_energy_range_uj", "9")):
        path = tmp_path / "powercap" / "intel-rapl:0" / name
        path.parent.mkdir(exist_ok=True, parents=True)
        path.write_text(text)
    monkeypatch.setattr(powercap, "ROOT", tmp_path / "powercap")


@pytest.fixture
def measured(counters, monkeypatch):
    """The shapes of the input of every run, without waiting for idle power."""
    seen = []
    run = plumline.Program.run

    def note(program, inputs, **options):
        seen.append(inputs[program.inputs[0].name].shape)
        return run(program, inputs, **options)

    def measure(call, seconds, samples):
        seen.clear()
        call()
        return powercap.Measured(("package-0",), 5, samples, 2.0, 80.0, 10.0)

    monkeypatch.setattr(plumline.Program, "run", note)
    monkeypatch.setattr("plumline.energy.measure", measure)
    return seen


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


@pytest.mark.parametrize("dataflow", ["sparse", "dense"])
@pytest.mark.parametrize("wide", ["fp32", "int32"])
def test_wide_numbers_are_not_cheap(folder, capsys, wide, dataflow):
    arguments = [folder / "net.onnx", "--dataflow", dataflow, "--format"]
    narrow = answer(capsys, *arguments, wide.replace("32", "16"))
    found = answer(capsys, *arguments, wide)
    assert found["unpriced"] == ["dram_read", "dram_write"]
    assert "the ratio of Horowitz's table" in found["derived"]["add"]
    for part in ("multiply", "add"):
        assert found["components"][part] > 1.5 * narrow["components"][part]


def test_a_format_that_a_table_lacks_is_refused(folder, tmp_path, capsys):
    lines = ["event,format,bits,capacity_kib,energy,unit,basis,source"]
    lines += [f"{event},fp16,16,,1,pJ,published,mine" for event in ("add", "multiply")]
    table = tmp_path / "own.csv"
    table.write_text("\n".join(lines))
    assert answer(capsys, folder / "net.onnx", "--table", table)["energy"] > 0
    error = refusal(capsys, folder / "net.onnx", "--table", table, "--format", "fp32")
    assert "energy table 'own' has no figure of multiply in fp32, only in fp16" in error


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


def test_stonne_s_counters_are_of_one_request(folder, tmp_path, capsys):
    simulation = tmp_path / "sim"
    arguments = [folder / "net.onnx", "--ports", 32, "--stonne", simulation]
    answer(capsys, *arguments)
    for changed, named in (
        (["--multipliers", 64], "multipliers 256 in line 2 of layers.csv, not 64"),
        (["--ports", 64], "ports 32 in line 2 of layers.csv, not 64"),
        (["--dataflow", "dense"], "dataflow sparse in line 2 of layers.csv, not dense"),
        (["--images", 2], "n 64 in line 2 of layers.csv, not 128"),
        (["--layers", "*conv*"], "4 layers, not 3"),
    ):
        assert f"was written for {named}" in refusal(capsys, *arguments, *changed)


def test_measuring_runs_the_network(folder, counters, capsys):
    found = answer(capsys, folder / "net.plum", "--measure", "--seconds", "0.01")["measured"]
    assert found["calls"] >= 1
    assert found["joules"] == 0  # the counter stands still


@pytest.mark.parametrize(
    ("network", "options", "shape"),
    [
        ("net.onnx", [], (1, 1, 8, 8)),
        ("net.plum", ["--images", 3], (3, 1, 8, 8)),
        ("net.onnx", ["--shape", "input=5,1,8,8"], (5, 1, 8, 8)),
        ("eight.plum", [], (8, 1, 8, 8)),
        ("eight.plum", ["--images", 8], (8, 1, 8, 8)),
        ("open.plum", ["--shape", "x=2,1,9,7"], (2, 1, 9, 7)),
        ("open.onnx", ["--shape", "x=1,1,9,7"], (1, 1, 9, 7)),
    ],
)
def test_what_is_measured_is_what_is_estimated(folder, measured, capsys, network, options, shape):
    found = answer(capsys, folder / network, *options, "--measure")
    assert measured == [shape]
    samples, first = shape[0], found["layers"][0]
    assert found["samples"] == found["measured"]["samples_per_call"] == samples
    assert found["energy_per_sample"] == found["energy"] / samples
    filters = 4 if network.startswith("open") else 32
    assert first["macs"] == filters * 9 * np.prod(shape)
    assert found["measured"]["joules_per_sample"] == 80.0 / (5 * samples)
    assert found["measured"]["net_joules_per_sample"] == (80.0 - 20.0) / (5 * samples)


def test_a_batch_takes_the_same_whether_the_file_or_the_command_fixes_it(folder, measured, capsys):
    fixed = answer(capsys, folder / "eight.plum")
    assert fixed["layers"] == answer(capsys, folder / "net.plum", "--images", 8)["layers"]
    assert fixed["layers"] != answer(capsys, folder / "eight.plum", "--images", 1)["layers"]
    assert main(["energy", str(folder / "eight.plum"), "--measure"]) == 0
    said = capsys.readouterr().out
    assert f"for 8 samples at once, {fixed['energy_per_sample']:,.0f} STONNE units a sample" in said
    assert "2 J a sample, 1.5 J without" in said
    assert "over 5 calls of 8 samples" in said


@pytest.mark.parametrize(
    ("network", "options", "named"),
    [
        ("open.plum", [], "give its shape, as in --shape x="),
        ("open.onnx", [], "give its shape, as in --shape x="),
        ("open.plum", ["--shape", "x=1,3,9,9"], "axis 1 must be 1"),
        ("open.plum", ["--shape", "y=1,1,9,9"], "unknown input 'y'"),
        ("eight.plum", ["--images", 2], "--measure runs 8 samples at once"),
        ("net.onnx", ["--layers", "nothing"], "no layer's name matches"),
    ],
)
def test_a_wrong_request_costs_no_measurement(
    folder, measured, capsys, monkeypatch, network, options, named
):
    monkeypatch.setattr("plumline.energy.measure", lambda *_, **__: pytest.fail("measured"))
    assert named in refusal(capsys, folder / network, *options, "--measure")


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
