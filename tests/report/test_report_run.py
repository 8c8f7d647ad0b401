"""A run has curves over epochs, and latent weights with moments and fits."""

from pathlib import Path

import pytest

import plumline
from plumline import report
from plumline.analysis.latent_records import of_layer
from plumline.analysis.latents import POOLED, analyze_latents
from plumline.report import latents, training
from plumline.training import Run, read_run
from plumline.training.latents import read_log
from plumline.training.runs import build


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("runs") / "run"
    recipe = plumline.Recipe.load("digits-quick").override({"train.epochs": "2"})
    digits = plumline.data.open("digits")
    plumline.fit(build(recipe, digits), digits, recipe, out=folder)
    return folder


@pytest.fixture(scope="module")
def run(folder: Path) -> Run:
    return read_run(folder)


def test_a_run_has_names_curves_and_latent_weights(folder: Path, tmp_path: Path) -> None:
    written = report.write(folder, tmp_path / "run.html", seconds=0.01)
    layers = {row["title"]: row["layer"] for row in written.data["steps"] if "layer" in row}
    quantized = [name for name, layer in layers.items() if layer["scheme"] == "signed-binary"]
    names = [latent["name"] for latent in written.data["latents"]]
    assert names == ["pooled", *quantized]
    for latent in written.data["latents"][1:]:
        found = layers[latent["name"]]
        assert [frame["epoch"] for frame in latent["frames"]] == [1, 2]
        last = latent["frames"][-1]["histograms"]
        assert sum(last["all"]) == found["weights"]
        assert sum(last["effectual"]) == round(found["density"] * found["weights"])
    titles = [chart["title"] for chart in written.data["training"]["charts"]]
    assert titles == [chart[0] for chart in training.CHARTS]


def test_each_epoch_has_its_own_moments(folder: Path, run: Run) -> None:
    made = {latent["name"]: latent for latent in latents.collect(run, folder)}
    for number, record in enumerate(read_log(folder)):
        for layer in record["layers"]:
            about = made[layer["name"]]["frames"][number]["about"]
            assert f"excess kurtosis {layer['kurtosis']:.2f}" in about
            assert f"{layer['density']:.1%} of" in about
    for latent in made.values():
        first, last = latent["frames"]
        assert first["about"] != last["about"]


def test_groups_and_fits_are_those_of_the_analysis(folder: Path, run: Run) -> None:
    described = analyze_latents(run.model)
    made = latents.collect(run, folder)
    for latent, layer in zip(made, (described.pooled, *described.layers), strict=True):
        assert [group["name"] for group in latent["groups"]] == list(layer.groups)
        for group, facts in zip(latent["groups"], layer.groups.values(), strict=True):
            assert (group["count"], group["kurtosis"]) == (facts.count, facts.kurtosis)
            assert facts.laplace
            assert facts.normal
            assert group["laplace"] == facts.laplace.distance
            assert group["normal"] == facts.normal.distance
        whole, fits = layer.groups["all"], latent["frames"][-1]["fits"]
        for name, fit in (("laplace", whole.laplace), ("normal", whole.normal)):
            wanted = (fit.location / whole.std, fit.scale / whole.std)
            assert fits[name] == pytest.approx(wanted, abs=0.05)  # half of a bin


def test_layers_are_pooled_as_the_analysis_pools_them(folder: Path, run: Run) -> None:
    pooled = of_layer(POOLED, read_log(folder)[-1]["layers"])
    wanted = analyze_latents(run.model).pooled
    for key in ("mean", "std", "skewness", "kurtosis"):
        assert pooled[key] == pytest.approx(getattr(wanted.groups["all"], key), abs=1e-5)
    assert pooled["density"] == pytest.approx(wanted.density)
    assert sum(pooled["histograms"]["effectual"]) == wanted.groups["effectual"].count
