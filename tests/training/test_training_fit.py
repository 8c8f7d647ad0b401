import csv
import json
import math
from dataclasses import replace
from pathlib import Path

import pytest
import torch
from torch import nn

from plumline import Float, SignedBinary, convert_
from plumline.data import ArraySplit, DataSet
from plumline.errors import InputError
from plumline.training import Recipe, build, evaluate, fit, load_run, read_run, run


def test_a_run_folder_holds_recipe_logs_report_and_checkpoint(
    digits: DataSet, short: Recipe, tmp_path: Path
) -> None:
    result = fit(build(short, digits), digits, short, tmp_path, quiet=True)
    assert Recipe.load(tmp_path / "recipe.toml") == short
    records = [json.loads(line) for line in (tmp_path / "metrics.jsonl").open()]
    assert records == result.history
    assert [record["epoch"] for record in records] == [1, 2]
    rows = list(csv.DictReader((tmp_path / "summary.csv").open()))
    assert [float(row["test_top1"]) for row in rows] == [r["test_top1"] for r in records]
    layers = list(csv.DictReader((tmp_path / "layers.csv").open()))
    quantized = [row for row in layers if row["scheme"] == "signed-binary"]
    effectual = sum(int(row["effectual"]) for row in quantized)
    parameters = sum(int(row["parameters"]) for row in quantized)
    assert result.final["density"] == pytest.approx(effectual / parameters)
    assert 0 < result.final["density"] < 1
    assert [path.name for path in tmp_path.glob(".*")] == [".lock"]


def test_the_loaded_run_scores_what_the_log_says(
    digits: DataSet, short: Recipe, tmp_path: Path
) -> None:
    result = fit(build(short, digits), digits, short, tmp_path, quiet=True)
    model, recipe = load_run(tmp_path)
    assert recipe == short
    assert not model.training
    scores = evaluate(model, digits, recipe)
    assert (scores.loss, scores.top1) == (result.final["test_loss"], result.final["test_top1"])
    assert read_run(tmp_path).epochs_left == 0


@pytest.mark.parametrize("scheme", ["float", "signed-binary"])
def test_digits_quick_reaches_97_percent(scheme: str, tmp_path: Path) -> None:
    recipe = Recipe.load("digits-quick").override({"scheme.name": scheme})
    assert run(recipe, tmp_path, quiet=True).final["test_top1"] >= 97


@pytest.mark.parametrize("schedule", ["step", "linear", "cosine"])
@pytest.mark.parametrize("optimizer", ["sgd", "adam", "adamw"])
def test_every_optimizer_and_schedule_learns(
    optimizer: str, schedule: str, digits: DataSet, short: Recipe, tmp_path: Path
) -> None:
    recipe = short.override(
        {
            "train.optimizer": optimizer,
            "train.schedule": schedule,
            "train.milestones": "1",
            "train.lr": "0.05" if optimizer == "sgd" else "0.003",
            "train.clip_norm": "1",
            "train.label_smoothing": "0.1",
            "scheme.name": "float",
        }
    )
    history = fit(build(recipe, digits), digits, recipe, tmp_path, quiet=True).history
    assert history[1]["train_loss"] < history[0]["train_loss"] < math.log(10) + 0.3


@pytest.mark.parametrize(
    "keys", [{"precision": "bf16-mixed"}, {"channels_last": "true"}, {"compile": "true"}]
)
def test_other_numbers_and_layouts_stay_near_the_plain_run(
    keys: dict[str, str], digits: DataSet, short: Recipe, tmp_path: Path
) -> None:
    short = short.override({"scheme.name": "float"})
    changed = short.override({f"train.{key}": value for key, value in keys.items()})
    plain = fit(build(short, digits), digits, short, tmp_path / "plain", quiet=True)
    other = fit(build(changed, digits), digits, changed, tmp_path / "other", quiet=True)
    assert other.history[0]["train_loss"] == pytest.approx(plain.history[0]["train_loss"], rel=0.05)
    # Whatever they train on, they are scored as the exported network will answer.
    scored = evaluate(other.model, digits, changed)
    assert other.final["test_loss"] == pytest.approx(scored.loss, rel=1e-4)


def test_slow_data_is_read_ahead_without_changing_the_run(
    digits: DataSet, short: Recipe, tmp_path: Path
) -> None:
    ahead = short.override({"train.workers": "2"})
    plain = fit(build(short, digits), digits, short, tmp_path / "plain", quiet=True)
    other = fit(build(ahead, digits), digits, ahead, tmp_path / "ahead", quiet=True)
    assert other.history[-1]["train_loss"] == plain.history[-1]["train_loss"]


def test_equal_recipes_build_equal_weights_and_leave_random_numbers_alone(
    digits: DataSet, short: Recipe, tmp_path: Path
) -> None:
    torch.manual_seed(5)
    expected = torch.rand(3)
    torch.manual_seed(5)
    first, second = build(short, digits), build(short, digits)
    fit(first, digits, short.override({"train.epochs": "1"}), tmp_path, quiet=True)
    assert torch.equal(torch.rand(3), expected)
    third = build(short, digits)
    for name, value in second.state_dict().items():
        assert torch.equal(value, third.state_dict()[name])


