"""The page in a browser: it draws, sorts, filters, obeys keys, and runs no one else's script."""

import json
from pathlib import Path
from typing import Any

import networks
import numpy as np
import onnx
import pytest
from viewer import Viewer

from plumline import report
from plumline.report import Report, page

SECTIONS = ("map", "tradeoff", "roofline", "layers", "layer", "conditions")


def column(shown: Any, name: str) -> list[str]:
    """The texts of a column of the table of steps, as they stand."""
    heads = shown.locator("#layers thead th").all_inner_texts()
    number = heads.index(name)
    cells = shown.locator(f"#layers tbody tr > :nth-child({number + 1})")
    return [text.strip() for text in cells.all_inner_texts()]


def counts(texts: list[str]) -> list[int]:
    return [int(text.replace(",", "")) for text in texts if text]


def pixels(shown: Any, selector: str) -> np.ndarray:
    """The colours of a canvas (height, width, 3)."""
    width, height, values = shown.evaluate(
        """(selector) => {
            const { canvas } = document.querySelector(selector).getContext("2d");
            const image = canvas.getContext("2d").getImageData(0, 0, canvas.width, canvas.height);
            return [canvas.width, canvas.height, Array.from(image.data)];
        }""",
        selector,
    )
    return np.array(values, np.uint8).reshape(height, width, 4)[..., :3]


def test_every_part_is_drawn_and_nothing_is_loaded(show: Viewer, written: Report) -> None:
    shown = show(written.path)
    assert shown.title() == "small.onnx"
    assert [part.get_attribute("id") for part in shown.locator("section").all()] == [*SECTIONS]
    for part in ("map", "tradeoff", "roofline"):
        box = shown.locator(f"#{part} svg").last.bounding_box()
        assert box["width"] > 300
        assert box["height"] > 100
    assert shown.locator("#map [role=option]").count() == len(written.data["steps"])
    layers = [step for step in written.data["steps"] if "layer" in step]
    assert shown.locator("#roofline .dot").count() == len(layers)
    assert shown.locator("#layer .patterns li").count() > 1


def test_the_table_has_the_numbers_of_the_plan(show: Viewer, written: Report) -> None:
    shown = show(written.path)
    steps = written.data["steps"]
    assert column(shown, "op") == [step["op"] for step in steps]
    layers = [step["layer"] for step in steps if "layer" in step]
    assert counts(column(shown, "dense MACs")) == [layer["macs"] for layer in layers]
    assert counts(column(shown, "bytes")) == [layer["bytes"] for layer in layers]
    assert shown.locator("#layers tfoot").inner_text().startswith("sum")


def test_heads_sort_largest_first_then_smallest(show: Viewer, written: Report) -> None:
    shown = show(written.path)
    head = shown.locator("#layers thead th", has_text="planned ops")
    head.locator("button").click()
    falling = counts(column(shown, "planned ops"))
    assert falling == sorted(falling, reverse=True)
    assert head.get_attribute("aria-sort") == "descending"
    head.locator("button").click()
    assert counts(column(shown, "planned ops")) == falling[::-1]
    assert head.get_attribute("aria-sort") == "ascending"
    assert column(shown, "planned ops")[-1] == ""  # what has no number comes last either way


def test_words_filter_and_the_sums_follow(show: Viewer, written: Report) -> None:
    shown = show(written.path)
    shown.locator("#filter").fill("CONV signed")
    layers = [step["layer"] for step in written.data["steps"] if "layer" in step]
    wanted = [layer["weights"] for layer in layers if layer["scheme"] == "signed-binary"]
    assert len(wanted) == 2
    assert counts(column(shown, "weights")) == wanted
    assert f"2 of {len(written.data['steps'])} steps" in shown.locator("#layers").inner_text()
    assert f"{sum(wanted):,}" in shown.locator("#layers tfoot").inner_text()
    shown.locator("#filter").fill("")
    shown.locator("#only").check()
    assert len(column(shown, "op")) == len(layers)


