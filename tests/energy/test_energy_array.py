"""How often each event happens: against STONNE's own counters, and laws that must hold."""

import random

import pytest

from plumline.energy import Array, Events, MatrixProduct, count
from plumline.energy.array import Pass, on_chip, passes
from plumline.errors import InputError

# Weights that are not zero in each filter, as STONNE's own generator drew them, and what STONNE
# then counted. Its random activations had zeros as well, which it does not read: `unread` words.
HALF_FULL = (95, 88, 101, 96, 95, 97, 76, 83)
NEARLY_FULL = (254, 255, 255, 249, 253, 254, 254, 256)
SIDE_BY_SIDE = (17, 16, 13, 12, 12, 19, 18, 13, 9, 17, 14, 14, 12, 15, 13, 12)

SIMULATED = [
    # nonzeros, depth, columns, multipliers, ports, zero activations read in vain, counters
    (HALF_FULL, 256, 20, 64, 64, 8 * 48, (14620, 14460, 160, 41467, 320, 0, 15511)),
    (NEARLY_FULL, 256, 20, 64, 8, 8 * 49, (40600, 40440, 600, 43198, 760, 129690, 172920)),
    (SIDE_BY_SIDE, 40, 20, 64, 16, 4 * 12, (4520, 4200, 0, 3378, 320, 9492, 14238)),
]


@pytest.mark.parametrize("case", SIMULATED)
def test_counts_are_those_of_the_simulator(case):
    nonzeros, depth, columns, multipliers, ports, unread, counted = case
    layer = MatrixProduct("layer", nonzeros, depth, columns, inputs=depth * columns)
    found = on_chip(layer, Array(multipliers, ports))
    multiply, add, forward, read, write, switch, wire = counted
    assert found.multiply == multiply
    assert found.add == add
    assert found.forward == forward
    assert found.buffer_read - unread == read
    assert found.buffer_write == write
    assert found.switch == switch
    assert found.distribution_wire == wire


def test_cycles_are_nearly_those_of_the_simulator():
    layer = MatrixProduct("layer", NEARLY_FULL, 256, 20, inputs=5120)
    assert on_chip(layer, Array(64, 64)).buffer_cycle == pytest.approx(1115, rel=0.02)
    assert on_chip(layer, Array(64, 8)).buffer_cycle == pytest.approx(6060, rel=0.02)


def test_filters_that_fit_lie_side_by_side_and_others_are_cut():
    done, streams = passes([3, 4, 2, 0, 20, 5], multipliers=8)
    assert done == [
        Pass(7, 2),
        Pass(2, 1),
        Pass(8, 1),
        Pass(7, 1, continued=1),
        Pass(5, 1, continued=1),
        Pass(5, 1),
    ]
    assert streams == 4  # the cut filter's passes share one


@pytest.mark.parametrize("seed", range(5))
def test_every_weight_meets_every_column_once_and_sums_are_whole(seed):
    draw = random.Random(seed)
    depth, columns = draw.randint(1, 200), draw.randint(1, 9)
    nonzeros = tuple(draw.randint(0, depth) for _ in range(draw.randint(1, 20)))
    layer = MatrixProduct("layer", nonzeros, depth, columns, inputs=1)
    found = on_chip(layer, Array(draw.choice([4, 16, 64]), 4))
    assert found.multiply == sum(nonzeros) * columns
    assert found.add == sum(n - 1 for n in nonzeros if n) * columns
    assert found.buffer_write - found.forward == sum(n > 0 for n in nonzeros) * columns


def test_dense_counts_zeros_and_sparse_brings_a_bitmap():
    layer = MatrixProduct("layer", (8, 0, 4, 4), depth=8, columns=10, inputs=30)
    dense, sparse = (count(layer, Array(16, 4), flow, bits=16) for flow in ("dense", "sparse"))
    assert dense.multiply == 4 * 8 * 10
    assert sparse.multiply == 16 * 10
    assert dense.dram_read == 32 + 30
    assert sparse.dram_read == 16 + 32 / 16 + 30
    assert dense.dram_write == sparse.dram_write == 40
    full = MatrixProduct("layer", (8,) * 4, depth=8, columns=10, inputs=30)
    assert count(full, Array(16, 4), "dense", 16) == dense


def test_groups_are_products_of_their_own():
    whole = MatrixProduct("layer", (3, 1, 2, 2), depth=4, columns=5, inputs=8, groups=2)
    halves = [MatrixProduct("half", half, 4, 5, inputs=4) for half in ((3, 1), (2, 2))]
    array = Array(4, 2)
    assert on_chip(whole, array) == sum((on_chip(half, array) for half in halves), Events())


@pytest.mark.parametrize(
    ("make", "named"),
    [
        (lambda: Array(multipliers=96), "multipliers of an array is 96"),
        (lambda: Array(multipliers=64, ports=128), "128 ports"),
        (lambda: Array(buffer_kib=0), "buffer_kib is 0"),
        (lambda: MatrixProduct("conv", (9,), 8, 1, 1), "'conv'"),
        (lambda: MatrixProduct("conv", (1, 1, 1), 8, 1, 1, groups=2), "'conv'"),
        (lambda: count(MatrixProduct("c", (1,), 1, 1, 1), Array(), "dens", 16), "'dens'"),
    ],
)
def test_what_makes_no_sense_is_refused_in_one_line(make, named):
    with pytest.raises(InputError, match=named):
        make()
