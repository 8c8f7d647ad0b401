"""A suite: what is measured, kept, gone on with and summed up."""

import csv
import itertools
import json
from collections.abc import Callable
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from torch import nn

from plumline import export_onnx
from plumline._files import write_csv
from plumline.bench import caps, contenders, footprint, measure, suite, timed
from plumline.bench import suites as _suites  # noqa: F401 - registers the suites
from plumline.bench.networks import chain, values
from plumline.bench.records import KEY, Records, read
from plumline.bench.subject import Subject
from plumline.bench.suite import Case, Settings
from plumline.bench.suite_run import run_suite
from plumline.bench.suites import models, plum_speed, resnet18_conv
from plumline.bench.summary import summarize
from plumline.cli import main
from plumline.compiler import compile_artifact
from plumline.errors import InputError
from plumline.runtime import native

SHORT = Settings(seconds=0.005, turns=2)
STANDING = {name for name in contenders.names() if not contenders.look_up(name).on_request}


@pytest.fixture(autouse=True)
def short(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(measure, "WARM_UP_SECONDS", 0.0)
    monkeypatch.setattr(measure, "PAUSE_SECONDS", 0.0)


def tiny(scheme: str, name: str = "tiny") -> Case:
    codes = [values.draw(scheme, (4, 4, 3, 3), np.random.default_rng(n)) for n in range(2)]
    return Case(name, "part", scheme, "random", partial(chain.fp32, name, codes, 1, (6, 6)), 2)


@pytest.fixture
def groups(monkeypatch: pytest.MonkeyPatch) -> list[list[Case]]:
    """Register a suite of these groups as ``tiny``."""
    groups = [[tiny("signed-binary"), tiny("binary")]]
    monkeypatch.setattr(suite, "_SUITES", dict(suite._SUITES))

    @suite.suite("tiny", "for tests", metric=timed.METRIC, columns=timed.COLUMNS)
    def run(settings: Settings, records: Records, say: suite.Say) -> None:
        timed.time_groups("tiny", groups, settings, records, say)

    return groups


def test_the_suites_are_those_of_the_folder() -> None:
    assert suite.names() == ["footprint", "models", "plum-speed", "resnet18-conv"]
    with pytest.raises(InputError, match="did you mean 'models'"):
        suite.look_up("model")


def test_resnet18_conv_has_every_3x3_shape_with_every_scheme_and_the_dense_layers() -> None:
    found = list(resnet18_conv.groups(Settings()))
    convolutions = [group for group in found if group[0].part != "dense"]
    assert [group[0].name for group in convolutions] == [
        *("64@56", "128@28", "256@14", "512@7"),
        *("64->128@56/2", "128->256@28/2", "256->512@14/2"),
    ]
    assert all([case.scheme for case in group] == values.schemes() for group in convolutions)
    assert [group[0].layers for group in convolutions] == [4, 4, 4, 4, 1, 1, 1]
    assert sum(len(group) for group in found) == 7 * 4 + 4
    only_binary = list(resnet18_conv.groups(Settings(schemes=("binary",))))
    assert {case.scheme for group in only_binary for case in group} == {"binary"}


def test_plum_speed_times_every_scheme_in_every_execution_at_once() -> None:
    found = list(plum_speed.groups(Settings()))
    assert len(found) == 7
    for group in found:
        cases = {(case.part, case.scheme): case for case in group}
        assert len(cases) == len(group) == 3 * 3
        assert len({case.name for case in group}) == 3
    small = next(case for case in found[-1] if case.part == "summerge, zeros added up")
    kernels = {node.attributes.get("sparsity_support") for node in small.subject.artifact.nodes}
    assert kernels == {0}
    with pytest.raises(InputError, match="leave out others"):
        run_suite("plum-speed", Settings(activations="int8"))


def trained(folder: Path, scheme: str) -> str:
    """Write a network of two equal layers and one of stride 2, all of a scheme."""
    shapes = ((8, 8, 1), (8, 8, 1), (16, 8, 2))
    convolutions = [nn.Conv2d(c, m, 3, stride, padding=1) for m, c, stride in shapes]
    for layer in convolutions:
        codes = values.draw(scheme, tuple(layer.weight.shape), np.random.default_rng(0))
        layer.weight.data = torch.from_numpy(codes)
    path = folder / scheme / "net.onnx"
    path.parent.mkdir()
    export_onnx(nn.Sequential(*convolutions).eval(), torch.zeros(1, 8, 6, 6), path)
    return str(path)


def test_plum_speed_times_layers_of_one_shape_in_trained_networks_together(tmp_path: Path) -> None:
    weights = tuple(trained(tmp_path, scheme) for scheme in ("binary", "signed-binary", "float"))
    settings = replace(SHORT, weights=weights, only="trained*")
    found = [group for group in plum_speed.groups(settings) if group[0].weights[0] == "t"]
    assert [[(case.part, case.scheme, case.layers) for case in group] for group in found] == [
        [
            (f"trained, {execution}", scheme, layers)
            for execution in plum_speed.EXECUTIONS
            for scheme in ("binary", "signed-binary")
        ]
        for layers in (2, 1)
    ]
    rows = run_suite("plum-speed", settings)
    assert len(rows) == 2 * 6
    assert {row["weights"] for row in rows} == {
        "trained: binary/net",
        "trained: signed-binary/net",
    }
    lines = {(line.part, line.over): line for line in summarize(rows, "median_ms")}
    assert lines["trained, summerge", "plumline with binary"].cases == 2


def test_plum_speed_tells_of_a_wrong_file_before_it_times(tmp_path: Path) -> None:
    path = tmp_path / "net.onnx"
    path.write_bytes(b"no network")
    with pytest.raises(InputError, match=r"net\.onnx"):
        next(plum_speed.groups(Settings(weights=(str(path),))))


@pytest.mark.parametrize("activations", ["fp32", "int8"])
def test_a_case_makes_the_network_it_names(activations: str) -> None:
    settings = Settings(activations=activations)
    case = next(group[0] for group in resnet18_conv.groups(settings) if "512@14" in group[0].name)
    assert case.subject.shapes(2) == {"input": (2, 256, 14, 14)}


def test_models_say_whether_they_are_trained(tmp_path: Path) -> None:
    path = tmp_path / "mine" / "net.onnx"
    path.parent.mkdir()
    path.touch()
    found = models.groups(Settings(weights=(str(path),)))
    cases = [case for group in found for case in group]
    assert {case.name for case in cases} == {
        *("resnet18@224", "resnet18-plum@224", "resnet20@32", "vgg-small@32", "squeezenet@227"),
        "mine/net",
    }
    for case in cases:
        assert case.weights.startswith(("untrained, density 0.", "untrained, density 1", "trained"))


def test_every_network_has_a_row_for_every_contender(groups: list[list[Case]]) -> None:
    rows = run_suite("tiny", SHORT)
    runtimes = [row["contender"] for row in rows if row["scheme"] == "binary"]
    assert runtimes[0] == "plumline"
    assert set(runtimes) == STANDING
    assert len(rows) == 2 * len(runtimes)
    assert len({row["date"] for row in rows}) == 1  # all of a group in one round of turns
    for row in rows:
        assert float(row["layer_ms"]) == pytest.approx(float(row["median_ms"]) / 2)
        assert float(row["difference"]) < 1e-4
        assert row["unrest"]
        assert row["cap_heeded"] == ""


def test_rows_are_kept_and_gone_on_with(
    groups: list[list[Case]], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "rows.csv"
    rows = run_suite("tiny", SHORT, csv=path)
    assert read(path) == rows
    with pytest.raises(InputError, match=r"rows\.csv.* is there already"):
        run_suite("tiny", SHORT, csv=path)
    groups.append([tiny("ternary", "more")])
    monkeypatch.setattr(Case, "subject", property(partial(only, "more")))
    more = run_suite("tiny", SHORT, csv=path, resume=True)
    assert more[: len(rows)] == rows
    assert {row["case"] for row in more[len(rows) :]} == {"more"}


def test_times_of_another_machine_are_not_gone_on_with(
    groups: list[list[Case]], tmp_path: Path
) -> None:
    path = tmp_path / "rows.csv"
    rows = run_suite("tiny", SHORT, csv=path)
    write_csv(path, [{**row, "cpu": "Z80"} for row in rows])
    with pytest.raises(InputError, match=r"holds times of another machine \(Z80, "):
        run_suite("tiny", SHORT, csv=path, resume=True)


def only(name: str, case: Case) -> Subject:
    assert case.name == name, "measured again"
    return case.make()


def test_a_file_of_something_else_is_not_gone_on_with(tmp_path: Path) -> None:
    path = tmp_path / "other.csv"
    path.write_text("a,b\n1,2\n")
    with pytest.raises(InputError, match="no rows of a suite"):
        Records(path, resume=True)
    assert path.read_text() == "a,b\n1,2\n"


def test_new_rows_of_a_network_replace_its_old_ones() -> None:
    records = Records()
    key = dict.fromkeys(KEY, "x")
    records.add([{**key, "n": 1}, {**key, "n": 2}, {**key, "case": "y", "n": 3}])
    records.add([{**key, "n": None}])
    assert [row["n"] for row in records.rows] == ["3", ""]
    assert records.has(key)
    assert not records.has({**key, "batch": 8})


def test_what_cannot_run_is_left_out_and_said(groups: list[list[Case]]) -> None:
    def missing() -> Subject:
        raise InputError("there is no such file")

    groups[0].append(Case("gone", "part", "binary", "w", missing))
    said: list[str] = []
    rows = run_suite("tiny", SHORT, say=said.append)
    assert any("left out: gone binary: there is no such file" in line for line in said)
    assert {row["case"] for row in rows} == {"tiny"}


def test_a_wrong_answer_is_left_out_and_said(
    groups: list[list[Case]], monkeypatch: pytest.MonkeyPatch
) -> None:
    liar = contenders.Contender(
        "liar", "numpy", ("onnx",), lambda *a: lambda feed: lambda: [np.zeros(1)]
    )
    monkeypatch.setitem(contenders.registry._CONTENDERS, "liar", liar)
    said: list[str] = []
    rows = run_suite("tiny", SHORT, say=said.append)
    assert any("left out: liar" in line for line in said)
    assert "liar" not in {row["contender"] for row in rows}


def test_a_cap_that_the_machine_does_not_have_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(caps.CAPS, "avx99", {})
    with pytest.raises(InputError, match="no avx99"):
        run_suite("models", SHORT, isas=["avx99"])


@pytest.mark.parametrize(
    ("wrong", "words"),
    [
        (lambda: run_suite("resnet18", SHORT), "unknown suite"),
        (lambda: run_suite("models", SHORT, isas=["avx5"]), "unknown instruction set"),
        (lambda: run_suite("models", Settings(cap="avx2")), "was not started with"),
        (lambda: Settings(activations="int9"), "did you mean 'int8'"),
        (lambda: Settings(turns=0), "above 0"),
        (lambda: Settings(schemes=("ternery",)), "did you mean 'ternary'"),
        (lambda: Settings(weights=("none.onnx",)), "no file 'none.onnx'"),
        (lambda: run_suite("resnet18-conv", replace(SHORT, only="512@8")), "nothing of"),
    ],
)
def test_a_wrong_setting_is_told(
    wrong: Callable[[], object], words: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("PLUMLINE_ISA", raising=False)
    with pytest.raises(InputError, match=words):
        wrong()


def test_settings_survive_the_way_to_another_process() -> None:
    settings = Settings(
        ("binary",), (1, 8), None, "a*", "int8", (__file__,), "data", 2.0, 3, "avx2"
    )
    assert Settings.from_json(settings.to_json()) == settings


@pytest.mark.skipif("avx2" not in native.module().available_isas(), reason="no AVX2 here")
def test_a_capped_run_is_a_process_of_its_own_that_says_who_heeds(tmp_path: Path) -> None:
    settings = Settings(schemes=("float",), only="1x1*256->512", seconds=0.005, turns=2)
    path = tmp_path / "rows.csv"
    rows = run_suite("resnet18-conv", settings, isas=["avx2"], csv=path)
    heeded = {row["contender"]: row["cap_heeded"] for row in rows}
    assert heeded["plumline"] == "yes"
    assert heeded["onnxruntime"] == "no"
    assert set(heeded.values()) <= {"yes", "no"}
    assert {(row["cap"], row["isa"]) for row in rows} == {("avx2", "avx2")}
    assert read(path) == rows


def test_without_the_settings_a_cap_is_not_in_force(monkeypatch: pytest.MonkeyPatch) -> None:
    for isa in caps.CAPS:
        for key, value in caps.environment(isa).items():
            monkeypatch.setenv(key, value)
        assert caps.in_force(isa)
        monkeypatch.delenv("ONEDNN_MAX_CPU_ISA")
        assert not caps.in_force(isa)
    assert caps.within("avx2", "jit_avx2_f32 brgconv_avx2_i8")
    assert not caps.within("avx2", "brgconv_avx512_f32")
    assert not caps.within("avx512", "jit:avx512_core_vnni")


ROWS = itertools.product(("a", "b"), ("signed-binary", "binary"), ("1", "2"))
MEDIANS = {"plumline": 1.0, "onnxruntime": 3.0, "openvino": 4.0, "torch": 8.0}


def record(
    case: str, scheme: str, threads: str, contender: str, median_ms: float
) -> dict[str, Any]:
    """Row of a made-up suite; plumline is twice as slow with binary weights, and with one thread.

    On network b everyone else takes four times as long.
    """
    if contender == "plumline":
        median_ms *= (2 if scheme == "binary" else 1) * (2 if threads == "1" else 1)
    elif case == "b":
        median_ms *= 4
    values = ("suite", case, scheme, "random", "fp32", "1", threads, "avx2")
    return {
        **dict(zip(KEY, values, strict=True)),
        **{"part": "p", "contender": contender, "cap_heeded": "no", "median_ms": str(median_ms)},
        **{"unrest": "0.1", "other_work": "", "date": "d"},
    }


def test_the_summary_is_the_geometric_mean_over_the_best_and_over_each() -> None:
    rows = [record(*where, name, ms) for where in ROWS for name, ms in MEDIANS.items()]
    rows += [record(*("a", "signed-binary", "2"), "torch-channels-last", 2.5)]
    for row in rows:
        row["cap_heeded"] = "no" if row["contender"] == "onnxruntime" else "yes"
    lines = {(li.scheme, li.threads, li.over): li for li in summarize(rows, "median_ms")}

    def found(scheme: str, threads: str, over: str) -> tuple[float, float, str]:
        line = lines[scheme, threads, over]
        return pytest.approx(line.geomean), pytest.approx(line.minimum), line.minimum_case

    # Two threads, signed-binary: plumline takes 1 on both, ONNX Runtime 3 on a and 12 on b.
    assert found("signed-binary", "2", "onnxruntime") == (6.0, 3.0, "a")
    assert found("signed-binary", "2", "torch") == ((2.5 * 32) ** 0.5, 2.5, "a")
    assert found("signed-binary", "2", "best other") == ((2.5 * 12) ** 0.5, 2.5, "a")
    assert found("signed-binary", "2", "best that heeds the cap") == ((2.5 * 16) ** 0.5, 2.5, "a")
    assert found("signed-binary", "2", "plumline with binary") == (2.0, 2.0, "a")
    assert found("signed-binary", "2", "plumline with 1 thread") == (2.0, 2.0, "a")
    assert found("binary", "1", "best other") == ((3 / 4 * 3) ** 0.5, 0.75, "a")
    assert ("binary", "1", "plumline with signed-binary") not in lines
    assert ("signed-binary", "1", "plumline with 1 thread") not in lines
    line = lines["signed-binary", "2", "onnxruntime"]
    assert (line.cases, line.cap_heeded, line.unrest, line.other_work) == (2, "no", 0.1, None)


def test_schemes_compare_only_within_one_round_of_turns() -> None:
    rows = [record("a", scheme, "1", "plumline", 1.0) for scheme in ("signed-binary", "binary")]
    rows[1]["date"] = "another"
    assert summarize(rows, "median_ms") == []


@pytest.mark.parametrize("name", ["plumline", "onnxruntime", "compile"])
def test_memory_and_times_are_those_of_a_new_process(name: str, tmp_path: Path) -> None:
    subject = tiny("binary").make()
    (tmp_path / footprint.FILES["onnx"]).write_bytes(subject.onnx)
    compile_artifact(subject.onnx).write(tmp_path / footprint.FILES["artifact"])
    (tmp_path / footprint.SHAPES).write_text(json.dumps(subject.shapes(1)))
    found = footprint.ask(name, tmp_path, threads=1)
    assert all(value > 0 for value in found.values())
    if name != "compile":
        assert found["resident_mib"] <= found["peak_mib"] < 500


def test_the_command_prints_and_writes_both_tables(
    groups: list[list[Case]], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / "out.csv"
    short = ["--seconds", "0.005", "--repeats", "2", "--schemes", "binary"]
    assert main(["bench", "--suite", "tiny", *short, "--csv", str(path)]) == 0
    text = capsys.readouterr().out
    assert "over best other" in text
    assert all(name in text for name in STANDING)
    with (tmp_path / "out-summary.csv").open() as file:
        summary = list(csv.DictReader(file))
    assert {row["over"] for row in summary} >= {"best other", "onnxruntime", "torch"}
    assert main(["bench", "--suite", "tiny", *short, "--csv", str(path)]) == 2
    assert main(["bench", "--suite", "tiny", "--resume", *short, "--csv", str(path)]) == 0


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["--suite", "tiny", "net.onnx"], "own networks"),
        (["--suite", "tiny", "--against", "torch"], "own networks"),
        (["--suite", "tiny", "--resume"], "--csv"),
        (["net.onnx", "--quick"], "--suite"),
        (["net.onnx", "--threads", "1,2"], "takes one number"),
        ([], "--suite"),
    ],
)
def test_options_that_do_not_go_together_are_told(
    arguments: list[str], words: str, groups: object, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["bench", *arguments]) == 2
    assert words in capsys.readouterr().err
