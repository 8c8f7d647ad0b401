"""What charts and pictures on the page show, in a browser."""

import base64
import io
import json
from pathlib import Path
from typing import Any

import networks
import numpy as np
import onnx
import pictures
import pytest
from PIL import Image
from viewer import Viewer

from plumline import report
from plumline.report import Report, page


def pixels(shown: Any, selector: str) -> np.ndarray:
    """The colours of a canvas (height, width, 3), once what is under way has been drawn."""
    url = shown.evaluate(
        """async (selector) => {
            const frame = () => new Promise((done) => requestAnimationFrame(done));
            await frame();
            await frame();
            return document.querySelector(selector).toDataURL();
        }""",
        selector,
    )
    image = Image.open(io.BytesIO(base64.b64decode(url.partition(",")[2])))
    return np.asarray(image.convert("RGB"))


def test_the_dense_model_is_all_of_the_dense_operations(show: Viewer, written: Report) -> None:
    shown = show(written.path)
    (dense,) = shown.locator("#layer tbody tr", has_text="dense").all()
    assert "100.0" in dense.inner_text()
    head = shown.locator("header .figures").inner_text()
    network = written.data["network"]
    assert f"{100 * network['planned'] / network['dense']:.1f}" in head
    assert network["packed"]["what"] in head


@pytest.mark.parametrize("width", [360, 1280])
def test_no_text_leaves_its_chart(
    show: Viewer, written: Report, tmp_path: Path, width: int
) -> None:
    assert outside(show(written.path, width=width)) == []
    assert outside(show(run_page(written, tmp_path), width=width)) == []


def outside(shown: Any) -> list[str]:
    """The texts of charts that are cut off by the edges of their SVG."""
    return list(
        shown.evaluate(
            """() => [...document.querySelectorAll("svg text")].filter((text) => {
                const inner = text.getBoundingClientRect();
                const outer = text.ownerSVGElement.getBoundingClientRect();
                return inner.left < outer.left || inner.right > outer.right + 1
                    || inner.top < outer.top || inner.bottom > outer.bottom + 1;
            }).map((text) => text.textContent)"""
        )
    )


@pytest.mark.parametrize("kind", networks.kinds())
def test_networks_of_every_kind_have_a_page(show: Viewer, tmp_path: Path, kind: str) -> None:
    onnx.save(networks.kinds()[kind], tmp_path / "net.onnx")
    written = report.write(tmp_path / "net.onnx", tmp_path / "net.html", seconds=0.01)
    shown = show(written.path, width=360)
    assert shown.locator("#layer .overview").count() == 1
    assert shown.evaluate("document.documentElement.scrollWidth") == 360


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_pictures_show_the_weights(show: Viewer, written: Report, scheme: str) -> None:
    shown = show(written.path, scheme=scheme)
    (number,) = [
        step["number"]
        for step in written.data["steps"]
        if "layer" in step and step["layer"]["taps"] == 1 and step["layer"]["packed"]
    ]
    shown.locator("#choose-layer").select_option(str(number))
    colours = {
        sign: shown.evaluate("(name) => rgb(name)", name)
        for sign, name in ((1, "--plus"), (-1, "--minus"), (0, "--zero"))
    }
    signs = np.sign(networks.weights()["pointwise"][:, :, 0, 0]).astype(int)
    wanted = [[colours[sign] for sign in row] for row in signs]
    assert pixels(shown, "#layer .overview").tolist() == wanted


def test_it_follows_the_reader_s_light(show: Viewer, written: Report) -> None:
    shown = show(written.path)
    before = shown.evaluate("getComputedStyle(document.body).backgroundColor")
    picture = pixels(shown, "#layer .overview")
    shown.emulate_media(color_scheme="dark")
    assert shown.evaluate("getComputedStyle(document.body).backgroundColor") != before
    assert (pixels(shown, "#layer .overview") != picture).any()


