"""STONNE's input as its command line takes it, and its counters read back."""

import subprocess

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


@pytest.fixture
def folder(tmp_path):
    stonne.write(LAYERS, tmp_path, Array(64, 32))
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
    stonne.write(LAYERS, tmp_path, Array(), "dense")
    assert "-MK_sparsity=66" not in (tmp_path / "run.sh").read_text()


def test_counters_are_summed_over_units():
    cycles, events = stonne.parse(COUNTERS, "counters")
    assert cycles == 100
    assert (events.multiply, events.forward, events.add) == (30, 2, 22)
    assert (events.buffer_read, events.buffer_write, events.switch) == (50, 6, 8)
    assert (events.distribution_wire, events.reduction_wire) == (40, 14)
    assert (events.multiplier_cycle, events.adder_cycle, events.switch_cycle) == (200, 100, 100)


def test_counters_of_finished_layers_are_read_for_all_groups(folder):
    name = "output_stats_layer_000-features-conv-1_architecture_MSes_64timestamp_1.counters"
    (folder / name).write_text(COUNTERS)
    (done,) = stonne.read(folder)
    assert (done.layer, done.cycles, done.events.multiply) == ("features/conv 1", 200, 60)
    table = EnergyTable.load("stonne")
    found = estimate(LAYERS, table=table, array=Array(64, 32))
    (row,) = stonne.compare([done], found)
    energy = 60 * 0.00741 + 4 * 0.00741 + 44 * 0.111 + 112 * 0.044 + 16 * 0.036
    energy += 80 * 0.00223226 + 28 * 0.001839831
    energy += 200 * (2 * 0.001614 + 0.001505 + 0.000157 + 0.0101)
    assert row["energy"] == pytest.approx(energy)
    assert row["ratio"] == pytest.approx(row["model"] / energy)


@pytest.mark.parametrize("text", ["", "hello\n", "CYCLES=many\n", "ADDER ADD_2_1\n", "ADDER A=x\n"])
def test_a_file_without_counters_is_named(text):
    with pytest.raises(InputError, match=r"here\.counters is no file of STONNE's counters"):
        stonne.parse(text, "here.counters")


def test_a_folder_of_something_else_is_named(tmp_path):
    with pytest.raises(InputError, match=r"has no layers\.csv"):
        stonne.read(tmp_path)
    (tmp_path / "layers.csv").write_text("a,b\n1,2\n")
    with pytest.raises(InputError, match="has other columns"):
        stonne.read(tmp_path)


def test_counts_of_another_network_are_refused(folder):
    found = estimate(LAYERS[1:], table=EnergyTable.load("stonne"))
    other = stonne.Simulated("features/conv 1", 1, found.layers[0].events)
    with pytest.raises(InputError, match="unknown simulated layer"):
        stonne.compare([other], found)
