"""STONNE's input as its command line takes it, and its counters read back."""

import csv
import subprocess
from dataclasses import replace

import pytest
import tomli

from plumline.energy import Array, EnergyTable, MatrixProduct, estimate, stonne
from plumline.errors import InputError

LAYERS = (
    MatrixProduct("features/conv 1", (3, 4, 3, 2), depth=9, columns=10, inputs=90, groups=2),
    MatrixProduct("fc", (16,) * 4, depth=16, columns=1, inputs=16),
)

COUNTERS = """CYCLES=100
[DSNetwork]
DN_WIRE WRITE=30 READ=30
DN_WIRE WRITE=10 READ=10
SWITCH ROUTE_UNICAST=7 ROUTE_BROADCAST=1
[MSNetwork]
MN_WIRE WRITE=0 READ=0
MULTIPLIER MULTIPLICATION=20 FORWARD_PSUM=2 CONFIGURATION=3
FIFO PUSH=1 POP=1 FRONT=1
MULTIPLIER MULTIPLICATION=10 FORWARD_PSUM=0 CONFIGURATION=3
[ReduceNetwork]
RN_WIRE WRITE=5 READ=5
ADDER ADD_2_1=18 ADD_3_1=4 CONFIGURATION=1
[GlobalBuffer]
GLOBALBUFFER READ=50 WRITE=6
[CollectionBus]
CB_WIRE WRITE=9 READ=9

"""


def estimated(layers=LAYERS, array=None, dataflow="sparse", number_format="fp16"):
    return estimate(
        layers,
        table=EnergyTable.load("stonne"),
        array=array or Array(64, 32),
        dataflow=dataflow,
        number_format=number_format,
    )


def finish(folder, number=0, text=COUNTERS):
    """Leave counters as STONNE does for one of the layers."""
    with (folder / "layers.csv").open(newline="") as file:
        stem = list(csv.DictReader(file))[number]["stem"]
    path = folder / f"output_stats_layer_{stem}_architecture_MSes_64timestamp_1.counters"
    path.write_text(text)


@pytest.fixture
def folder(tmp_path):
    stonne.write(estimated(), tmp_path)
    return tmp_path


def test_the_array_is_a_configuration_file(folder):
    config = tomli.loads((folder / "array.cfg").read_text())
    assert config["MSNetwork"]["ms_size"] == 64
    assert config["SDMemory"] == {
        "dn_bw": 32,
        "rn_bw": 32,
        "controller_type": "SIGMA_SPARSE_GEMM",
    }


def test_every_layer_is_one_command(folder):
    stub = folder / "stub"
    stub.write_text('#!/bin/sh\necho "$@" >> "$OUTPUT_DIR/seen"\n')
    stub.chmod(0o755)
    environment = {"STONNE": str(stub), "PATH": "/usr/bin:/bin"}
    subprocess.run(["sh", folder / "run.sh"], check=True, env=environment)
    conv, fc = (folder / "seen").read_text().splitlines()
    tail = "-num_ms=64 -dn_bw=32 -rn_bw=32 -dataflow=MK_STA_KN_STR -print_stats=1"
    # 12 of 36 weights stay: two thirds are zero, and STONNE zeroes one percent more than asked.
    assert conv == (
        "-SparseGEMM -layer_name=000-features-conv-1 -M=2 -N=10 -K=9 "
        f"-MK_sparsity=66 -KN_sparsity=0 {tail}"
    )
    assert (
        fc == f"-SparseGEMM -layer_name=001-fc -M=4 -N=1 -K=16 -MK_sparsity=0 -KN_sparsity=0 {tail}"
    )


def test_the_dense_dataflow_asks_for_no_zeros(tmp_path):
    stonne.write(estimated(dataflow="dense"), tmp_path)
    assert "-MK_sparsity=66" not in (tmp_path / "run.sh").read_text()


def test_counters_are_summed_over_units():
    cycles, events = stonne.parse(COUNTERS, "counters")
    assert cycles == 100
    assert (events.multiply, events.forward, events.add) == (30, 2, 22)
    assert (events.buffer_read, events.buffer_write, events.switch) == (50, 6, 8)
    assert (events.distribution_wire, events.reduction_wire) == (40, 14)
    assert (events.multiplier_cycle, events.adder_cycle, events.switch_cycle) == (200, 100, 100)


