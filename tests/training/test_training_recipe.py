from dataclasses import replace
from pathlib import Path

import pytest

from plumline.errors import InputError
from plumline.training import Recipe
from plumline.training.recipe import DataSection


@pytest.mark.parametrize("name", Recipe.shipped())
def test_every_shipped_recipe_is_written_and_read_back_unchanged(name: str) -> None:
    recipe = Recipe.load(name)
    assert Recipe.from_toml(recipe.to_toml()) == recipe


@pytest.mark.parametrize("text", ["é𠮷😀", "\x7f\x01\t", "\"\\n\n'", ""])
def test_any_text_is_written_and_read_back_unchanged(text: str) -> None:
    recipe = replace(Recipe(), data=DataSection("digits", {text: text, "list": [text]}))
    assert Recipe.from_toml(recipe.to_toml()) == recipe


def test_the_cifar_recipes_differ_in_the_scheme_alone() -> None:
    for form in ("", ":full"):
        recipes = [
            Recipe.load(f"cifar10-resnet20-{scheme}{form}")
            for scheme in ("float", "binary", "ternary", "signed-binary")
        ]
        assert len({recipe.scheme.name for recipe in recipes}) == 4
        for recipe in recipes[1:]:
            differences = recipe.differences(recipes[0])
            assert all(line.startswith("scheme.") for line in differences)


def test_the_full_form_is_chosen_by_a_colon() -> None:
    assert Recipe.load("cifar10-resnet20-binary:full").train.epochs == 350
    assert Recipe.load("cifar10-resnet20-binary").train.epochs < 30


def test_a_file_starts_from_its_base(tmp_path: Path) -> None:
    (tmp_path / "a.toml").write_text("[train]\nepochs = 3\nlr = 0.5\n")
    (tmp_path / "b.toml").write_text('base = "a.toml"\n[train]\nepochs = 4\n')
    recipe = Recipe.load(tmp_path / "b.toml")
    assert (recipe.train.epochs, recipe.train.lr) == (4, 0.5)


@pytest.mark.parametrize(
    ("content", "says"),
    [(b"# caf\xe9", "UTF-8"), (b"base = 3", "base = 3: it must be a recipe's name")],
)
def test_a_file_that_is_no_recipe_is_named(tmp_path: Path, content: bytes, says: str) -> None:
    (tmp_path / "mine.toml").write_bytes(content)
    with pytest.raises(InputError, match=f"mine.toml.*{says}"):
        Recipe.load(str(tmp_path / "mine.toml"))


def test_a_base_that_leads_back_to_itself_is_refused(tmp_path: Path) -> None:
    (tmp_path / "a.toml").write_text('base = "a.toml"\n')
    with pytest.raises(InputError, match="leads back to itself"):
        Recipe.load(tmp_path / "a.toml")


@pytest.mark.parametrize(
    ("key", "text", "value"),
    [
        ("train.epochs", "3", 3),
        ("train.lr", "1", 1.0),
        ("train.nesterov", "true", True),
        ("train.milestones", "150, 250", (150.0, 250.0)),
        ("train.milestones", "[1, 2.5]", (1.0, 2.5)),
        ("train.schedule", "linear", "linear"),
        ("scheme.keep", "conv1,linear", ("conv1", "linear")),
        ("scheme.options", "{ delta = 0.1 }", {"delta": 0.1}),
    ],
)
def test_an_override_is_read_as_the_type_of_its_key(key: str, text: str, value: object) -> None:
    section, name = key.split(".")
    changed = getattr(getattr(Recipe().override({key: text}), section), name)
    assert changed == value
    assert type(changed) is type(value)


def test_an_override_reaches_into_options() -> None:
    recipe = Recipe.load("digits-quick").override(
        {"scheme.options.delta": "0.1", "scheme.options.scale": "analytic"}
    )
    assert recipe.scheme.options == {"gradient": "ede", "delta": 0.1, "scale": "analytic"}


def test_another_name_drops_the_options_of_the_old_one() -> None:
    recipe = Recipe.load("digits-quick").override({"scheme.name": "float"})
    assert recipe.scheme.options == {}
    assert Recipe.load("digits-quick").override({"scheme.name": "signed-binary"}).scheme.options


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("[trian]\n", "unknown section in the recipe 'trian': did you mean 'train'?"),
        ("[train]\nepoch = 3\n", "unknown key in train 'epoch': did you mean 'epochs'?"),
        ("[train]\nepochs = 3.5\n", "train.epochs = 3.5: it must be a whole number"),
        ("[train]\nepochs = true\n", "train.epochs = True: it must be a whole number"),
        ("[train]\nlr = 'fast'\n", "train.lr = 'fast': it must be a number"),
        ("[train]\nmilestones = 3\n", "train.milestones = 3: it must be a list"),
        ("[train]\nepochs = 0\n", "train.epochs = 0: it must be at least 1"),
        ("[train]\nlr = inf\n", "train.lr = inf: it must be a finite number"),
        ("[train]\nwarmup = 11\n", "train.warmup = 11.0: it must be at most train.epochs (10)"),
        ("[train]\nmomentum = -1\n", "train.momentum = -1.0: it must be in [0, 1)"),
        ("[train]\nmomentum = 0\nnesterov = true\n", "false where train.momentum is 0"),
        ("[train]\ngamma = 0\n", "train.gamma = 0.0: it must be in (0, 1]"),
        ("[train]\nseed = 99999999999999999999\n", "it must be below 2^63"),
        ("[train]\nprecision = 'bf16'\n", "unknown train.precision 'bf16': choose from"),
        ("[augment]\nhue = 0.7\n", "augment.hue = 0.7: it must be in [0, 0.5]"),
        ("[augment]\nscale = [1.0]\n", "augment.scale = [1.0]: it must be [smallest, largest]"),
        ("[distill]\nalpha = 2\n", "distill.alpha = 2.0: it must be in [0, 1]"),
        ("train = 3\n", "train is 3: it must be a table of keys"),
        ("[train\n", "is not valid TOML"),
    ],
)
def test_a_mistake_is_one_line_with_the_cure(text: str, says: str) -> None:
    with pytest.raises(InputError) as caught:
        Recipe.from_toml(text)
    assert says in str(caught.value)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    ("name", "says"),
    [
        ("digit-quick", "did you mean 'digits-quick'?"),
        ("digits-quick:ful", "unknown form of digits-quick 'ful'"),
        ("nowhere/x.toml", "there is no recipe file"),
    ],
)
def test_an_unknown_recipe_is_named(name: str, says: str) -> None:
    with pytest.raises(InputError, match=says):
        Recipe.load(name)


@pytest.mark.parametrize("key", ["train", "train.epoch", "trains.epochs", "train.epochs.x"])
def test_an_override_of_no_key_is_refused(key: str) -> None:
    with pytest.raises(InputError):
        Recipe().override({key: "3"})


def test_options_of_a_scheme_decide_nothing_by_being_written_down() -> None:
    recipe = Recipe.load("cifar10-resnet20-signed-binary")
    written = recipe.override({"scheme.options.positive_share": "0.5"})
    both = written.override({"scheme.options.region_share": "1.0"})
    assert recipe.essence() == written.essence() == both.essence()
    assert both.differences(recipe) == []
    other = recipe.override({"scheme.options.positive_share": "0.25"})
    assert other.essence() != recipe.essence()


def test_differences_name_key_and_both_values() -> None:
    other = Recipe().override({"train.epochs": "3"})
    assert other.differences(Recipe()) == ["train.epochs = 3, not 10"]
