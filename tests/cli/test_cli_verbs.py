"""Each verb does what its page says, on one small run that is trained once for all of them."""

import csv
import json
import os
import re
import signal
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import onnx
import pytest

from plumline.cli import app, main
from plumline.cli.verbs import doctor, quickstart

RECIPE = ["train", "digits-quick", "--set", "train.epochs=2", "--device", "cpu"]


def answer(capsys: pytest.CaptureFixture[str], *arguments: str | os.PathLike[str]) -> Any:
    """Run a verb with ``--json`` and return the object it prints."""
    capsys.readouterr()
    code = main([*map(os.fspath, arguments), "--json"])
    out, err = capsys.readouterr()
    assert code == 0, err
    assert out.count("\n") == 1
    return json.loads(out)


def said(capsys: pytest.CaptureFixture[str], *arguments: str | os.PathLike[str]) -> str:
    """Run a verb for people and return the text."""
    capsys.readouterr()
    assert main([*map(os.fspath, arguments)]) == 0
    return capsys.readouterr().out


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A trained run with its ONNX file and program, made by the verbs."""
    folder = tmp_path_factory.mktemp("digits")
    run, net, program = folder / "run", folder / "net.onnx", folder / "net.plum"
    assert main([*RECIPE, "--out", str(run)]) == 0
    assert main(["export", str(run), "-o", str(net)]) == 0
    assert main(["compile", str(net), "-o", str(program)]) == 0
    return folder


def test_train_fills_a_folder_and_goes_on_where_it_was(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    before = (folder / "run" / "metrics.jsonl").read_bytes()
    result = answer(capsys, *RECIPE, "--out", folder / "run")  # finished: nothing is trained again
    assert (folder / "run" / "metrics.jsonl").read_bytes() == before
    assert result["final"]["epoch"] == 2
    assert result["layers"]["quantized"]["parameters"] > 0
    assert "test accuracy" in said(capsys, *RECIPE, "--out", folder / "run")


def test_train_refuses_a_folder_of_another_recipe(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main([*RECIPE, "--set", "train.lr=0.5", "--out", str(folder / "run")]) == 2
    assert "train.lr" in capsys.readouterr().err


def test_ctrl_c_leaves_a_run_that_goes_on(tmp_path: Path) -> None:
    run = tmp_path / "run"
    arguments = ["train", "digits-quick", "--set", "train.epochs=1000", "--out", str(run)]
    command = [sys.executable, "-m", "plumline.cli", *arguments]
    process = subprocess.Popen(command, stderr=subprocess.PIPE, text=True)
    assert process.stderr is not None
    first = process.stderr.readline()
    process.send_signal(signal.SIGINT)
    *_, last = process.stderr.readlines()
    assert process.wait() == 130
    assert first.startswith("epoch 1/1000")
    assert last.startswith("plumline: error: stopped after step")
    assert (run / "checkpoint.pt").is_file()


def test_only_the_first_of_several_processes_answers(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("RANK", "1")
    assert main(["doctor"]) == 0
    assert capsys.readouterr().out == ""


def test_train_puts_the_run_below_runs(monkeypatch: pytest.MonkeyPatch) -> None:
    class Seen(Exception):
        pass

    def run(recipe: object, out: Path, *_: object, **__: object) -> None:
        raise Seen(out)

    monkeypatch.setattr("plumline.training.run", run)
    with pytest.raises(Seen, match="runs/digits-quick"):
        main(RECIPE)


def test_the_exported_file_knows_what_an_evaluation_must_know(folder: Path) -> None:
    stored = {p.key: p.value for p in onnx.load(folder / "net.onnx").metadata_props}
    assert stored["plumline.dataset"] == "digits"
    assert len(json.loads(stored["plumline.classes"])) == 10
    assert len(json.loads(stored["plumline.mean"])) == len(json.loads(stored["plumline.std"])) == 1


def test_eval_scores_the_same_in_three_runtimes(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    scores = [answer(capsys, "eval", folder / name) for name in ("run", "net.onnx", "net.plum")]
    assert [score["runtime"] for score in scores] == ["torch", "onnxruntime", "plumline"]
    assert len({score["top1"] for score in scores}) == 1
    assert {score["images"] for score in scores} == {scores[0]["images"]}
    losses = [score["loss"] for score in scores]
    assert losses == pytest.approx([losses[0]] * 3, rel=1e-4)
    assert f"top-1 {scores[0]['top1']:.2f} %" in said(capsys, "eval", folder / "net.plum")


@pytest.mark.parametrize("name", ["run", "net.onnx", "net.plum"])
def test_eval_takes_another_normalization(
    folder: Path, name: str, capsys: pytest.CaptureFixture[str]
) -> None:
    usual = answer(capsys, "eval", folder / name)
    other = answer(capsys, "eval", folder / name, "--mean", "3", "--std", "0.1", "--batch", "50")
    assert other["images"] == usual["images"]
    assert other["loss"] > usual["loss"]


def test_compile_says_what_it_found_and_the_size_that_ls_shows(
    folder: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    found = answer(capsys, "compile", folder / "net.onnx", "-o", tmp_path / "net.plum")
    assert found["bytes"] == (tmp_path / "net.plum").stat().st_size
    patterns = {row["pattern"]: row for row in found["patterns"]}
    packed = [row for pattern, row in patterns.items() if pattern.startswith("{0,a}")]
    assert packed
    assert all(row["bits_per_weight"] < 1.5 for row in packed)
    assert sum(row["weights"] for row in patterns.values()) == found["weights"]


def test_compile_fixes_shapes(
    folder: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    program = tmp_path / "fixed.plum"
    answer(capsys, "compile", folder / "net.onnx", "-o", program, "--shape", "input=2,1,8,8")
    assert answer(capsys, "inspect", program)["inputs"] == [
        {"name": "input", "shape": [2, 1, 8, 8]}
    ]


def test_compile_tunes_and_inspect_says_so(
    folder: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    program = tmp_path / "tuned.plum"
    tune = ["compile", folder / "net.onnx", "-o", program, "--tune"]
    assert main([*map(os.fspath, tune)]) == 2
    assert "give it a shape" in capsys.readouterr().err
    tuning = answer(capsys, *tune, "--shape", "input=1,1,8,8")["tuning"]
    steps = answer(capsys, "inspect", program)["steps"]
    assert tuning["choices"]
    chosen = {step["node"]: step for step in steps if step["choice"] == "tuned"}
    assert set(chosen) == {choice["node"] for choice in tuning["choices"]}
    for choice in tuning["choices"]:
        assert chosen[choice["node"]]["kernel"].startswith(choice["tuned"] + "/")
    text = said(capsys, *tune, "--shape", "input=1,1,8,8", "--threads", "2")
    assert re.search(r"tuned \d+ steps for \w+, threads: \d; \d+ changed: ", text)


def test_compile_takes_a_choice_of_kernels_and_inspect_tells_it(
    folder: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    program = tmp_path / "chosen.plum"
    compile = ["compile", folder / "net.onnx", "-o", program, "--kernels", "summerge"]
    answer(capsys, *compile, "--no-sparsity-support", "--tile", "8")
    why = [step["why"] for step in answer(capsys, "inspect", program)["steps"]]
    assert any(text.endswith("summerge in tiles of 8, zeros added up") for text in why)
    assert main([*map(os.fspath, compile), "--tile", "9"]) == 2
    assert capsys.readouterr().err.count("\n") == 1


def test_run_reads_and_writes_arrays(
    folder: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    import plumline

    x = np.random.default_rng(0).standard_normal((3, 1, 8, 8), dtype=np.float32)
    np.save(tmp_path / "x.npy", x)
    for text in (tmp_path / "x.npy", f"input={tmp_path / 'x.npy'}"):
        out = tmp_path / "out.npz"
        about = answer(capsys, "run", folder / "net.plum", "--input", text, "-o", out)
        with np.load(out) as written:
            expected = plumline.load(folder / "net.plum")(x)
            np.testing.assert_array_equal(written["output"], expected)
        assert about["outputs"][0]["shape"] == [3, 10]
        assert about["outputs"][0]["max"] == pytest.approx(float(expected.max()))


def test_run_writes_outputs_of_any_name(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    from onnx import TensorProto, helper

    import plumline

    names = ["file", "allow_pickle", "a/b"]
    ports = [helper.make_tensor_value_info(name, TensorProto.FLOAT, [2]) for name in ("x", *names)]
    nodes = [helper.make_node("Relu", ["x"], [name]) for name in names]
    model = helper.make_model(
        helper.make_graph(nodes, "names", ports[:1], ports[1:]),
        opset_imports=[helper.make_opsetid("", 17)],
    )
    plumline.compile(model).save(tmp_path / "net.plum")
    answer(capsys, "run", tmp_path / "net.plum", "--random", "0", "-o", tmp_path / "out.npz")
    with np.load(tmp_path / "out.npz") as written:
        assert sorted(written) == sorted(names)


def test_run_takes_each_input_once(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["run", str(folder / "net.plum"), "-i", "x.npy", "-i", "input=y.npy"]) == 2
    assert "given twice: 'x.npy' and 'y.npy'" in capsys.readouterr().err


@pytest.mark.parametrize(
    "arguments",
    [
        ("compile", "net.onnx", "-o", "net.onnx"),
        ("compile", "net.onnx", "-o", "folder"),
        ("run", "net.plum", "--random", "0", "-o", "net.plum"),
        ("run", "net.plum", "--input", "x.npy", "-o", "x.npy"),
        ("bench", "net.onnx", "--csv", "net.onnx"),
        ("bench", "net.onnx", "--out", "folder"),
        ("export", "run", "-o", "folder"),
    ],
    ids=" ".join,
)
def test_what_is_read_is_never_written_over(
    arguments: tuple[str, ...],
    folder: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.chdir(tmp_path)
    for name in ("net.onnx", "net.plum"):
        (tmp_path / name).write_bytes((folder / name).read_bytes())
    np.save("x.npy", np.zeros((1, 1, 8, 8), np.float32))
    (tmp_path / "folder").mkdir()
    (tmp_path / "run").symlink_to(folder / "run")
    before = {path.name: path.read_bytes() for path in tmp_path.iterdir() if path.is_file()}
    assert main(arguments) == 2
    assert f"{arguments[-1]!r} is a f" in capsys.readouterr().err
    assert before == {p.name: p.read_bytes() for p in tmp_path.iterdir() if p.is_file()}


def test_run_on_noise_depends_on_the_seed_alone(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    first, again, other = (
        answer(capsys, "run", folder / "net.plum", "--random", seed) for seed in ("1", "1", "2")
    )
    assert first == again != other


@pytest.mark.parametrize(
    ("array", "words"),
    [
        (np.zeros((3, 1, 8, 9), np.float32), "(3, 1, 8, 9)"),
        (np.zeros((3, 1, 8, 8), np.float64), "float64"),
        (None, "x.npy"),
    ],
)
def test_run_refuses_other_arrays(
    folder: Path,
    tmp_path: Path,
    array: "np.ndarray[Any, Any] | None",
    words: str,
    capsys: pytest.CaptureFixture[str],
) -> None:
    path = tmp_path / "x.npy"
    if array is None:
        path.write_bytes(b"this is no array")
    else:
        np.save(path, array)
    assert main(["run", str(folder / "net.plum"), "--input", str(path)]) == 2
    err = capsys.readouterr().err
    assert err.count("\n") == 1
    assert words in err


def test_inspect_counts_what_is_in_the_file(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    program = answer(capsys, "inspect", folder / "net.plum")
    network = answer(capsys, "inspect", folder / "net.onnx")
    size = (folder / "net.plum").stat().st_size
    assert program["bytes"] == network["program_bytes"] == size
    assert network["bytes"] == (folder / "net.onnx").stat().st_size
    assert program["steps"] == network["steps"]
    weights = [step for step in program["steps"] if step["weights"]]
    total = program["totals"]
    assert total["weights"] == sum(step["weights"] for step in weights)
    assert sum(step["weight_bytes"] for step in weights) <= size
    assert total["planned_operations"] < total["dense_operations"]
    text = said(capsys, "inspect", folder / "net.plum")
    assert f"{size:,} bytes" in text
    assert all(step["node"] in text and step["why"] in text for step in program["steps"])


def test_inspect_of_a_run_is_the_report_of_its_layers(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    run = answer(capsys, "inspect", folder / "run")
    program = answer(capsys, "inspect", folder / "net.plum")
    assert run["epochs_left"] == 0
    assert run["total"]["parameters"] == program["totals"]["weights"]
    assert run["total"]["density"] == pytest.approx(program["totals"]["density"], abs=1e-3)


def test_bench_of_a_file_and_of_a_run(
    folder: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    short = ["--seconds", "0.02", "--repeats", "2"]
    table, data = tmp_path / "bench.csv", tmp_path / "bench.json"
    printed = answer(
        capsys,
        *("bench", folder / "net.onnx", "--against", "onnxruntime,torch", "--run", folder / "run"),
        *("--csv", table, "--out", data, "--batch", "2", *short),
    )
    assert [r["contender"] for r in printed["rows"]] == ["plumline", "onnxruntime", "torch"]
    assert json.loads(data.read_text()) == printed
    with table.open() as file:
        assert [record["inputs"] for record in csv.DictReader(file)] == ["input=2x1x8x8"] * 3
    text = said(capsys, "bench", folder / "run", *short)
    assert all(name in text for name in ("plumline", "onnxruntime", "openvino", "torch", "ratio"))


def test_bench_says_what_torch_needs(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["bench", str(folder / "net.onnx"), "--against", "torch"]) == 2
    assert "module" in capsys.readouterr().err


def test_doctor_names_versions_sets_and_right_kernels(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PLUMLINE_ISA", "portable")
    found = answer(capsys, "doctor")
    assert found["plumline"]["in_use"] == "portable"
    assert found["settings"]["PLUMLINE_ISA"] == "portable"
    assert found["packages"]["base"]["numpy"] == np.__version__
    assert "test images" in found["data"]["sets"]["digits"]
    assert set(found["self_test"]) == set(found["plumline"]["instruction_sets"])
    assert all(error < 1e-5 for error in found["self_test"].values())
    assert "self-test" in said(capsys, "doctor")


def test_doctor_fails_when_a_kernel_is_wrong(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("plumline.cli.selftest._convolve", lambda x, w: np.ones((2, 7, 9, 9)))
    assert main(["doctor"]) == 2
    assert "answer wrongly" in capsys.readouterr().err
    assert doctor.run is app.VERBS["doctor"].run


def test_quickstart_goes_the_whole_way_twice(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    short = {
        name: {**changes, "train.epochs": "2"} for name, changes in quickstart.NETWORKS.items()
    }
    monkeypatch.setattr(quickstart, "NETWORKS", short)
    monkeypatch.setattr(quickstart, "SECONDS", 0.05)
    found = answer(capsys, "quickstart", "--out", tmp_path)
    assert [row["network"] for row in found["networks"]] == ["float", "signed-binary"]
    for row in found["networks"]:
        assert set(row["top1"]) == {"plumline", "onnxruntime", "torch"} == set(row["median_ms"])
        assert len(set(row["top1"].values())) == 1
        assert row["plum_bytes"] == (tmp_path / f"{row['network']}.plum").stat().st_size
    plain, packed = found["networks"]
    assert packed["plum_bytes"] < plain["plum_bytes"] / 10
    assert packed["density"] < plain["density"] == 1
    text = said(capsys, "quickstart", "--out", tmp_path)
    assert "signed-binary" in text
    assert "What next" in text
