"""What a sweep file may say, and the runs that follow from it."""

import pytest

from plumline.errors import InputError
from plumline.sweeps import Spec, narrowed, quantized_parameters, shortened

HEAD = 'base = "digits-quick"\n'


def spec(text):
    return Spec.from_toml(HEAD + text)


def test_the_grid_is_every_combination_the_last_axis_fastest(four):
    points = list(four.grid())
    assert [tuple(point.values()) for point in points] == [
        ("0.05", "0"),
        ("0.05", "1"),
        ("0.2", "0"),
        ("0.2", "1"),
    ]
    recipe = four.recipe(points[3])
    assert recipe.scheme.options["delta"] == 0.2
    assert (recipe.train.seed, recipe.train.epochs) == (1, 1)


def test_variants_change_several_keys_at_once():
    found = spec(
        "[variants.network]\n"
        'plain = { "scheme.name" = "float", "train.lr" = 0.5 }\n'
        "signed = {}\n"
        '[axes]\n"train.milestones" = [[1, 2], [3]]\n'
    )
    first, *_, last = found.grid()
    assert first == {"train.milestones": "[1, 2]", "network": "plain"}
    recipe = found.recipe(first)
    assert (recipe.scheme.name, recipe.train.lr, recipe.train.milestones) == ("float", 0.5, (1, 2))
    assert found.recipe(last).scheme.name == "signed-binary"


def test_what_an_axis_says_goes_before_what_holds_for_all():
    found = spec('[set]\n"train.seed" = 7\n[axes]\n"train.seed" = [1, 2]\n')
    assert found.recipe({"train.seed": "2"}).train.seed == 2


def test_folders_are_named_by_the_point_in_whatever_order(four):
    name = four.folder_name({"train.seed": "1", "scheme.options.delta": "0.2"})
    assert name == "delta=0.2,seed=1"
    same_ends = spec('[axes]\n"scheme.name" = ["float"]\n"model.name" = ["digits-cnn"]\n')
    (point,) = same_ends.grid()
    assert same_ends.folder_name(point) == "scheme.name=float,model.name=digits-cnn"
    odd = spec('[variants.net]\n"a/b: c" = {}\n')
    assert odd.folder_name({"net": "a/b: c"}) == "net=a_b__c"


def test_a_sweep_comes_back_from_its_text(four):
    assert Spec.from_toml(four.to_toml()) == four
    other = four.with_changes(base="x", set={"train.lr": "1"}, axes={"train.seed": [3]})
    assert Spec.from_toml(other.to_toml()) == other != four


@pytest.mark.parametrize(
    ("text", "named"),
    [
        ("", r"add \[axes\]"),
        ('[set.train]\nepochs = 1\n[axes]\n"train.lr" = [1.0]\n', "write whole keys"),
        ("axis = 1\n", "unknown key in the sweep 'axis'"),
        ('[axes]\n"train.lr" = []\n', "axis 'train.lr' is"),
        ('[axes]\n"train.lr" = [1.0, 1.0]\n', "has 1.0 twice"),
        ('[axes]\n"train.lr" = { low = 1 }\n', "a range has low, high"),
        ('sampler = "tpe"\ntrials = 2\n[axes]\n"train.lr" = { low = 2, high = 1 }\n', "low below"),
        ('[axes]\n"train.lr" = { low = 0.1, high = 1.0 }\n', "is a range"),
        ('sampler = "tpe"\n[axes]\n"train.lr" = [1.0]\n', "trials is 0"),
        ('trials = 3\n[axes]\n"train.lr" = [1.0]\n', "trials is 3"),
        ('sampler = "tp"\n[axes]\n"train.lr" = [1.0]\n', "did you mean 'tpe'"),
        ('goal = "top1"\n[axes]\n"train.lr" = [1.0]\n', "unknown goal 'top1'"),
        ("[variants]\nnet = 1\n", "variants 'net' is 1"),
        ("[variants.net]\na = 1\n", "variant net.a is 1"),
        ('[axes]\nnet = [1]\n[variants.net]\n"a" = {}\n', "rename one"),
    ],
)
def test_what_makes_no_sense_is_refused_in_one_line(text, named):
    with pytest.raises(InputError, match=named):
        spec(text)


def test_an_unknown_sweep_or_file_is_named(tmp_path):
    with pytest.raises(InputError, match="did you mean 'plum-delta'"):
        Spec.load("plum-delto")
    with pytest.raises(InputError, match="there is no sweep file"):
        Spec.load(tmp_path / "none.toml")
    (tmp_path / "own.toml").write_text('[axes]\n"train.lr" = [1.0]\n')
    with pytest.raises(InputError, match="has no base"):
        Spec.load(tmp_path / "own.toml")


@pytest.mark.parametrize("name", Spec.shipped())
def test_every_shipped_sweep_makes_recipes(name):
    found = Spec.load(name)
    recipes = {found.recipe(point).to_toml() for point in found.grid()}
    assert len(recipes) == len(list(found.grid())) > 1
    assert found.about


SIZES = {"resnet20": 267_264, "resnet32": 460_800, "resnet44": 654_336, "resnet56": 847_872}


@pytest.mark.parametrize("name", SIZES)
@pytest.mark.parametrize("find", [narrowed, shortened])
def test_smaller_networks_have_nearly_as_many_weights_as_asked_for(name, find):
    assert quantized_parameters(name) == SIZES[name]
    wanted = round(SIZES[name] / 2.8)
    found = find(name, wanted)
    assert found.parameters == quantized_parameters(found.name, found.options)
    assert found.parameters == pytest.approx(wanted, rel=0.02)


def test_the_shipped_comparison_has_the_sizes_that_are_found():
    labels = Spec.load("plum-equal-effectual").variants["network"]
    wanted = round(SIZES["resnet20"] / 2.8)
    slim, short = narrowed("resnet20", wanted), shortened("resnet20", wanted)
    assert labels["binary-narrowed"]["model.options.width"] == slim.options["width"]
    assert labels["binary-shortened"]["model.options.blocks"] == short.options["blocks"]
    assert short.changes() == {"model.name": "resnet-cifar", "model.options.blocks": "2-2-1"}


def test_other_networks_are_refused():
    with pytest.raises(InputError, match="'vgg-small' is no CIFAR ResNet"):
        narrowed("vgg-small", 1000)
    with pytest.raises(InputError, match="0 effectual weights"):
        shortened("resnet20", 0)
