"""From trivial to the whole way: when something is broken, the first failure here says what."""

from pathlib import Path

import numpy as np
import onnxruntime
import pytest
import torch
from onnx import TensorProto, helper
from torch import Tensor, nn
from torch.nn import functional

import plumline as pl


def test_01_it_has_a_version() -> None:
    assert pl.__version__


def test_02_a_signed_binary_filter_has_two_values_one_of_them_zero() -> None:
    weight = torch.linspace(-1, 1, 4 * 2 * 3 * 3).reshape(4, 2, 3, 3)
    for row in pl.SignedBinary().quantizer(weight)(weight):
        assert {float(v) for v in row.unique()} in ({0.0}, {1.0}, {-1.0}, {0.0, 1.0}, {-1.0, 0.0})


def test_03_convert_reports_what_it_did() -> None:
    model = nn.Sequential(nn.Linear(4, 8), nn.ReLU(), nn.Linear(8, 2))
    report = pl.convert_(model, pl.Binary(), keep=["2"])
    assert report.quantized.parameters == 32
    assert report.unquantized.parameters == 16


def test_04_a_converted_layer_learns() -> None:
    torch.manual_seed(0)
    layer = nn.Linear(8, 4)
    pl.convert_(layer, pl.Ternary())
    layer(torch.randn(5, 8)).square().sum().backward()
    (latent,) = (p for name, p in layer.named_parameters() if "weight" in name)
    assert latent.grad is not None
    assert latent.grad.abs().sum() > 0


def test_05_freezing_changes_no_bit() -> None:
    torch.manual_seed(0)
    layer, x = nn.Conv2d(3, 4, 3), torch.randn(1, 3, 5, 5)
    pl.convert_(layer, pl.SignedBinary())
    before = layer(x)
    assert torch.equal(pl.freeze(layer)(x), before)
    assert type(layer) is nn.Conv2d
    assert not hasattr(layer, "parametrizations")


def test_06_one_operator_compiles_and_runs() -> None:
    graph = helper.make_graph(
        [helper.make_node("Relu", ["x"], ["y"])],
        "relu",
        [helper.make_tensor_value_info("x", TensorProto.FLOAT, ["N", 3])],
        [helper.make_tensor_value_info("y", TensorProto.FLOAT, ["N", 3])],
    )
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 18)], ir_version=9)
    x = np.array([[-1, 0, 2]], np.float32)
    np.testing.assert_array_equal(pl.compile(model)(x), np.maximum(x, 0))


def test_07_a_convolution_exports_compiles_and_runs(tmp_path: Path) -> None:
    torch.manual_seed(0)
    layer, x = nn.Conv2d(3, 4, 3, padding=1), torch.randn(2, 3, 6, 6)
    pl.export_onnx(layer, x, tmp_path / "net.onnx")
    with torch.no_grad():
        expected = layer(x).numpy()
    answer = pl.compile(tmp_path / "net.onnx")(x.numpy())
    np.testing.assert_allclose(answer, expected, rtol=1e-4, atol=1e-5)


def test_08_a_program_is_the_same_after_saving_and_loading(tmp_path: Path) -> None:
    torch.manual_seed(0)
    pl.export_onnx(nn.Linear(5, 3), torch.randn(1, 5), tmp_path / "net.onnx")
    program = pl.compile(tmp_path / "net.onnx")
    program.save(tmp_path / "net.plum")
    x = np.ones((4, 5), np.float32)
    np.testing.assert_array_equal(pl.load(tmp_path / "net.plum")(x), program(x))


def test_09_the_compiler_sees_the_pattern_that_training_left(tmp_path: Path) -> None:
    torch.manual_seed(0)
    layer = nn.Conv2d(8, 16, 3, bias=False)
    pl.convert_(layer, pl.SignedBinary())
    pl.export_onnx(layer, torch.randn(1, 8, 8, 8), tmp_path / "net.onnx")
    (step,) = (s for s in pl.compile(tmp_path / "net.onnx").plan() if s.weights)
    assert step.pattern.startswith("{0,a}")
    assert step.bits_per_weight is not None
    assert step.bits_per_weight < 2  # one bit, and a scale for each filter of 72 weights


class Outside(nn.Module):
    """A network that the package knows nothing of: 1-D and depthwise layers, PReLU, a shortcut."""

    def __init__(self) -> None:
        super().__init__()
        self.first = nn.Conv1d(2, 16, 5, padding=2, bias=False)
        self.norm = nn.BatchNorm1d(16)
        self.wide = nn.Conv1d(16, 16, 3, padding=2, dilation=2, bias=False)
        self.slope = nn.PReLU(16)
        self.depthwise = nn.Conv1d(16, 16, 3, stride=2, padding=1, groups=16)
        self.hidden = nn.Linear(16 * 8, 24)
        self.classify = nn.Linear(24, 3)

    def forward(self, signal: Tensor) -> Tensor:
        x = functional.relu(self.norm(self.first(signal)))
        x = self.slope(self.wide(x) + x)
        x = functional.hardswish(self.depthwise(x))
        return self.classify(functional.relu(self.hidden(x.flatten(1))))


@pytest.mark.parametrize(
    "scheme",
    [pl.SignedBinary(), pl.Binary(), pl.Ternary(), pl.Float()],
    ids=lambda scheme: scheme.name,
)
def test_10_any_module_goes_the_whole_way(scheme: pl.schemes.Scheme, tmp_path: Path) -> None:
    torch.manual_seed(0)
    model = Outside()
    pl.convert_(model, scheme, keep=["first", "classify"])
    optimizer = torch.optim.Adam(model.parameters(), lr=1e-2)
    signals, labels = torch.randn(32, 2, 16), torch.randint(3, (32,))
    losses = []
    for step in range(20):
        pl.schemes.set_progress(model, step / 20)
        loss = functional.cross_entropy(model(signals), labels)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        losses.append(loss.item())
    assert losses[-1] < losses[0]

    pl.export_onnx(model, signals[:1], tmp_path / "net.onnx")
    program = pl.compile(tmp_path / "net.onnx")
    program.save(tmp_path / "net.plum")
    program = pl.load(tmp_path / "net.plum", threads=2)
    session = onnxruntime.InferenceSession(tmp_path / "net.onnx")
    for rows in (1, 7):
        x = torch.randn(rows, 2, 16)
        with torch.no_grad():
            expected = model.eval()(x).numpy()
        answer = program.run({"input": x.numpy()})["output"]
        (rival,) = session.run(None, {"input": x.numpy()})
        limit = 1e-4 * np.abs(expected).max()
        assert np.abs(answer - expected).max() <= limit
        assert np.abs(answer - rival).max() <= limit
