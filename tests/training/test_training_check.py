"""What does not fit together is one line before the first step, and nothing is written."""

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from torch import Tensor, nn

from plumline.data import ArraySplit, DataSet
from plumline.errors import InputError
from plumline.training import Recipe, build, evaluate, fit, read_run
from plumline.training.augment import input_shape


@pytest.mark.parametrize(
    ("changes", "says"),
    [
        ({"model.name": "vgg-small"}, "VGGSmall fails on images of 1x8x8 from digits: mat1"),
        ({"model.name": "alexnet"}, "AlexNet fails on images of 1x8x8 from digits"),
        ({"model.name": "resnet18", "model.options.block": "plum"}, "ResNet fails on images"),
        ({"augment.resized_crop": "16"}, "augment.resized_crop = 16: the images have 8x8 pixels"),
        ({"augment.hue": "0.1"}, "need images of 3 channels, not 1"),
        ({"augment.saturation": "0.1"}, "need images of 3 channels, not 1"),
        (
            {"train.precision": "16-mixed", "scheme.options.gradient": "ste"},
            "use bf16-mixed, or a scheme with the gradient 'ede'",
        ),
    ],
)
def test_a_recipe_that_does_not_fit_the_images_is_refused(
    changes: dict[str, str], says: str, digits: DataSet, short: Recipe, tmp_path: Path
) -> None:
    recipe = short.override(changes)
    with pytest.raises(InputError) as error:
        fit(build(recipe, digits), digits, recipe, tmp_path / "run", quiet=True)
    assert says in str(error.value)
    assert "\n" not in str(error.value)
    assert not (tmp_path / "run").exists()


def test_compiling_needs_a_compiler(
    digits: DataSet, short: Recipe, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("CXX", "no-such-compiler")
    recipe = short.override({"train.compile": "true"})
    with pytest.raises(InputError, match=r"needs a C\+\+ compiler, and there is no no-such-comp"):
        fit(build(recipe, digits), digits, recipe, tmp_path / "run", quiet=True)
    assert not (tmp_path / "run").exists()


class Flat(nn.Module):
    def __init__(self, outputs: int) -> None:
        super().__init__()
        self.linear = nn.Linear(64, outputs)

    def forward(self, x: Tensor) -> Tensor:
        result: Tensor = self.linear(x.flatten(1))
        return result


def test_a_module_with_other_outputs_than_classes_is_refused(
    digits: DataSet, short: Recipe, tmp_path: Path
) -> None:
    with pytest.raises(InputError, match=r"Flat answers two .* with \(2, 7\), not .*\(2, 10\)"):
        fit(Flat(7), digits, short, tmp_path, quiet=True)


def test_a_teacher_of_other_images_is_refused(
    digits: DataSet, short: Recipe, tmp_path: Path
) -> None:
    colour = replace(
        digits,
        shape=(3, 8, 8),
        mean=digits.mean * 3,
        std=digits.std * 3,
        train=ArraySplit(digits.train.batch(range(64)).repeat(3, 1), digits.train.labels[:64]),
        test=ArraySplit(digits.test.batch(range(9)).repeat(3, 1), digits.test.labels[:9]),
    )
    one = short.override({"train.epochs": "1"})
    fit(build(one, colour), colour, one, tmp_path / "teacher", quiet=True)
    taught = short.override({"distill.teacher": str(tmp_path / "teacher")})
    with pytest.raises(InputError, match=r"the teacher .* fails on images of 1x8x8"):
        fit(build(taught, digits), digits, taught, tmp_path / "run", quiet=True)


def _images(change: Callable[[ArraySplit], ArraySplit], digits: DataSet) -> DataSet:
    return replace(digits, train=change(digits.train))  # type: ignore[arg-type] # it is in memory


@pytest.mark.parametrize(
    ("change", "says"),
    [
        (lambda s: ArraySplit(s.images, s.labels + 1), "the label 10, which is not in 0..9"),
        (lambda s: ArraySplit(s.images, s.labels - 1), "the label -1, which is not in 0..9"),
        (lambda s: ArraySplit(s.images, s.labels.astype(np.int32)), "labels int32"),
        (lambda s: ArraySplit(s.images / np.float32(255), s.labels), "images float32"),
        (lambda s: ArraySplit(s.images[:, :, 1:], s.labels), "not uint8 (1, 1, 8, 8)"),
        (lambda s: ArraySplit(s.images[:0], s.labels[:0]), "has no images"),
    ],
)
def test_a_data_set_that_breaks_its_contract_is_refused(
    change: Callable[[ArraySplit], ArraySplit],
    says: str,
    digits: DataSet,
    short: Recipe,
    tmp_path: Path,
) -> None:
    with pytest.raises(InputError) as error:
        fit(Flat(10), _images(change, digits), short, tmp_path, quiet=True)
    assert str(error.value).startswith("the train split of digits ")
    assert says in str(error.value)


def test_a_network_is_evaluated_at_the_size_it_was_trained_on(short: Recipe) -> None:
    cropped = short.override({"augment.resized_crop": "6"}).augment
    assert input_shape(cropped, (1, 8, 8)) == (1, 6, 6)
    assert input_shape(cropped, (1, 6, 9)) == (1, 6, 6)
    assert input_shape(short.augment, (1, 8, 9)) == (1, 8, 9)


def test_evaluation_gives_each_part_its_mode_back(digits: DataSet) -> None:
    model = nn.Sequential(nn.Dropout(), Flat(10))
    model.train()
    model[0].eval()
    evaluate(model, digits)
    assert [module.training for module in model] == [False, True]


def test_a_run_does_not_go_on_with_other_numbers_of_images(
    digits: DataSet, short: Recipe, tmp_path: Path
) -> None:
    fit(build(short, digits), digits, short, tmp_path, quiet=True)
    fewer = _images(lambda s: ArraySplit(s.images[1:], s.labels[1:]), digits)
    with pytest.raises(InputError, match="other data"):
        fit(build(short, digits), fewer, short, tmp_path, quiet=True)
    assert read_run(tmp_path).dataset["images"] == [256, 100]


def test_the_check_draws_no_random_numbers(digits: DataSet, short: Recipe, tmp_path: Path) -> None:
    torch.manual_seed(3)
    before = torch.get_rng_state()
    fit(build(short, digits), digits, short, tmp_path, quiet=True)
    assert torch.equal(torch.get_rng_state(), before)
