"""What a scheme accepts, what it refuses, and how it is written in a recipe."""

import dataclasses

import pytest
import torch

from plumline import InputError, SignedBinary, schemes


@pytest.mark.parametrize("name", ["binary", "float", "signed-binary", "ternary"])
def test_names(name):
    assert name in schemes.names()
    scheme = schemes.create(name)
    assert scheme.name == name
    assert scheme.bits in (1, 2, 32)


@pytest.mark.parametrize(
    ("name", "options", "message"),
    [
        ("signed_binary", {}, "did you mean 'signed-binary'"),
        ("signed-binary", {"delt": 0.1}, "did you mean 'delta'"),
        ("signed-binary", {"delta": 1.0}, "delta is 1.0"),
        ("signed-binary", {"delta": -0.1}, "delta is -0.1"),
        ("signed-binary", {"delta": "0.1"}, "delta is '0.1'"),
        ("signed-binary", {"positive_share": 1.2}, "positive_share is 1.2"),
        ("signed-binary", {"positive_share": True}, "positive_share is True"),
        ("signed-binary", {"region_channels": 0}, "region_channels is 0"),
        ("signed-binary", {"region_channels": 2.0}, "region_channels is 2.0"),
        ("signed-binary", {"region_share": 0}, "region_share is 0"),
        ("signed-binary", {"region_share": 1.5}, "region_share is 1.5"),
        ("signed-binary", {"region_share": 0.5, "region_channels": 2}, "give one of them"),
        ("signed-binary", {"gradient": "sts"}, "choose from ede, ste"),
        ("signed-binary", {"scale": "mean"}, "choose from none, analytic, learned"),
        ("signed-binary", {"signs": [1, 0]}, "a list of 1 and -1"),
        ("signed-binary", {"signs": "+-"}, "a list of 1 and -1"),
        ("binary", {"scale": "learned"}, "choose from none, mean"),
        ("binary", {"gradient": ""}, "gradient is ''"),
        ("ternary", {"rule": "mean"}, "choose from twn, max"),
        ("ternary", {"scale": 2}, "scale is 2"),
        ("float", {"scale": "none"}, "unknown option of the scheme 'float'"),
    ],
)
def test_refusals_are_one_line(name, options, message):
    with pytest.raises(InputError, match=message) as caught:
        schemes.create(name, **options)
    assert "\n" not in str(caught.value)


def test_region_must_divide_the_channels():
    with pytest.raises(InputError, match="3, which does not divide the 4 channels"):
        SignedBinary(region_channels=3).quantizer(torch.zeros(2, 4, 3, 3))
    with pytest.raises(InputError, match="8, which does not divide the 4 channels"):
        SignedBinary(region_channels=8).quantizer(torch.zeros(2, 4))


def test_a_region_may_be_a_part_of_the_channels():
    for share, channels in ((1.0, 48), (0.5, 24), (0.25, 12), (0.3333, 16), (1 / 48, 1)):
        weight = torch.zeros(4, 48, 3, 3)
        by_share = SignedBinary(region_share=share).quantizer(weight)
        assert torch.equal(
            by_share.sign, SignedBinary(region_channels=channels).quantizer(weight).sign
        )


@pytest.mark.parametrize(("share", "channels"), [(0.25, 6), (0.4, 48), (0.01, 48), (0.75, 48)])
def test_a_part_must_make_whole_regions(share, channels):
    with pytest.raises(InputError, match=rf"region_share is {share}|does not divide"):
        SignedBinary(region_share=share).quantizer(torch.zeros(2, channels, 3, 3))


def test_signs_must_fit_the_regions():
    with pytest.raises(InputError, match=r"signs has 2 numbers.* 4 regions"):
        SignedBinary(signs=[1, -1], region_channels=2).quantizer(torch.zeros(2, 4))


@pytest.mark.parametrize(
    "table",
    [
        {"name": "signed-binary"},
        {"name": "signed-binary", "delta": 0.01, "gradient": "ede", "region_channels": 8},
        {"name": "signed-binary", "signs": [1, -1]},
        {"name": "binary", "scale": "mean"},
        {"name": "ternary", "rule": "max"},
        {"name": "float"},
    ],
)
def test_a_recipe_table_and_back(table):
    scheme = schemes.from_table(table)
    written = scheme.to_table()
    assert schemes.from_table(written) == scheme
    assert hash(schemes.from_table(written)) == hash(scheme)
    for key, value in table.items():
        assert written[key] == (tuple(value) if isinstance(value, list) else value)


@pytest.mark.parametrize("table", [{}, {"delta": 0.1}, {"name": 3}])
def test_a_recipe_table_without_a_name(table):
    with pytest.raises(InputError, match="a scheme needs a name"):
        schemes.from_table(table)


def test_options_cannot_be_changed():
    with pytest.raises(dataclasses.FrozenInstanceError):
        SignedBinary().delta = 0.1


def test_a_taken_name_is_refused():
    with pytest.raises(InputError, match="already is a scheme named 'binary'"):
        schemes.register_scheme("binary")(SignedBinary)
    with pytest.raises(InputError, match="already is a gradient named 'ste'"):
        schemes.register_gradient("ste")(schemes.ErrorDecay)


@pytest.mark.parametrize("name", schemes.names())
def test_docstrings_say_what_a_reader_needs(name):
    text = type(schemes.create(name)).__doc__
    for heading in ("Value set:", "Forward:", "Gradient:", "Bits a weight on disk:"):
        assert heading in text
