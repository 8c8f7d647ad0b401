"""A comparison: equal answers first; ratios, verdicts and warnings that say what the clock said."""

import csv
import json
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from plumline.bench import Comparison, Machine, Row, Subject, compare
from plumline.bench import comparison as comparison_module
from plumline.bench.contenders import registry
from plumline.bench.contenders.registry import Bind, Contender
from plumline.bench.machine import OtherWork
from plumline.errors import InputError


def test_a_shape_that_does_not_fit_is_told(subject: Subject) -> None:
    with pytest.raises(InputError, match=r"takes \(batch, 1, 8, 8\), not \(1, 3, 8, 8\)"):
        compare(subject, ["openvino"], shapes={"input": (1, 3, 8, 8)})


def test_a_runtime_that_fails_to_open_a_network_is_named(
    subject: Subject, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*arguments: object) -> Bind:
        raise RuntimeError("no such operator")

    other = Contender("other", "numpy", ("onnx",), fail)
    monkeypatch.setitem(registry._CONTENDERS, "other", other)
    with pytest.raises(InputError, match=r"other cannot run .*: no such operator"):
        compare(subject, ["other"])


@pytest.fixture
def comparison(subject: Subject) -> Comparison:
    return compare(subject, ["onnxruntime", "torch"], seconds=0.05, turns=3, batch=2)


def test_plumline_always_takes_part_and_the_ratios_are_to_it(comparison: Comparison) -> None:
    assert [row.contender for row in comparison.rows] == ["plumline", "onnxruntime", "torch"]
    ours = comparison.row("plumline")
    assert (ours.ratio, ours.difference) == (1.0, 0.0)
    for row in comparison.rows:
        assert row.ratio == pytest.approx(row.median_ms / ours.median_ms)
        assert row.minimum_ms <= row.lower_quartile_ms <= row.median_ms <= row.upper_quartile_ms
    assert comparison.inputs == {"input": (2, 1, 8, 8)}


def test_csv_and_json_hold_machine_versions_and_times(
    comparison: Comparison, tmp_path: Path
) -> None:
    comparison.write_csv(tmp_path / "bench.csv")
    comparison.write_json(tmp_path / "bench.json")
    with (tmp_path / "bench.csv").open() as file:
        records = list(csv.DictReader(file))
    assert [record["contender"] for record in records] == ["plumline", "onnxruntime", "torch"]
    for record, row in zip(records, comparison.rows, strict=True):
        assert float(record["median_ms"]) == row.median_ms
        assert all(record[key] for key in ("cpu", "isa", "date", "version", "threads", "inputs"))
    data = json.loads((tmp_path / "bench.json").read_text())
    assert data["rows"][1]["contender"] == "onnxruntime"
    assert data["machine"]["cores"] >= 1


@pytest.mark.parametrize(
    ("ratio", "words"), [(2.0, "2.00 times as fast"), (0.5, "SLOWER: 2.00 times the time")]
)
def test_losing_is_said_as_plainly_as_winning(
    comparison: Comparison, ratio: float, words: str
) -> None:
    rows = (comparison.rows[0], replace(comparison.rows[1], ratio=ratio))
    assert words in str(replace(comparison, rows=rows))


def test_the_text_says_with_what_it_was_measured(comparison: Comparison) -> None:
    text = str(comparison)
    machine = comparison.machine
    for words in (machine.cpu, machine.isa, machine.date, "threads: 1", "(2, 1, 8, 8)"):
        assert words in text
    for row in comparison.rows:
        assert row.version in text


def opener(answer: object) -> object:
    def open_(subject: Subject, threads: int, shapes: object) -> Bind:
        return lambda feed: lambda: answer  # type: ignore[return-value]  # whatever is to be tried

    return open_


@pytest.mark.parametrize(
    ("answer", "words"),
    [
        ([np.zeros((1, 10), np.float32)], "differ"),
        ([np.full((1, 10), np.nan, np.float32)], "differ"),
        ([np.zeros((1, 9), np.float32)], "different shapes"),
        ([], "different shapes"),
    ],
)
def test_other_answers_are_not_timed(
    subject: Subject, monkeypatch: pytest.MonkeyPatch, answer: object, words: str
) -> None:
    liar = Contender("liar", "numpy", ("onnx",), opener(answer))  # type: ignore[arg-type]  # as above
    monkeypatch.setitem(registry._CONTENDERS, "liar", liar)
    monkeypatch.setattr(comparison_module, "interleave", lambda *a, **k: pytest.fail("timed"))
    with pytest.raises(InputError, match=words):
        compare(subject, ["liar"])


ROW = Row("torch", "2", 1.0, 1.0, 1.0, 1.0, 1.0, 0.0, 9, 3, 0.0)
QUIET = Machine("cpu", 4, "avx2", "Linux", "3.11", "2026-01-01T00:00:00Z")


@pytest.mark.parametrize(
    ("threads", "other", "row", "words"),
    [
        (1, 0.1, ROW, None),
        (1, None, ROW, None),
        (8, 0.0, ROW, "8 threads on 4 cores"),
        (2, 1.5, ROW, "other processes kept 1.5 cores busy"),
        (1, 0.0, replace(ROW, unrest=0.3), "noisy machine: turns of torch"),
    ],
)
def test_a_noisy_machine_is_named(
    threads: int, other: float | None, row: Row, words: str | None
) -> None:
    warnings = " ".join(comparison_module._warnings(QUIET, threads, other, [row]))
    assert warnings == "" if words is None else words in warnings


@pytest.mark.parametrize("wrong", [{"seconds": 0}, {"turns": 0}, {"threads": 0}, {"batch": 0}])
def test_amounts_are_above_zero(subject: Subject, wrong: dict[str, int]) -> None:
    with pytest.raises(InputError, match="above 0"):
        compare(subject, [], **wrong)


def test_what_others_do_meanwhile_is_counted_and_what_we_do_is_not() -> None:
    busy = "import time; end = time.time() + 1\nwhile time.time() < end: pass"
    with OtherWork() as own:
        exec(busy)
    with OtherWork() as other:
        subprocess.run([sys.executable, "-c", busy], check=True)
    if own.cores is None or other.cores is None:
        pytest.skip("this system does not tell how busy it is")
    assert other.cores > 0.25
    assert own.cores < 0.25 + other.cores
