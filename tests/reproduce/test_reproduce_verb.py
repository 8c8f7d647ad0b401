"""``plumline reproduce``."""

import json
from pathlib import Path

import pytest

from plumline.cli import main
from plumline.reproduce import items
from plumline.reproduce.plum import arithmetic


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