@pytest.mark.parametrize("scheme", pictures.PARTS)
def test_pictures_for_the_documents_are_small(
    show: Viewer, written: Report, tmp_path: Path, scheme: str
) -> None:
    pictures.take(show, written.path, scheme, tmp_path / "page.png")
    taken = Image.open(tmp_path / "page.png")
    assert taken.width == pictures.WIDTH
    assert (sum(taken.convert("RGB").getpixel((0, 0))) < 3 * 128) == (scheme == "dark")
    for path in (tmp_path / "page.png", pictures.FOLDER / f"report-{scheme}.png"):
        assert path.stat().st_size < 150_000


def run_page(written: Report, folder: Path) -> Path:
    """The page of a run of two epochs, which ended with half of its latent weights effectual."""
    points = [(1, 0.0098), (2, 0.00123)]
    chart = {"title": "Loss", "unit": "", "series": [{"name": "test", "points": points}]}
    frames = [
        {
            "epoch": 1,
            "about": "a quarter is effectual",
            "histograms": {"all": [0, 1, 1, 0], "effectual": [0, 0, 1, 0]},
            "fits": None,
        },
        {
            "epoch": 2,
            "about": "half are effectual",
            "histograms": {"all": [4, 8, 2, 4], "effectual": [4, 0, 0, 4]},
            "fits": {"laplace": (-0.5, 1.0), "normal": (0.0, 1.0)},
        },
    ]
    moments = {"count": 18, "mean": 0.01, "std": 1.0, "skewness": 0.0, "kurtosis": 1.25}
    groups = [
        {"name": "all", **moments, "laplace": 0.03, "normal": 0.07},
        {"name": "effectual", **moments, "laplace": None, "normal": None},
    ]
    edges = [-2.0, -1.0, 0.0, 1.0, 2.0]
    data = json.loads(json.dumps(written.data)) | {
        "training": {"epochs": 2, "about": "two epochs", "charts": [chart]},
        "latents": [{"name": "pooled", "edges": edges, "frames": frames, "groups": groups}],
    }
    path = folder / "run.html"
    path.write_text(page.render("run", data), encoding="utf-8")
    return path


def test_runs_have_curves_and_latent_weights(show: Viewer, written: Report, tmp_path: Path) -> None:
    shown = show(run_page(written, tmp_path))
    assert "test 0.00123" in shown.locator("#training").inner_text()
    assert shown.locator("#training path.series").count() == 1
    before = heights(shown)
    assert before[:4] == pytest.approx([before[0], 2 * before[0], before[0] / 2, before[0]])
    assert before[4:] == pytest.approx([before[0], before[0]])
    assert shown.locator("#training .plot path.fit").count() == 2
    assert "half are effectual" in shown.locator("#training").inner_text()
    shown.locator("#epoch-pooled").fill("0")
    shown.wait_for_function("() => document.querySelectorAll('#training .plot rect').length === 3")
    assert heights(shown) == pytest.approx([before[0] / 4] * 3)  # the axis stays
    assert shown.locator("#training .plot path.fit").count() == 0
    assert "a quarter is effectual" in shown.locator("#training").inner_text()


def test_groups_of_latent_weights_are_a_table(
    show: Viewer, written: Report, tmp_path: Path
) -> None:
    shown = show(run_page(written, tmp_path), width=390)
    rows = shown.locator("#training tbody tr").all_inner_texts()
    assert [row.split("\t") for row in rows][4:] == [
        ["excess kurtosis", "1.25", "1.25"],
        ["distance from Laplace", "0.030", "\N{EN DASH}"],
        ["distance from Normal", "0.070", "\N{EN DASH}"],
    ]
    assert shown.locator("#training tbody b").all_inner_texts() == ["0.030"]
    table = shown.locator("#training .scroll")
    assert table.evaluate("(element) => element.scrollWidth <= element.clientWidth")


def heights(shown: Any) -> list[float]:
    bars = shown.locator("#training .plot rect").all()
    return [float(bar.get_attribute("height")) for bar in bars]
