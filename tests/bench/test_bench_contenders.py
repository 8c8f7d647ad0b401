"""Contenders: each answers like the module, on the inputs it is given, or says what it needs."""

import os
from pathlib import Path

import numpy as np
import pytest
import torch
from torch import nn

import plumline
from plumline import bench
from plumline.bench import Subject, contenders
from plumline.bench.networks import chain, values
from plumline.cli import main
from plumline.compiler.summerge import DEFAULT_TILE
from plumline.errors import ArtifactError, InputError

STANDING = ("onnxruntime", "openvino", "plumline", "torch", "torch-channels-last")
ALL = ("onnxruntime", "openvino", "plumline", "summerge", "torch", "torch-channels-last")


@pytest.fixture
def few_values() -> Subject:
    """A layer whose filters are {0, a}."""
    codes = values.draw("signed-binary", (8, 8, 3, 3), np.random.default_rng(0))
    return chain.fp32("layer", [codes], 1, (6, 6))


def test_the_contenders_are_those_of_the_folder() -> None:
    assert tuple(bench.names()) == ALL
    with pytest.raises(InputError, match="did you mean 'onnxruntime'"):
        bench.look_up("onnxruntim")


@pytest.mark.parametrize("name", STANDING)
@pytest.mark.parametrize("rows", [1, 3])
def test_a_contender_answers_like_the_module(
    name: str, rows: int, subject: Subject, module: nn.Module
) -> None:
    shapes = subject.shapes(batch=rows)
    feed = subject.noise(shapes)
    (answer,) = bench.look_up(name).open(subject, 1, shapes)(feed)()
    with torch.no_grad():
        expected = module(torch.from_numpy(feed["input"])).numpy()
    np.testing.assert_allclose(answer, expected, rtol=1e-4, atol=1e-5)


@pytest.mark.parametrize("name", STANDING)
def test_without_shapes_the_batch_stays_open(name: str, subject: Subject) -> None:
    bind = bench.look_up(name).open(subject, 1)
    for rows in (1, 4):
        assert bind(subject.noise(subject.shapes(rows)))()[0].shape == (rows, 10)


def test_only_those_that_take_the_network_are_able(program_file: Path, onnx_file: Path) -> None:
    assert bench.able(Subject.open(program_file)) == ["plumline"]
    assert bench.able(Subject.open(onnx_file)) == ["onnxruntime", "openvino", "plumline"]


def test_a_contender_on_request_is_able_but_never_unasked(subject: Subject) -> None:
    assert bench.look_up("summerge").takes(subject)
    assert bench.able(subject) == list(STANDING)


@pytest.mark.parametrize(
    ("name", "words"),
    [("torch", "PyTorch module"), ("openvino", ".onnx"), ("summerge", "needs a .onnx")],
)
def test_a_contender_says_what_it_needs(name: str, words: str, program_file: Path) -> None:
    with pytest.raises(InputError, match=words):
        bench.look_up(name).open(Subject.open(program_file), 1)


def test_an_exported_program_beside_the_file_is_the_module(
    onnx_file: Path, module: nn.Module, tmp_path: Path
) -> None:
    path = tmp_path / "net.onnx"
    path.write_bytes(onnx_file.read_bytes())
    example = torch.zeros(1, 1, 8, 8)
    torch.export.save(torch.export.export(module, (example,)), path.with_suffix(".pt2"))
    subject = Subject.open(path)
    assert "torch" in bench.able(subject)
    assert bench.compare(subject, ["torch"], seconds=0.01, turns=2).row("torch").difference < 1e-4


def test_both_files_know_their_inputs_and_metadata(onnx_file: Path, program_file: Path) -> None:
    for path in (onnx_file, program_file):
        subject = Subject.open(path)
        assert list(subject.inputs) == ["input"]
        assert subject.inputs["input"][1:] == (1, 8, 8)
        assert subject.metadata["plumline.dataset"] == "digits"
        assert subject.shapes(5) == {"input": (5, 1, 8, 8)}


def test_open_sizes_other_than_the_batch_must_be_given() -> None:
    subject = Subject("net", {"input": ("N", 3, "H", "W")})
    with pytest.raises(InputError, match=r"--shape input=2,3,H,W"):
        subject.shapes(2)
    assert subject.shapes(2, {"input": (1, 3, 8, 8)}) == {"input": (1, 3, 8, 8)}
    with pytest.raises(InputError, match="no input 'image'"):
        subject.shapes(2, {"image": (1, 3, 8, 8)})


