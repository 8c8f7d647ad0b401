"""Items are made one after another; files are whole, and one table holds what all of them found."""

import csv
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from plumline.errors import InputError
from plumline.reproduce import items, reproduce
from plumline.reproduce.context import Context
from plumline.reproduce.drawing import drawn
from plumline.reproduce.item import _ITEMS, Comparison, Item, Outcome
from plumline.reproduce.run import TABLE

Make = Callable[[Context], Outcome]
NOT_FOR_SMOKE = "item 'two' is not for the budget smoke: choose cpu"


def found(value: str, claim: str = "energy") -> Make:
    def make(context: Context) -> Outcome:
        draw = drawn(lambda figure: figure.subplots().plot([1, 2], [3, 4]))
        return Outcome([{"a": value, "b": 2}], [Comparison(claim, value, "random")], draw)

    return make


def without_data(context: Context) -> Outcome:
    raise InputError("no cifar10: set $PLUMLINE_DATA")


@pytest.fixture
def paper(monkeypatch: pytest.MonkeyPatch) -> Callable[..., None]:
    """Put other items in the place of PLUM's."""

    def put(budgets: tuple[str, ...] = (), **makes: Make) -> None:
        made = {
            name: Item("plum", name, "table", f"about {name}", make, False, False, budgets)
            for name, make in makes.items()
        }
        monkeypatch.setitem(_ITEMS, "plum", made)

    return put


def table(out: Path) -> list[tuple[str, str, str]]:
    with (out / TABLE).open(newline="") as file:
        return [(row["item"], row["paper"], row["here"]) for row in csv.DictReader(file)]


def run(out: Path, *names: str, **options: Any) -> Any:
    return reproduce("plum", names, out=out, say=lambda line: None, **options)


def test_an_item_leaves_rows_pictures_and_its_line_beside_the_paper(
    paper: Any, tmp_path: Path
) -> None:
    paper(one=found("1.9x"))
    (made,) = run(tmp_path, "one")
    assert [path.name for path in made.files] == ["one.csv", "one.png", "one.svg"]
    assert (tmp_path / "one.csv").read_text() == "a,b\n1.9x,2\n"
    assert (tmp_path / "one.png").read_bytes().startswith(b"\x89PNG")
    assert b"<svg" in (tmp_path / "one.svg").read_bytes()
    assert table(tmp_path) == [("one", "2x", "1.9x")]
    assert sorted(path.name for path in tmp_path.iterdir()) == sorted(
        ["one.csv", "one.png", "one.svg", TABLE]
    )


def test_equal_drawings_are_equal_files(paper: Any, tmp_path: Path) -> None:
    paper(one=found("1"))
    for folder in ("a", "b"):
        run(tmp_path / folder)
    for name in ("one.png", "one.svg"):
        assert (tmp_path / "a" / name).read_bytes() == (tmp_path / "b" / name).read_bytes()


def test_an_item_made_again_replaces_its_own_lines_only(paper: Any, tmp_path: Path) -> None:
    paper(one=found("1"), two=found("2", "cifar-binary-20"))
    run(tmp_path)
    paper(one=found("3"), two=found("4"))
    run(tmp_path, "one")
    assert table(tmp_path) == [("one", "2x", "3"), ("two", "90.20 % (not verified)", "2")]


def test_of_many_items_those_without_data_are_left_out_with_a_note(
    paper: Any, tmp_path: Path
) -> None:
    paper(one=without_data, two=found("2"))
    one, two = run(tmp_path)
    assert one.left_out == "no cifar10: set $PLUMLINE_DATA"
    assert one.notes == ("left out: no cifar10: set $PLUMLINE_DATA",)
    assert not one.files
    assert two.files
    assert not two.left_out
    assert table(tmp_path) == [("two", "2x", "2")]


@pytest.mark.parametrize(
    "makes", [{"one": without_data}, {"one": without_data, "two": without_data}]
)
def test_where_nothing_can_be_made_that_is_the_error(
    makes: dict[str, Make], paper: Any, tmp_path: Path
) -> None:
    paper(**makes)
    with pytest.raises(InputError, match=r"no cifar10: set \$PLUMLINE_DATA"):
        run(tmp_path)
    assert not list(tmp_path.iterdir())


def test_items_that_are_not_named_are_made_where_they_are_for_the_budget(
    paper: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    paper(one=found("1"), two=found("2"))
    monkeypatch.setitem(_ITEMS["plum"], "two", replace(_ITEMS["plum"]["two"], budgets=("cpu",)))
    assert [made.item.name for made in run(tmp_path)] == ["one"]
    assert [made.item.name for made in run(tmp_path, budget="cpu")] == ["one", "two"]
    one, two = run(tmp_path, "one", "two")
    assert (one.left_out, two.left_out) == ("", NOT_FOR_SMOKE)


@pytest.mark.parametrize("names", [(), ("one",)])
def test_an_item_of_another_budget_alone_is_an_error(
    names: tuple[str, ...], paper: Any, tmp_path: Path
) -> None:
    paper(budgets=("cpu", "full"), one=found("1"))
    with pytest.raises(InputError, match="'one' is not for the budget smoke: choose cpu or full"):
        run(tmp_path, *names)


def test_a_drawing_that_fails_leaves_no_half_file(paper: Any, tmp_path: Path) -> None:
    def make(context: Context) -> Outcome:
        def fail(figure: Any) -> None:
            raise KeyboardInterrupt

        return Outcome([{"a": 1}], [], drawn(fail))

    paper(one=make)
    with pytest.raises(KeyboardInterrupt):
        run(tmp_path)
    assert [path.name for path in tmp_path.iterdir()] == ["one.csv"]


def test_an_item_without_rows_is_an_error(paper: Any, tmp_path: Path) -> None:
    paper(one=lambda context: Outcome([]))
    with pytest.raises(InputError, match=r"one\.csv would be empty"):
        run(tmp_path)


def test_a_table_of_something_else_is_not_overwritten(paper: Any, tmp_path: Path) -> None:
    paper(one=found("1"))
    (tmp_path / TABLE).write_text("name,age\nx,1\n")
    with pytest.raises(InputError, match="not the table of an earlier call"):
        run(tmp_path)


@pytest.mark.parametrize(
    ("names", "options", "message"),
    [
        (["acuracy"], {}, "'acuracy': did you mean 'accuracy'"),
        ([], {"budget": "smok"}, "unknown budget 'smok': did you mean 'smoke'"),
    ],
)
def test_bad_names_are_told(
    names: list[str], options: dict[str, str], message: str, tmp_path: Path
) -> None:
    with pytest.raises(InputError, match=message):
        run(tmp_path, *names, **options)


def test_a_kind_stands_for_all_items_of_it() -> None:
    kinds = {entry.kind for entry in items("plum", ["figure"])}
    assert kinds == {"figure"}
    assert len(items("plum", ["figure", "table"])) == len(items("plum"))
