"""Event energies: what is published, what is derived and how, what no table says."""

from itertools import pairwise

import pytest

from plumline.energy import BITS, Array, EnergyTable, MatrixProduct, estimate
from plumline.energy.tables import names
from plumline.errors import InputError

HEAD = "event,format,bits,capacity_kib,energy,unit,basis,source\n"


def price(table, event, number_format, buffer_kib=1024):
    return EnergyTable.load(table).price(event, number_format, buffer_kib)


def test_shipped_tables_have_a_source_for_every_figure():
    assert names() == ["horowitz-45nm", "stonne"]
    for name in names():
        assert all(figure.source for figure in EnergyTable.load(name).figures)


@pytest.mark.parametrize(
    ("event", "number_format", "energy"),
    [
        ("multiply", "int8", 0.2),
        ("multiply", "int32", 3.1),
        ("multiply", "fp16", 1.1),
        ("multiply", "fp32", 3.7),
        ("add", "int8", 0.03),
        ("add", "int32", 0.1),
        ("add", "fp16", 0.4),
        ("add", "fp32", 0.9),
    ],
)
def test_horowitz_s_arithmetic_is_published(event, number_format, energy):
    found = price("horowitz-45nm", event, number_format)
    assert found.energy == energy
    assert found.published


def test_stonne_s_own_figures_are_published_for_one_format_only():
    for event, energy in (("multiply", 0.00741), ("add", 0.111), ("buffer_read", 0.044)):
        assert price("stonne", event, "fp16").energy == energy
        assert price("stonne", event, "fp16").published
        assert not price("stonne", event, "int8").published


@pytest.mark.parametrize("number_format", ["int16", "fp8"])
def test_formats_without_a_published_figure_follow_from_those_with_one(number_format):
    def energy(event, number_format):
        return price("horowitz-45nm", event, number_format).energy

    derived = {
        ("multiply", "int16"): (energy("multiply", "int8") * energy("multiply", "int32")) ** 0.5,
        ("add", "int16"): energy("add", "int8") + (energy("add", "int32") - 0.03) * 8 / 24,
        ("multiply", "fp8"): energy("multiply", "fp16") ** 2 / energy("multiply", "fp32"),
        ("add", "fp8"): energy("add", "fp16") ** 2 / energy("add", "fp32"),
    }
    for event in ("multiply", "add"):
        assert energy(event, number_format) == pytest.approx(
            derived[event, number_format], rel=1e-3
        )
        assert not price("horowitz-45nm", event, number_format).published


@pytest.mark.parametrize("number_format", ["int16", "fp8", "int8", "fp32", "int32"])
@pytest.mark.parametrize("event", ["multiply", "add"])
def test_stonne_s_other_formats_have_the_ratios_of_horowitz_s(event, number_format):
    def ratio(table):
        return price(table, event, number_format).energy / price(table, event, "fp16").energy

    assert ratio("stonne") == pytest.approx(ratio("horowitz-45nm"), rel=1e-3)
    found = price("stonne", event, number_format)
    assert not found.published
    assert "the ratio of Horowitz's table" in found.source


def test_words_are_scaled_by_their_width_and_then_are_derived():
    found = price("horowitz-45nm", "buffer_read", "int8")
    assert found.energy == pytest.approx(100 * 8 / 64)
    assert not found.published
    assert "x 8/64 bits" in found.source


@pytest.mark.parametrize(
    ("capacity", "energy"), [(4, 10), (8, 10), (9, 20), (33, 100), (1024, 100), (9999, 100)]
)
def test_a_buffer_costs_what_the_smallest_that_holds_it_does(capacity, energy):
    assert price("horowitz-45nm", "buffer_read", "fp16", capacity).energy == energy / 4


