"""What a file written by ``export_onnx`` must be: plain, whole, checked and equal to the module."""

import importlib
import json
import logging
from pathlib import Path

import numpy as np
import onnx
import onnxruntime
import pytest
import torch
from onnx import numpy_helper
from torch import Tensor, nn

import plumline
from plumline.errors import InputError, MissingDependencyError
from plumline.export import export_onnx


class Small(nn.Module):
    """Quantizable convolutions, BatchNorm with statistics, a shortcut and a classifier."""

    def __init__(self) -> None:
        super().__init__()
        torch.manual_seed(0)
        self.first = nn.Conv2d(3, 8, 3, padding=1, bias=False)
        self.norm = nn.BatchNorm2d(8)
        self.second = nn.Conv2d(8, 8, 3, padding=1, bias=False)
        self.classify = nn.Linear(8, 5)
        self.norm.running_mean.normal_()
        self.norm.running_var.uniform_(0.5, 2.0)

    def forward(self, image: Tensor) -> Tensor:
        x = torch.relu(self.norm(self.first(image)))
        x = torch.relu(self.second(x) + x)
        return self.classify(x.mean((2, 3)))


class Sum(nn.Module):
    def forward(self, left: Tensor, right: Tensor) -> dict[str, Tensor]:
        return {"sum": left + right, "difference": left - right}


class SumOfAny(nn.Module):
    def forward(self, *terms: Tensor) -> Tensor:
        return sum(terms[1:], start=terms[0])


class OneBatchSize(nn.Module):
    def forward(self, x: Tensor) -> Tensor:
        return x.reshape(4, -1)


class Restless(nn.Module):
    """Answers differently every time: no file can equal it."""

    def forward(self, x: Tensor) -> Tensor:
        return x + torch.rand_like(x)


class Branching(nn.Module):
    def forward(self, x: Tensor) -> Tensor:
        return x if x.sum() > 0 else -x


IMAGE = torch.linspace(-1, 1, 2 * 3 * 8 * 8).reshape(2, 3, 8, 8)


def session(path: Path) -> onnxruntime.InferenceSession:
    return onnxruntime.InferenceSession(path, providers=["CPUExecutionProvider"])


@pytest.mark.parametrize("rows", [1, 2, 7])
def test_any_batch_size_gets_the_answers_of_the_module(tmp_path: Path, rows: int) -> None:
    model = Small().eval()
    export_onnx(model, IMAGE[:1], tmp_path / "net.onnx")
    x = torch.randn(rows, 3, 8, 8)
    (answer,) = session(tmp_path / "net.onnx").run(None, {"input": x.numpy()})
    with torch.no_grad():
        np.testing.assert_allclose(answer, model(x).numpy(), rtol=1e-4, atol=1e-5)


def test_quantized_weights_keep_their_bits(tmp_path: Path) -> None:
    model = Small()
    plumline.convert_(model, plumline.SignedBinary(), keep=["first", "classify"])
    export_onnx(model, IMAGE, tmp_path / "net.onnx")
    stored = [numpy_helper.to_array(t) for t in onnx.load(tmp_path / "net.onnx").graph.initializer]
    expected = model.second.weight.detach().numpy()
    assert len(np.unique(expected)) <= 3
    assert any(w.shape == expected.shape and np.array_equal(w, expected) for w in stored)


def test_the_model_itself_is_not_touched(tmp_path: Path) -> None:
    model = Small().train()
    plumline.convert_(model, plumline.Binary(), keep=["first", "classify"])
    before = {name: value.clone() for name, value in model.state_dict().items()}
    export_onnx(model, IMAGE, tmp_path / "net.onnx")
    assert model.training
    assert all(p.requires_grad for p in model.parameters())
    assert before.keys() == model.state_dict().keys()
    assert all(torch.equal(value, before[name]) for name, value in model.state_dict().items())


