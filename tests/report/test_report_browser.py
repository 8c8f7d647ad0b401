"""The page in a browser: it draws, sorts, filters, obeys keys, and runs no one else's script."""

import json
from pathlib import Path
from typing import Any

import networks
import pytest
from viewer import Viewer

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


def test_a_network_without_quantized_weights_says_so(show: Viewer, tmp_path: Path) -> None:
    shown = show(networks.report_on_floats(tmp_path).path)
    assert [part.get_attribute("id") for part in shown.locator("section").all()] == [*SECTIONS]
    assert "No layer has quantized weights" in shown.locator("#tradeoff").inner_text()
    assert shown.locator("#tradeoff svg").count() == 0


def test_it_says_whether_the_order_of_schemes_holds(show: Viewer, written: Report) -> None:
    text = show(written.path).locator("#tradeoff .order").inner_text()
    assert text == " ".join(written.data["tradeoff"]["order"])


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


def test_a_name_leads_to_its_layer(show: Viewer, written: Report) -> None:
    shown = show(written.path, width=390)
    assert not in_sight(shown, "#layer-title")
    link = shown.locator(LAST_LINK)
    link.focus()
    shown.wait_for_function(IN_SIGHT, arg=LAST_LINK)
    shown.keyboard.press("Enter")
    shown.wait_for_function("() => document.activeElement.id === 'layer-title'")
    shown.wait_for_function(IN_SIGHT, arg="#layer-title")
    assert link.inner_text() in shown.locator("#layer .facts").inner_text()
    assert shown.evaluate("getComputedStyle(document.documentElement).scrollBehavior") == "smooth"
    shown.emulate_media(reduced_motion="reduce")
    assert shown.evaluate("getComputedStyle(document.documentElement).scrollBehavior") == "auto"
    shown.go_back()
    shown.wait_for_function(IN_SIGHT, arg=LAST_LINK)


LAST_LINK = "#layers tbody tr:last-child a"
IN_SIGHT = """(selector) => {
    const { top, bottom } = document.querySelector(selector).getBoundingClientRect();
    return top >= -1 && bottom <= innerHeight + 1;
}"""


def in_sight(shown: Any, selector: str) -> bool:
    return bool(shown.evaluate(IN_SIGHT, selector))


def test_a_step_without_weights_says_so(show: Viewer, written: Report) -> None:
    shown = show(written.path)
    number = next(step["number"] for step in written.data["steps"] if "layer" not in step)
    shown.locator("#layers tbody a").nth(number).click()
    assert "No weights in this step" in shown.locator("#layer").inner_text()
    assert written.data["steps"][number]["kernel"] in shown.locator("#layer .facts").inner_text()
    assert shown.locator("#layer canvas").count() == 0
    assert shown.locator("#choose-layer").evaluate("(element) => element.selectedIndex") == -1


def test_of_many_steps_those_with_weights_are_listed(
    show: Viewer, written: Report, tmp_path: Path
) -> None:
    data = json.loads(json.dumps(written.data))
    plain = next(step for step in data["steps"] if "layer" not in step)
    for number in range(len(data["steps"]), 40):
        data["steps"].append({**plain, "number": number, "reads": [number - 1]})
    (tmp_path / "many.html").write_text(page.render("many", data), encoding="utf-8")
    shown = show(tmp_path / "many.html")
    assert len(column(shown, "op")) == 5
    shown.locator("#only").uncheck()
    assert len(column(shown, "op")) == 40
    assert not show(written.path).locator("#only").is_checked()


def test_names_are_shown_in_full(show: Viewer, written: Report) -> None:
    shown = show(written.path, width=360)
    for cell in shown.locator("#layers tbody th, #layers tbody th a, #layer dd").all():
        assert cell.evaluate("(element) => element.scrollWidth <= element.clientWidth + 1") or (
            cell.evaluate("(element) => getComputedStyle(element).display") == "inline"
        )
        assert cell.evaluate("(element) => getComputedStyle(element).textOverflow") == "clip"


@pytest.mark.parametrize("width", [360, 820, 1280])
def test_nothing_is_wider_than_the_screen(show: Viewer, written: Report, width: int) -> None:
    shown = show(written.path, width=width)
    assert shown.evaluate("document.documentElement.scrollWidth") == width
    shown.set_viewport_size({"width": 360, "height": 640})
    # Pictures are as wide as they were until each is drawn again.
    shown.wait_for_function("() => document.documentElement.scrollWidth === 360")


def test_a_hostile_name_stays_text(show: Viewer, written: Report) -> None:
    assert "<img" not in Path(written.path).read_text(encoding="utf-8")
    shown = show(written.path)
    assert networks.HOSTILE in column(shown, "step")
    shown.locator("#layers").get_by_role("link", name=networks.HOSTILE).click()
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