def test_all_can_be_reached_and_used_with_the_keyboard(show: Viewer, written: Report) -> None:
    shown = show(written.path)
    reached = []
    for _ in range(60):
        shown.keyboard.press("Tab")
        reached.append(
            shown.evaluate("document.activeElement.id || document.activeElement.textContent")
        )
        outline = shown.evaluate("getComputedStyle(document.activeElement).outlineStyle")
        assert outline != "none" or shown.evaluate("document.activeElement === document.body")
    assert {"filter", "only", "choose-layer", "choose-filter", "time"} <= set(reached)

    steps = shown.locator("#map [role=listbox]")
    steps.focus()
    shown.keyboard.press("Home")
    assert "conv-0" in shown.locator("#map .readout").inner_text()
    shown.keyboard.press("ArrowRight")
    shown.keyboard.press("ArrowRight")
    chosen = shown.locator("#map [role=option][aria-selected=true]")
    assert chosen.count() == 1
    assert chosen.get_attribute("id") == steps.get_attribute("aria-activedescendant")
    assert networks.HOSTILE in shown.locator("#map .readout").inner_text()

    shown.locator("#layers thead button", has_text="time").focus()
    shown.keyboard.press("Enter")
    assert shown.locator("#layers th[aria-sort=descending]").inner_text() == "time"
    shown.locator("#choose-filter").focus()
    shown.keyboard.press("ArrowRight")
    assert "2 of 16" in shown.locator("#layer output").inner_text()


@pytest.mark.parametrize("width", [360, 820, 1280])
def test_nothing_is_wider_than_the_screen(show: Viewer, written: Report, width: int) -> None:
    shown = show(written.path, width=width)
    assert shown.evaluate("document.documentElement.scrollWidth") == width
    shown.set_viewport_size({"width": 360, "height": 640})
    shown.wait_for_function("document.querySelector('#map .plot svg').clientWidth < 360")
    assert shown.evaluate("document.documentElement.scrollWidth") == 360


def test_a_hostile_name_stays_text(show: Viewer, written: Report) -> None:
    assert "<img" not in Path(written.path).read_text(encoding="utf-8")
    shown = show(written.path)
    assert networks.HOSTILE in column(shown, "step")
    shown.locator("#layers").get_by_role("button", name=networks.HOSTILE).click()
    assert networks.HOSTILE in shown.locator("#layer .facts").inner_text()
    assert shown.evaluate("window.broken") is None
    assert shown.locator("img").count() == 0


def test_no_script_runs_but_the_page_s_own(show: Viewer, written: Report, tmp_path: Path) -> None:
    text = Path(written.path).read_text(encoding="utf-8")
    added = tmp_path / "added.html"
    added.write_text(text.replace("</body>", "<script>window.broken = 1</script></body>"))
    shown = show(added)
    assert shown.evaluate("window.broken") is None
    (refusal,) = show.troubles
    assert "Content Security Policy" in refusal
    show.troubles.clear()


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


def test_runs_have_curves_and_latent_weights(show: Viewer, written: Report, tmp_path: Path) -> None:
    points = [(1, 0.5), (2, 0.25)]
    chart = {"title": "Loss", "unit": "", "series": [{"name": "test", "points": points}]}
    edges = [-2.0, -1.0, 0.0, 1.0, 2.0]
    frames = [
        {"epoch": 1, "all": [0, 1, 1, 0], "effectual": [0, 0, 1, 0]},
        {"epoch": 2, "all": [4, 8, 2, 4], "effectual": [4, 0, 0, 4]},
    ]
    latent = {"name": "pooled", "about": "half are effectual", "edges": edges, "frames": frames}
    data = json.loads(json.dumps(written.data)) | {
        "training": {"epochs": 2, "about": "two epochs", "charts": [chart]},
        "latents": [latent],
    }
    path = tmp_path / "run.html"
    path.write_text(page.render("run", data), encoding="utf-8")
    shown = show(path)
    assert "test 0.250" in shown.locator("#training").inner_text()
    assert shown.locator("#training path.series").count() == 1
    assert heights(shown) == pytest.approx([4, 8, 2, 4, 4, 4])
    shown.locator("#epoch-pooled").fill("0")
    shown.wait_for_function("document.querySelectorAll('#training .plot rect').length === 3")
    assert heights(shown) == pytest.approx([1, 1, 1])


def heights(shown: Any) -> list[float]:
    """What the bars of a histogram stand for: the axis reaches 5 % beyond the highest of 8."""
    plot = 220 - 36 - 10
    bars = shown.locator("#training .plot rect").all()
    return [float(bar.get_attribute("height")) / plot * 8 * 1.05 for bar in bars]
