"""What a sweep file may say, and the runs that follow from it."""

from dataclasses import replace

import pytest

from plumline.data import open as open_data
from plumline.errors import InputError
from plumline.sweeps import Spec, narrowed, quantized_parameters, shortened
from plumline.sweeps.points import points
from plumline.training import build

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


def test_folders_of_any_points_have_short_safe_names_of_their_own():
    odd = spec('[axes]\n"data.options.root" = ["/a/b", "_a_b", "_a,b"]\n')
    names = [odd.folder_name(point) for point in odd.grid()]
    assert [name.partition("-")[0] for name in names] == ["root=_a_b"] * 3
    assert names[1] == "root=_a_b"
    assert len(set(names)) == 3
    epochs = [list(range(first, first + 90)) for first in (1, 2)]
    long = Spec("digits-quick", axes={"train.milestones": epochs})
    names = [long.folder_name(point) for point in long.grid()]
    assert len(set(names)) == 2
    assert all(len(name) < 255 for name in names)


def test_a_base_that_is_a_file_stands_beside_the_sweep(tmp_path, monkeypatch):
    text = 'base = "digits-quick"\n[train]\nepochs = 3\n[forms.long.train]\nepochs = 9\n'
    (tmp_path / "mine.toml").write_text(text)
    axes = '[axes]\n"train.seed" = [0]\n'
    for base, epochs in (("mine.toml", 3), ("mine.toml:long", 9)):
        (tmp_path / "sweep.toml").write_text(f'base = "{base}"\n{axes}')
        found = Spec.load(tmp_path / "sweep.toml")
        assert found.recipe({"train.seed": "0"}).train.epochs == epochs
        assert Spec.from_toml(found.to_toml()).base == str(tmp_path / base)
    # One that is given in a call or on the command line is found from where one is.
    monkeypatch.chdir(tmp_path)
    assert spec(axes).with_changes(base="mine.toml").base == str(tmp_path / "mine.toml")
    assert spec(axes).with_changes(base="digits-quick").base == "digits-quick"


def test_what_is_drawn_follows_from_the_seed():
    axes = {"train.lr": {"low": 0.001, "high": 0.1, "log": True}, "train.seed": [0, 1, 2]}
    for sampler in ("random", "qmc"):
        drawn = Spec("digits-quick", sampler=sampler, trials=4, axes=axes)
        assert points(drawn) == points(drawn) != points(replace(drawn, seed=1))
        assert len({point["train.lr"] for point in points(drawn)}) == 4


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
        ('seed = -1\n[axes]\n"train.lr" = [1.0]\n', "seed is -1"),
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


FORMS = ("", ":plum", ":full")
OF_ALL = {"block", "activation"}


@pytest.mark.parametrize("form", FORMS)
def test_networks_of_the_shipped_comparison_differ_in_their_size_alone(form):
    found = Spec.load("plum-equal-effectual")
    found = found.with_changes(base=found.base + form)
    models = [found.recipe(point).model for point in found.grid()]
    shared = [{key: m.options[key] for key in OF_ALL & set(m.options)} for m in models]
    assert shared == [shared[0]] * 4
    assert shared[0] == {"activation": "prelu", **({"block": "plum"} if form else {})}
    assert {m.name for m in models} == {"resnet20"}
    assert [set(m.options) - OF_ALL for m in models] == [set(), set(), {"width"}, {"blocks"}]


@pytest.mark.parametrize("name", Spec.shipped())
@pytest.mark.parametrize("form", FORMS)
def test_every_network_of_a_shipped_sweep_can_be_built(name, form):
    found = Spec.load(name)
    found = found.with_changes(base=found.base + form)
    images = open_data("digits", size=32)
    recipes = [found.recipe(point) for point in found.grid()]
    for recipe in {repr((r.model, r.scheme)): r for r in recipes}.values():
        build(recipe, images)


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
    shorter = quantized_parameters("resnet20", {"blocks": "2-2-1", "block": "plum"})
    assert shorter == quantized_parameters("resnet-cifar", {"blocks": "2-2-1"})
    assert short.changes() == {"model.name": "resnet-cifar", "model.options.blocks": "2-2-1"}


def test_other_networks_are_refused():
    with pytest.raises(InputError, match="'vgg-small' is no CIFAR ResNet"):
        narrowed("vgg-small", 1000)
    with pytest.raises(InputError, match="0 effectual weights"):
        shortened("resnet20", 0)