@pytest.mark.parametrize(
    ("name", "content", "error"),
    [
        ("missing.onnx", None, InputError),
        ("net.txt", b"", InputError),
        ("net.onnx", b"no network", InputError),
        ("net.plum", b"no network", ArtifactError),
    ],
)
def test_a_file_that_is_no_network_is_refused_by_name(
    name: str, content: bytes | None, error: type[InputError], tmp_path: Path
) -> None:
    path = tmp_path / name
    if content is not None:
        path.write_bytes(content)
    with pytest.raises(error, match=name):
        Subject.open(path)


def test_plumline_runs_the_program_it_is_given(program_file: Path) -> None:
    subject = Subject.open(program_file)
    feed = subject.noise(subject.shapes(2))
    (answer,) = bench.look_up("plumline").open(subject, 1)(feed)()
    np.testing.assert_array_equal(answer, plumline.load(os.fspath(program_file))(feed["input"]))


@pytest.mark.parametrize(
    ("spec", "full"),
    [
        ("summerge", "summerge:tile=4:sparsity=on"),
        ("summerge:sparsity=off", "summerge:tile=4:sparsity=off"),
        ("summerge:sparsity=on:tile=8", "summerge:tile=8:sparsity=on"),
        ("plumline", "plumline"),
    ],
)
def test_the_name_of_a_contender_says_all_its_options(spec: str, full: str) -> None:
    assert bench.look_up(spec).name == full
    assert bench.look_up(full).name == full


@pytest.mark.parametrize(
    ("spec", "words"),
    [
        ("summerg:tile=4", "did you mean 'summerge'"),
        ("summerge:tiles=4", "'tiles': did you mean 'tile'"),
        ("plumline:tile=4", "'plumline' 'tile'"),
        ("summerge:tile", "summerge:tile=VALUE"),
        ("summerge:tile=4:tile=8", "tile is given twice"),
        ("summerge:tile=many", "'many'"),
        ("summerge:tile=on", "tile must be a whole number"),
        ("summerge:sparsity=1", "sparsity must be on or off"),
    ],
)
def test_a_wrong_option_is_told(spec: str, words: str) -> None:
    with pytest.raises(InputError, match=words):
        bench.look_up(spec)


@pytest.mark.parametrize(
    ("spec", "asked"),
    [
        ("summerge", {"tile": DEFAULT_TILE, "sparsity_support": 1}),
        ("summerge:sparsity=off:tile=7", {"tile": 7, "sparsity_support": 0}),
    ],
)
def test_summerge_is_compiled_with_the_options_of_its_name(
    spec: str, asked: dict[str, int], few_values: Subject, monkeypatch: pytest.MonkeyPatch
) -> None:
    programs = []
    monkeypatch.setattr(contenders.plumline, "_bind", programs.append)
    bench.look_up(spec).open(few_values, 1)
    (conv,) = (node for node in programs[0].artifact.nodes if node.op == "conv")
    assert conv.attributes["kernels"] == "summerge"
    assert asked.items() <= conv.attributes.items()


def test_a_network_is_compared_in_several_executions(few_values: Subject) -> None:
    asked = ["summerge", "summerge:sparsity=off", "summerge:tile=4:sparsity=on"]
    found = bench.compare(few_values, asked, seconds=0.01, turns=2)
    names = ["plumline", "summerge:tile=4:sparsity=on", "summerge:tile=4:sparsity=off"]
    assert [row.contender for row in found.rows] == names
    assert all(row.difference < 1e-5 and row.version for row in found.rows)


def test_one_command_times_a_file_in_several_executions(
    few_values: Subject, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / "net.onnx"
    path.write_bytes(few_values.onnx)
    against = ["--against", "summerge,summerge:sparsity=off"]
    assert main(["bench", str(path), *against, "--seconds", "0.01", "--repeats", "2"]) == 0
    text = capsys.readouterr().out
    runtimes = [line.split()[0] for line in text.splitlines() if "0." in line]
    wanted = ["plumline", "summerge:tile=4:sparsity=on", "summerge:tile=4:sparsity=off"]
    assert [name for name in runtimes if name in wanted] == wanted


@pytest.mark.parametrize(
    ("spec", "words"), [("summerge", "repeats a few values"), ("summerge:tile=9", "from 1 to 8")]
)
def test_what_summerge_cannot_execute_is_told(spec: str, words: str, subject: Subject) -> None:
    with pytest.raises(InputError, match=words):
        bench.compare(subject, [spec])
