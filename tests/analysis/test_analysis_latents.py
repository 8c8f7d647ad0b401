"""Latent weights: which groups there are, what they are like, and how training records them."""

import json
from pathlib import Path

import numpy as np
import pytest
import torch
from analysis_layers import RESNET18
from torch import nn

import plumline
from plumline.analysis import analyze_latents, draw_latent_history, draw_latents
from plumline.analysis.latents import describe, fit_laplace, fit_normal
from plumline.data import ArraySplit, DataSet
from plumline.errors import InputError
from plumline.schemes.latents import BINS, read_latents
from plumline.training import Recipe, fit
from plumline.training.latents import LatentLog, read_log
from plumline.training.runs import build


@pytest.mark.parametrize(
    ("distribution", "density"),
    [
        (torch.distributions.Laplace(0.0, 1.0), 0.325),
        (torch.distributions.Normal(0.0, 1.0), 0.426),
        (torch.distributions.Uniform(-1.0, 1.0), 0.475),
    ],
    ids=["laplace", "normal", "uniform"],
)
def test_density_of_signed_binary_follows_from_the_distribution_of_latents(
    distribution: torch.distributions.Distribution, density: float
) -> None:
    torch.manual_seed(0)
    scheme, effectual, parameters = plumline.SignedBinary(), 0, 0
    for filters, channels, _ in RESNET18:
        latent = distribution.sample((filters, channels, 3, 3))
        effective = scheme.quantizer(latent)(latent)
        effectual += int(torch.count_nonzero(effective))
        parameters += latent.numel()
    assert effectual / parameters == pytest.approx(density, abs=0.001)


def small_model(scheme: plumline.schemes.Scheme) -> nn.Module:
    torch.manual_seed(0)
    model = nn.Sequential(nn.Conv2d(4, 8, 3), nn.ReLU(), nn.Conv2d(8, 6, 3))
    plumline.convert_(model, scheme)
    return model


def test_groups_of_a_signed_binary_layer_share_its_weights_out() -> None:
    model = small_model(plumline.SignedBinary(region_channels=2))
    for latents, layer in zip(read_latents(model), (model[0], model[2]), strict=True):
        assert isinstance(layer, nn.Conv2d)
        groups = latents.groups
        assert len(groups["all"]) == layer.weight.numel()
        assert len(groups["effectual"]) == torch.count_nonzero(layer.weight)
        assert len(groups["positive"]) == len(groups["negative"]) == len(groups["all"]) // 2
        assert latents.signs is not None
        effective = layer.weight.detach().numpy().ravel()
        assert np.array_equal(effective[latents.effectual], latents.signs[latents.effectual])
        for values, counts in zip(groups.values(), latents.histograms().values(), strict=True):
            assert len(counts) == BINS
            assert sum(counts) == len(values)