def test_counters_of_finished_layers_are_read_for_all_groups(folder):
    finish(folder)
    (row,) = stonne.compare(estimated(), folder)
    assert (row["layer"], row["cycles"]) == ("features/conv 1", 200)
    energy = 60 * 0.00741 + 4 * 0.00741 + 44 * 0.111 + 112 * 0.044 + 16 * 0.036
    energy += 80 * 0.00223226 + 28 * 0.001839831
    energy += 200 * (2 * 0.001614 + 0.001505 + 0.000157 + 0.0101)
    assert row["energy"] == pytest.approx(energy)
    assert row["ratio"] == pytest.approx(row["model"] / energy)


def test_layers_of_one_name_are_told_apart(tmp_path):
    twins = estimated([LAYERS[0], replace(LAYERS[1], name=LAYERS[0].name)])
    stonne.write(twins, tmp_path)
    finish(tmp_path, 1)
    (row,) = stonne.compare(twins, tmp_path)
    assert row["model"] == twins.layers[1].energy - twins.layers[1].components["dram"]


def test_counters_of_nothing_have_no_ratio(folder):
    finish(folder, text="CYCLES=0\nSWITCH ROUTE_UNICAST=0\n")
    (row,) = stonne.compare(estimated(), folder)
    assert (row["energy"], row["ratio"]) == (0, None)


RETRAINED = replace(LAYERS[0], nonzeros=(1, 1, 1, 1))
SMALLER = replace(LAYERS[1], nonzeros=(8,) * 4, depth=8)


@pytest.mark.parametrize(
    ("asked", "named"),
    [
        ({"array": Array(128, 32)}, "multipliers 64 in line 2 of layers.csv, not 128"),
        ({"array": Array(64, 64)}, "ports 32 in line 2 of layers.csv, not 64"),
        ({"dataflow": "dense"}, "dataflow sparse in line 2 of layers.csv, not dense"),
        ({"layers": [RETRAINED, LAYERS[1]]}, "mk_sparsity 66 in line 2 of layers.csv, not 88"),
        ({"layers": [LAYERS[0], SMALLER]}, "k 16 in line 3 of layers.csv, not 8"),
        ({"layers": [replace(LAYERS[0], columns=80), LAYERS[1]]}, "n 10 in line 2 of .*, not 80"),
        ({"layers": LAYERS[:1]}, "2 layers, not 1"),
        ({"layers": LAYERS[1:]}, "stem 000-features-conv-1 in line 2 of layers.csv, not 000-fc"),
    ],
)
def test_counters_of_something_else_are_refused(folder, asked, named):
    finish(folder)
    with pytest.raises(InputError, match=f"was written for {named}: .*name another folder"):
        stonne.compare(estimated(**asked), folder)


def test_counters_can_be_priced_anew(folder):
    finish(folder)
    buffer = Array(64, 32, buffer_kib=8)
    assert len(stonne.compare(estimated(array=buffer, number_format="int8"), folder)) == 1


def test_a_folder_with_counters_of_unknown_origin_is_not_written_to(folder):
    finish(folder)
    with pytest.raises(InputError, match="has counters already: name another folder"):
        stonne.write(estimated(), folder)


@pytest.mark.parametrize("text", ["", "hello\n", "CYCLES=many\n", "ADDER ADD_2_1\n", "ADDER A=x\n"])
def test_a_file_without_counters_is_named(text):
    with pytest.raises(InputError, match=r"here\.counters is no file of STONNE's counters"):
        stonne.parse(text, "here.counters")


def test_a_folder_of_something_else_is_named(tmp_path):
    with pytest.raises(InputError, match=r"has no layers\.csv"):
        stonne.compare(estimated(), tmp_path)
    (tmp_path / "layers.csv").write_text("a,b\n1,2\n")
    with pytest.raises(InputError, match="has other columns"):
        stonne.compare(estimated(), tmp_path)
