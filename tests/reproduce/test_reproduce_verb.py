"""``plumline reproduce``."""

import json
from dataclasses import replace
from pathlib import Path

import pytest

from plumline.cli import main
from plumline.errors import InputError
from plumline.reproduce import items
from plumline.reproduce.context import Context
from plumline.reproduce.item import _ITEMS, Outcome
from plumline.reproduce.plum import arithmetic


def without_data(context: Context) -> Outcome:
    raise InputError("no cifar10: set $PLUMLINE_DATA")


def test_list_says_what_there_is_and_makes_nothing(
    capsys: pytest.CaptureFixture[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    assert main(["reproduce", "plum", "--list", "--json"]) == 0
    listed = json.loads(capsys.readouterr().out)["items"]
    assert [entry["item"] for entry in listed] == [entry.name for entry in items("plum")]
    assert main(["reproduce", "plum", "figure", "--list"]) == 0
    assert "arithmetic reduction against sparsity" in capsys.readouterr().out
    assert not list(tmp_path.iterdir())


def test_an_item_is_answered_with_the_paper_beside_it(
    capsys: pytest.CaptureFixture[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(arithmetic, "SMOKE_LAYERS", 1)
    arguments = ["reproduce", "plum", "arithmetic", "--out", str(tmp_path), "--json"]
    assert main(arguments) == 0
    answer = json.loads(capsys.readouterr().out)
    assert {line["paper"] for line in answer["comparisons"]} == {"unknown"}
    assert all(Path(path).is_file() for path in answer["files"])


def test_items_left_out_are_named_and_the_exit_code_is_1(
    capsys: pytest.CaptureFixture[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(arithmetic, "SMOKE_LAYERS", 1)
    (accuracy,) = items("plum", ["accuracy"])
    monkeypatch.setitem(_ITEMS["plum"], "accuracy", replace(accuracy, make=without_data))
    arguments = ["reproduce", "plum", "arithmetic", "accuracy", "--out", str(tmp_path), "--json"]
    assert main(arguments) == 1
    out, error = capsys.readouterr()
    assert "accuracy: left out: no cifar10: set $PLUMLINE_DATA" in json.loads(out)["notes"]
    assert (tmp_path / "arithmetic.csv").is_file()
    assert error.splitlines()[-1] == (
        "plumline: error: items left out: accuracy (1 of 2; the notes say why)"
    )
    # Asked for alone it is the error.
    assert main(["reproduce", "plum", "accuracy", "--out", str(tmp_path)]) == 2
    error = capsys.readouterr().err
    assert error.splitlines()[-1] == "plumline: error: no cifar10: set $PLUMLINE_DATA"


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["plumm"], "unknown paper 'plumm': did you mean 'plum'"),
        (["plum", "speeed"], "'speeed': did you mean 'speed'"),
        (["plum", "--budget", "huge"], "huge"),
    ],
)
def test_a_mistake_is_one_line(
    arguments: list[str], message: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["reproduce", *arguments]) == 2
    error = capsys.readouterr().err
    assert message in error
    assert error.count("\n") == 1
