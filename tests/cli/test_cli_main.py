"""What holds for every verb: help, JSON, exit codes, one line for a mistake."""

import json
import os
import subprocess
import sys
from argparse import Namespace
from collections.abc import Callable
from pathlib import Path

import pytest

from plumline import cli
from plumline.cli import app, main
from plumline.cli.registry import VERBS, Answer, Run, Verb

Replace = Callable[[Run], None]

NAMES = [
    *("quickstart", "train", "eval", "export", "quantize", "compile"),
    *("run", "bench", "inspect", "analyze", "report", "reproduce", "doctor"),
    *("energy", "sweep"),
]


@pytest.mark.parametrize("name", NAMES)
def test_every_verb_has_help_with_an_example(name: str, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as exit_:
        main([name, "--help"])
    assert exit_.value.code == 0
    text = capsys.readouterr().out
    assert "--json" in text
    assert f"plumline {name}" in text.split("example:")[1]


def test_help_names_every_verb(capsys: pytest.CaptureFixture[str]) -> None:
    assert main([]) == 0
    text = capsys.readouterr().out
    assert set(VERBS) == set(NAMES)
    assert all(name in text for name in NAMES)


def test_help_is_instant() -> None:
    """Processor time, which other work does not stretch; the interpreter's own is taken off."""

    def seconds(*arguments: str) -> float:
        before = os.times()
        subprocess.run([sys.executable, *arguments], check=True, stdout=subprocess.DEVNULL)
        after = os.times()
        used = after.children_user + after.children_system
        return used - before.children_user - before.children_system

    helping = min(seconds("-m", "plumline.cli", "--help") for _ in range(3))
    assert helping - min(seconds("-c", "pass") for _ in range(3)) < 0.3


def test_version(capsys: pytest.CaptureFixture[str]) -> None:
    import plumline

    with pytest.raises(SystemExit):
        main(["--version"])
    assert capsys.readouterr().out == f"plumline {plumline.__version__}\n"


MISTAKES = [
    (["trian"], "did you mean 'train'"),
    (["train"], "RECIPE"),
    (["train", "digits-quik"], "did you mean 'digits-quick'"),
    (["train", "digits-quick", "--set", "train.epoch=3"], "did you mean 'train.epochs'"),
    (["train", "digits-quick", "--set", "train.epochs"], "name=value"),
    (["train", "digits-quick", "--set", "train.epochs=many"], "many"),
    (["train", "digits-quick", "--device", "tpu"], "tpu"),
    (["train", "digits-quick", "--form", "huge"], "huge"),
    (["train", "cifar10-resnet20-float", "--data", "nowhere"], "nowhere"),
    (["eval", "nothing.plum"], "nothing.plum"),
    (["eval", "nothing.onnx"], "nothing.onnx"),
    (["eval", "notes.txt"], "notes.txt"),
    (["eval", "empty"], "checkpoint.pt"),
    (["export", "nothing", "-o", "a.onnx"], "nothing"),
    (["compile", "nothing.onnx", "-o", "a.plum"], "nothing.onnx"),
    (["compile", "bad.onnx", "-o", "a.plum"], "bad.onnx"),
    (["compile", "bad.onnx", "-o", "a.plum", "--shape", "input=1,x"], "--shape"),
    (["run", "nothing.plum", "--random", "0"], "nothing.plum"),
    (["run", "bad.plum", "--random", "0"], "bad.plum"),
    (["run", "bad.plum"], "--input"),
    (["run", "bad.plum", "--random", "0", "--threads", "0"], "'0'"),
    (["bench", "nothing.onnx"], "nothing.onnx"),
    (["bench", "bad.onnx"], "bad.onnx"),
    (["bench", "bad.onnx", "--seconds", "-1"], "'-1'"),
    (["inspect", "notes.txt"], "notes.txt"),
    (["doctor", "--jsno"], "--jsno"),
]


@pytest.mark.parametrize(("arguments", "words"), MISTAKES, ids=lambda value: " ".join(value))
def test_a_mistake_is_one_line_and_a_2(
    arguments: list[str],
    words: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "empty").mkdir()
    for name in ("notes.txt", "bad.onnx", "bad.plum"):
        (tmp_path / name).write_bytes(b"this is no network")
    before = set(tmp_path.iterdir())
    assert main(arguments) == 2
    out, err = capsys.readouterr()
    assert out == ""
    assert err.startswith("plumline: error: ")
    assert err.count("\n") == 1
    assert words in err
    assert set(tmp_path.iterdir()) == before, "a mistake must leave nothing behind"


@pytest.fixture
def with_verb(monkeypatch: pytest.MonkeyPatch) -> Replace:
    """Replace what ``doctor`` does."""

    def replace(run: Run) -> None:
        verb = Verb("doctor", "help", "plumline doctor", lambda parser: None, run)
        monkeypatch.setattr(app, "_load_verbs", lambda: None)
        monkeypatch.setitem(VERBS, "doctor", verb)

    return replace


def test_json_has_standard_output_for_itself(
    with_verb: Replace, capsys: pytest.CaptureFixture[str]
) -> None:
    def noisy(options: Namespace) -> Answer:
        print("a library says hello")
        return Answer({"a": 1}, "one")

    with_verb(noisy)
    assert main(["doctor", "--json"]) == 0
    out, err = capsys.readouterr()
    assert json.loads(out) == {"a": 1}
    assert "hello" in err
    assert main(["doctor"]) == 0
    assert capsys.readouterr().out == "one\n"


@pytest.mark.parametrize(
    ("error", "code", "words"),
    [
        (KeyboardInterrupt(), 130, "interrupted"),
        (KeyboardInterrupt("stopped after step 7"), 130, "stopped after step 7"),
        (PermissionError(13, "Permission denied", "net.plum"), 2, "net.plum: Permission denied"),
        (OSError(28, "No space left on device"), 2, "No space left on device"),
        (MemoryError(), 2, "out of memory: use a smaller batch or network"),
        (MemoryError("no 9 GiB"), 2, "no 9 GiB: use a smaller batch or network"),
    ],
)
def test_what_stops_a_verb_is_told_in_one_line(
    with_verb: Replace,
    error: BaseException,
    code: int,
    words: str,
    capsys: pytest.CaptureFixture[str],
) -> None:
    def fail(options: Namespace) -> Answer:
        raise error

    with_verb(fail)
    assert main(["doctor"]) == code
    assert capsys.readouterr().err == f"plumline: error: {words}\n"


def test_a_bug_shows_its_traceback(with_verb: Replace) -> None:
    def bug(options: Namespace) -> Answer:
        raise ZeroDivisionError

    with_verb(bug)
    with pytest.raises(ZeroDivisionError):
        main(["doctor"])


def test_a_reader_that_goes_away_is_no_error() -> None:
    process = subprocess.Popen(
        [sys.executable, "-m", "plumline.cli", "doctor", "--json"],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        env={**os.environ, "PYTHONUNBUFFERED": "1"},
    )
    assert process.stdout is not None
    process.stdout.close()
    assert process.stderr is not None
    assert process.stderr.read() == b""
    process.wait()


@pytest.mark.skipif(not os.path.exists("/dev/full"), reason="the system has no /dev/full")
def test_an_answer_that_cannot_be_written_is_a_mistake() -> None:
    with open("/dev/full", "w") as full:
        process = subprocess.run(
            [sys.executable, "-m", "plumline.cli", "doctor", "--json"],
            stdout=full,
            stderr=subprocess.PIPE,
            check=False,
        )
    assert process.stderr == b"plumline: error: No space left on device\n"
    assert process.returncode == 2


def test_the_page_names_every_verb() -> None:
    page = Path(cli.__file__).parents[3] / "docs" / "cli.md"
    assert all(f"`{name}`" in page.read_text(encoding="utf-8") for name in NAMES)