def test_effectual_latents_lie_beyond_the_thresholds() -> None:
    found = analyze_latents(small_model(plumline.SignedBinary()))
    assert [layer.name for layer in found.layers] == ["0", "2"]
    for layer in (*found.layers, found.pooled):
        middle = layer.groups["effectual"].histogram[BINS // 2 - 1 : BINS // 2 + 1]
        assert sum(middle) < sum(layer.groups["all"].histogram[BINS // 2 - 1 : BINS // 2 + 1])
        assert 0 < layer.density < 0.6
        assert set(layer.groups) == {"all", "effectual", "positive", "negative"}
    json.dumps(found.to_dict())


@pytest.mark.parametrize(
    "scheme", [plumline.Binary(), plumline.Ternary()], ids=["binary", "ternary"]
)
def test_other_schemes_have_no_signs(scheme: plumline.schemes.Scheme) -> None:
    for layer in analyze_latents(small_model(scheme)).layers:
        assert set(layer.groups) == {"all", "effectual"}


def test_fits_find_the_distribution_that_numbers_come_from() -> None:
    random = np.random.default_rng(0)
    laplace = describe((0.5 + 0.2 * random.laplace(size=200_000)).astype(np.float32))
    normal = describe((0.5 + 0.2 * random.standard_normal(200_000)).astype(np.float32))
    assert laplace.laplace is not None
    assert laplace.normal is not None
    assert normal.laplace is not None
    assert normal.normal is not None
    assert laplace.laplace.location == pytest.approx(0.5, abs=0.01)
    assert laplace.laplace.scale == pytest.approx(0.2, rel=0.02)
    assert laplace.kurtosis == pytest.approx(3, abs=0.2)
    assert normal.normal.scale == pytest.approx(0.2, rel=0.02)
    assert normal.kurtosis == pytest.approx(0, abs=0.1)
    for right, wrong in ((laplace.laplace, laplace.normal), (normal.normal, normal.laplace)):
        assert right.log_likelihood > wrong.log_likelihood
        assert right.distance < 0.01 < wrong.distance


def test_fits_agree_with_scipy() -> None:
    stats = pytest.importorskip("scipy.stats")
    values = np.random.default_rng(1).laplace(size=3000).astype(np.float32)
    for name, found in (("laplace", fit_laplace(values)), ("norm", fit_normal(values))):
        location, scale = getattr(stats, name).fit(values)
        assert (found.location, found.scale) == pytest.approx((location, scale), rel=1e-4, abs=1e-6)
        likelihood = getattr(stats, name).logpdf(values, location, scale).mean()
        assert found.log_likelihood == pytest.approx(likelihood, abs=1e-5)
        distance = stats.kstest(values, name, (location, scale)).statistic
        assert found.distance == pytest.approx(distance, abs=1e-5)


def test_equal_latents_have_no_fit() -> None:
    found = describe(np.full(7, 0.25, np.float32))
    assert (found.std, found.kurtosis, found.laplace, found.normal) == (0, 0, None, None)


@pytest.mark.parametrize(
    ("source", "message"),
    [
        (nn.Conv2d(3, 4, 3), "no quantized layer"),
        ("nowhere", "not a run folder"),
        (3, "a int has no latent weights"),
    ],
    ids=str,
)
def test_what_has_no_latents_is_refused(source: object, message: str) -> None:
    with pytest.raises(InputError, match=message):
        analyze_latents(source)  # type: ignore[arg-type] # wrong on purpose


def test_a_nan_is_refused() -> None:
    model = small_model(plumline.SignedBinary())
    with torch.no_grad():
        model[0].parametrizations.weight.original[0, 0, 0, 0] = float("nan")
    with pytest.raises(InputError, match="layer '0' has latent weights that are NaN"):
        analyze_latents(model)


@pytest.fixture(scope="module")
def digits() -> DataSet:
    whole = plumline.data.open("digits")
    images, labels = whole.train.batch(range(128)), whole.train.labels[:128]
    split = ArraySplit(images, labels)
    return DataSet("digits", whole.classes, whole.shape, whole.mean, whole.std, split, split)


@pytest.fixture
def recipe() -> Recipe:
    return Recipe.load("digits-quick").override(
        {"train.epochs": "2", "train.warmup": "0", "train.batch_size": "64"}
    )


def test_training_records_each_epoch_and_draws_it(
    digits: DataSet, recipe: Recipe, tmp_path: Path
) -> None:
    fit(build(recipe, digits), digits, recipe, tmp_path, quiet=True)
    log = read_log(tmp_path)
    assert [record["epoch"] for record in log] == [1, 2]
    found = analyze_latents(tmp_path)
    for last, layer in zip(log[-1]["layers"], found.layers, strict=True):
        assert last["name"] == layer.name
        assert last["density"] == layer.density
        assert last["kurtosis"] == layer.groups["all"].kurtosis
        assert last["histograms"] == {k: list(g.histogram) for k, g in layer.groups.items()}
    pytest.importorskip("matplotlib")
    draw_latents(found, tmp_path / "now.png", ["pooled", found.layers[0].name])
    draw_latent_history(tmp_path, tmp_path / "all.svg")
    draw_latent_history(tmp_path, tmp_path / "one.svg", found.layers[0].name)
    for name in ("now.png", "all.svg", "one.svg"):
        assert (tmp_path / name).stat().st_size > 1000
    with pytest.raises(InputError, match="unknown layer"):
        draw_latent_history(tmp_path, tmp_path / "x.svg", "nothing")
    with pytest.raises(InputError, match="name one to write"):
        draw_latents(found, tmp_path / "x.bmp")


def test_equal_drawings_are_equal_files(
    digits: DataSet, recipe: Recipe, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    pytest.importorskip("matplotlib")
    fit(build(recipe, digits), digits, recipe, tmp_path, quiet=True)
    found = analyze_latents(tmp_path)
    for name in ("a.svg", "b.svg"):
        draw_latents(found, tmp_path / f"latents-{name}")
        draw_latent_history(tmp_path, tmp_path / f"history-{name}")
        monkeypatch.setenv("SOURCE_DATE_EPOCH", "1")  # a date in the file would differ
    for kind in ("latents", "history"):
        first, second = ((tmp_path / f"{kind}-{name}").read_bytes() for name in ("a.svg", "b.svg"))
        assert first == second


def test_a_run_that_goes_on_has_the_record_of_one_that_was_never_stopped(
    digits: DataSet, recipe: Recipe, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    fit(build(recipe, digits), digits, recipe, tmp_path / "whole", quiet=True)
    whole = (tmp_path / "whole" / "latents.jsonl").read_text()
    folder, written = tmp_path / "stopped", LatentLog.add

    def killed_after_the_second_line(log: LatentLog, epoch: int, model: nn.Module) -> None:
        written(log, epoch, model)
        if epoch == 2:
            raise RuntimeError("killed before the checkpoint")

    monkeypatch.setattr(LatentLog, "add", killed_after_the_second_line)
    with pytest.raises(RuntimeError, match="killed"):
        fit(build(recipe, digits), digits, recipe, folder, quiet=True)
    monkeypatch.setattr(LatentLog, "add", written)
    with (folder / "latents.jsonl").open("a") as file:
        file.write('{"epoch": 3, "lay')  # a line that was not finished
    fit(build(recipe, digits), digits, recipe, folder, quiet=True)
    assert (folder / "latents.jsonl").read_text() == whole


def test_recording_can_be_left_out(digits: DataSet, recipe: Recipe, tmp_path: Path) -> None:
    off = recipe.override({"train.latents": "false"})
    fit(build(off, digits), digits, off, tmp_path, quiet=True)
    assert not (tmp_path / "latents.jsonl").exists()
    pytest.importorskip("matplotlib")
    with pytest.raises(InputError, match=r"no latents\.jsonl"):
        draw_latent_history(tmp_path, tmp_path / "x.svg")