def test_layers_take_the_scheme_of_the_glob_that_matches(digits: DataSet) -> None:
    recipe = Recipe.from_toml(
        """
        [model]
        name = "digits-cnn"
        [scheme]
        name = "binary"
        keep = ["conv1", "linear"]
        [scheme.layers.conv3]
        name = "ternary"
        rule = "max"
        """
    )
    found = {
        name: str(m.scheme)
        for name, m in build(recipe, digits).named_modules()
        if "." in name and hasattr(m, "scheme")
    }
    assert [scheme.split("(")[0] for scheme in found.values()] == ["Binary", "Ternary"]
    assert "max" in list(found.values())[1]


class Own(nn.Module):
    """A module of a user's own, with dropout, whose random numbers a resumed run must repeat."""

    def __init__(self) -> None:
        super().__init__()
        self.body = nn.Sequential(
            nn.Flatten(), nn.Linear(64, 32), nn.ReLU(), nn.Dropout(0.5), nn.Linear(32, 10)
        )

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return self.body(x)


def test_any_module_trains_and_is_read_back(digits: DataSet, short: Recipe, tmp_path: Path) -> None:
    model, blank = Own(), Own()
    for module in (model, blank):
        convert_(module, SignedBinary(), keep=["body.4"])
    fit(model, digits, short, tmp_path, quiet=True)
    loaded = read_run(tmp_path, blank).model
    images = torch.randn(4, 1, 8, 8)
    assert torch.equal(loaded(images), model(images))
    other = nn.Linear(3, 3)
    convert_(other, Float())
    with pytest.raises(InputError, match="do not fit this model"):
        read_run(tmp_path, other)


def test_one_line_an_epoch_is_printed(
    digits: DataSet, short: Recipe, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    fit(build(short, digits), digits, short, tmp_path)
    captured = capsys.readouterr()
    assert captured.out == ""
    assert [line.split()[1] for line in captured.err.splitlines()] == ["1/2", "2/2"]


def test_tensorboard_files_hold_the_records(digits: DataSet, short: Recipe, tmp_path: Path) -> None:
    reader = pytest.importorskip(
        "tensorboard.backend.event_processing.event_accumulator", reason="the extra tensorboard"
    )
    result = fit(build(short, digits), digits, short, tmp_path, tensorboard=True, quiet=True)
    events = reader.EventAccumulator(str(tmp_path / "tensorboard")).Reload()
    values = [event.value for event in events.Scalars("test/top1")]
    assert values == pytest.approx([record["test_top1"] for record in result.history])


def test_a_diverged_run_is_one_line(digits: DataSet, short: Recipe, tmp_path: Path) -> None:
    recipe = short.override({"train.optimizer": "sgd", "train.lr": "1e30", "scheme.name": "float"})
    with pytest.raises(InputError, match=r"training loss is .* lower train\.lr"):
        fit(build(recipe, digits), digits, recipe, tmp_path, quiet=True)


def test_a_batch_larger_than_the_data_is_refused(
    digits: DataSet, short: Recipe, tmp_path: Path
) -> None:
    recipe = short.override({"train.batch_size": "300"})
    with pytest.raises(InputError, match=r"batch_size = 300: digits has 256 training images"):
        fit(build(recipe, digits), digits, recipe, tmp_path)


def test_a_folder_of_another_recipe_is_refused_by_what_differs(
    digits: DataSet, short: Recipe, tmp_path: Path
) -> None:
    fit(build(short, digits), digits, short, tmp_path, quiet=True)
    other = short.override({"train.lr": "0.5"})
    with pytest.raises(InputError, match=r"train\.lr = 0\.5, not 0\.005; use another folder"):
        fit(build(other, digits), digits, other, tmp_path)
    images = ArraySplit(digits.train.batch(range(256)), digits.train.labels)
    shifted = replace(digits, train=images, mean=(0.1,))
    with pytest.raises(InputError, match="on other data"):
        fit(build(short, shifted), shifted, short, tmp_path)


def test_starting_again_replaces_the_run(digits: DataSet, short: Recipe, tmp_path: Path) -> None:
    fit(build(short, digits), digits, short, tmp_path, quiet=True)
    assert (tmp_path / "latents.jsonl").is_file()
    other = short.override({"train.epochs": "1", "train.latents": "false"})
    result = fit(build(other, digits), digits, other, tmp_path, resume=False, quiet=True)
    assert len(result.history) == 1
    assert len((tmp_path / "metrics.jsonl").read_text().splitlines()) == 1
    assert not (tmp_path / "latents.jsonl").exists()


def test_a_folder_that_is_no_run_is_refused(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="is not a run folder"):
        load_run(tmp_path)