def test_only_operators_of_the_standard_set_in_one_file_without_paths(tmp_path: Path) -> None:
    report = export_onnx(Small(), IMAGE, tmp_path / "net.onnx", opset=18)
    proto = onnx.load(tmp_path / "net.onnx")
    assert [(o.domain, o.version) for o in proto.opset_import] == [("", 18)]
    assert not proto.functions
    assert report.operators == {
        "Add": 1,
        "BatchNormalization": 1,
        "Conv": 2,
        "Gemm": 1,
        "ReduceMean": 1,
        "Relu": 2,
    }
    assert [p.name for p in tmp_path.iterdir()] == ["net.onnx"]
    data = (tmp_path / "net.onnx").read_bytes()
    assert report.bytes == len(data)
    assert str(Path(__file__).parent).encode() not in data
    assert b"torch/nn" not in data


def test_metadata_travels_in_the_file(tmp_path: Path) -> None:
    notes = {"dataset": "digits", "mean": [0.5], "classes": ["0", "1"]}
    export_onnx(Small(), IMAGE, tmp_path / "net.onnx", metadata=notes)
    stored = {p.key: p.value for p in onnx.load(tmp_path / "net.onnx").metadata_props}
    assert stored["plumline.dataset"] == "digits"
    assert json.loads(stored["plumline.mean"]) == [0.5]
    assert json.loads(stored["plumline.classes"]) == ["0", "1"]


def test_several_inputs_are_named_after_the_arguments(tmp_path: Path) -> None:
    report = export_onnx(Sum(), (torch.ones(2, 3), torch.ones(2, 3)), tmp_path / "net.onnx")
    assert report.inputs == {"left": ("batch", 3), "right": ("batch", 3)}
    assert report.outputs == ("output_0", "output_1")


def test_open_argument_lists_are_counted(tmp_path: Path) -> None:
    report = export_onnx(SumOfAny(), [torch.ones(2, 3)] * 3, tmp_path / "net.onnx")
    assert list(report.inputs) == ["input_0", "input_1", "input_2"]


@pytest.mark.parametrize("opset", [17, 18, 21])
def test_opset_is_the_one_asked_for(tmp_path: Path, opset: int) -> None:
    export_onnx(nn.Conv1d(2, 3, 3), torch.ones(1, 2, 9), tmp_path / "net.onnx", opset=opset)
    assert onnx.load(tmp_path / "net.onnx").opset_import[0].version == opset


def test_a_fixed_batch_size_is_kept_when_asked_for(tmp_path: Path) -> None:
    report = export_onnx(
        OneBatchSize(), torch.ones(4, 2, 3), tmp_path / "net.onnx", dynamic_batch=False
    )
    assert report.inputs == {"input": (4, 2, 3)}


@pytest.mark.parametrize(
    ("model", "options", "words"),
    [
        (OneBatchSize(), {}, "dynamic_batch=False"),
        (Restless(), {}, "differ"),
        (Branching(), {}, "cannot export Branching"),
        (nn.Identity(), {"opset": 13}, "opset 13"),
        (nn.Linear(7, 2), {}, "Linear fails on inputs of shape"),
    ],
)
def test_a_model_that_cannot_be_exported_leaves_one_line_and_no_file(
    tmp_path: Path, model: nn.Module, options: dict[str, int], words: str
) -> None:
    with pytest.raises(InputError, match=words) as caught:
        export_onnx(model, torch.ones(4, 3), tmp_path / "net.onnx", **options)
    assert "\n" not in str(caught.value)
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize("example", [[], torch.tensor(1.0), [1.0]])
def test_an_example_must_be_tensors_with_a_batch(tmp_path: Path, example: object) -> None:
    with pytest.raises(InputError, match="example"):
        export_onnx(nn.Identity(), example, tmp_path / "net.onnx")  # type: ignore[arg-type]  # on purpose


def test_nothing_is_printed_and_logging_is_as_before(
    tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    export_onnx(Small(), IMAGE, tmp_path / "net.onnx")
    assert capfd.readouterr() == ("", "")
    assert logging.root.manager.disable == 0


def test_without_onnx_runtime_the_evaluator_of_onnx_checks(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from plumline import export

    def without_onnxruntime(module: str, extra: str) -> object:
        if module == "onnxruntime":
            raise MissingDependencyError("not here")
        return importlib.import_module(module)

    monkeypatch.setattr(export, "require", without_onnxruntime)
    assert "onnx.reference" in export_onnx(Small(), IMAGE, tmp_path / "n.onnx").checked_with