def test_an_estimate_says_what_is_derived_and_what_has_no_figure():
    layer = MatrixProduct("conv", (4, 4), depth=8, columns=10, inputs=20)
    found = estimate([layer], table=EnergyTable.load("stonne"), array=Array(16, 8))
    assert found.derived == {}
    assert found.unpriced == ("dram_read", "dram_write")
    other = estimate([layer], table=EnergyTable.load("stonne"), number_format="fp8")
    assert {"multiply", "add", "buffer_read"} <= set(other.derived)


def test_the_parts_make_the_whole():
    layers = [MatrixProduct(name, (4, 3), depth=8, columns=10, inputs=20) for name in "ab"]
    found = estimate(layers, table=EnergyTable.load("horowitz-45nm"))
    assert found.energy == pytest.approx(sum(found.components.values()))
    events = found.layers[0].events
    by_hand = events.multiply * 1.1 + events.add * 0.4
    by_hand += (events.buffer_read + events.buffer_write) * 25
    by_hand += (events.dram_read + events.dram_write) * 325
    assert found.layers[0].energy == pytest.approx(by_hand)
    assert found.energy == pytest.approx(2 * by_hand)


@pytest.mark.parametrize("table", names())
@pytest.mark.parametrize("number_format", BITS)
def test_arithmetic_is_free_in_no_format(table, number_format):
    layer = MatrixProduct("conv", (4, 4), depth=8, columns=10, inputs=20)
    found = estimate([layer], table=EnergyTable.load(table), number_format=number_format)
    assert found.components["multiply"] > 0
    assert found.components["add"] > 0


@pytest.mark.parametrize("table", names())
def test_wider_numbers_take_more(table):
    layer = MatrixProduct("conv", (4, 4), depth=8, columns=10, inputs=20)
    for formats in (("fp8", "fp16", "fp32"), ("int8", "int16", "int32")):
        taken = [
            estimate([layer], table=EnergyTable.load(table), number_format=name).components
            for name in formats
        ]
        for narrow, wide in pairwise(taken):
            assert all(wide[part] > narrow[part] for part in ("multiply", "add", "buffer"))


def test_a_format_that_a_table_lacks_is_refused_with_those_that_it_has():
    lines = "add,fp16,16,,1,pJ,published,x\nadd,int8,8,,1,pJ,published,x\n"
    own = EnergyTable.parse(HEAD + lines, "own", "own.csv")
    layer = MatrixProduct("conv", (4, 4), depth=8, columns=10, inputs=20)
    assert "multiply" in estimate([layer], table=own).unpriced
    named = "'own' has no figure of add in fp32, only in fp16, int8: .* add a line"
    with pytest.raises(InputError, match=named):
        estimate([layer], table=own, number_format="fp32")


@pytest.mark.parametrize(
    ("text", "named"),
    [
        ("", "columns are event"),
        ("event,energy\nadd,1\n", "columns are event"),
        (HEAD + "ad,fp16,16,,1,pJ,published,x\n", "line 2: unknown event 'ad'"),
        (HEAD + "add,fp17,16,,1,pJ,published,x\n", "'fp17'"),
        (HEAD + "add,fp16,0,,1,pJ,published,x\n", "bits is '0'"),
        (HEAD + "add,fp16,16,,-1,pJ,published,x\n", "energy is '-1'"),
        (HEAD + "add,fp16,16,,nan,pJ,published,x\n", "energy is 'nan'"),
        (HEAD + "add,fp16,16,,1,pJ,guessed,x\n", "'guessed'"),
        (HEAD + "add,,16,,1,pJ,published,x\nadd,,16,,1,nJ,published,x\n", "nJ and pJ"),
    ],
)
def test_a_table_that_is_wrong_is_refused_in_one_line(text, named, tmp_path):
    (tmp_path / "own.csv").write_text(text)
    with pytest.raises(InputError, match=named):
        EnergyTable.load(tmp_path / "own.csv")


def test_an_unknown_table_or_format_is_named():
    with pytest.raises(InputError, match="did you mean 'stonne'"):
        EnergyTable.load("stone")
    with pytest.raises(InputError, match="'fp12'"):
        estimate([], table=EnergyTable.load("stonne"), number_format="fp12")
