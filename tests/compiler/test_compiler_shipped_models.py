"""Every model that plumline ships, exported and compiled, gives ONNX Runtime's answers."""

import numpy as np
import onnxruntime
import pytest
import torch

import plumline
from plumline.compiler import compile

# A network of ImageNet's form halves its input five times.
SIZES = {"digits-cnn": (1, 8, 8), "resnet18": (3, 64, 64), "resnet34": (3, 64, 64)}
SIZES["resnet50"] = SIZES["resnet34"]

# They are resnet20 and resnet110 at a depth between, and exporting takes most of the time.
BETWEEN = {"resnet32", "resnet44", "resnet56"}


def exported(name, path, scheme=None):
    torch.set_num_threads(1)
    torch.manual_seed(0)
    channels, *size = SIZES.get(name, (3, 32, 32))
    model = plumline.models.create(name, num_classes=10, in_channels=channels).eval()
    for module in model.modules():  # statistics such as training leaves
        if isinstance(module, torch.nn.BatchNorm2d):
            torch.nn.init.uniform_(module.running_var, 0.5, 1.5)
            torch.nn.init.normal_(module.running_mean, std=0.1)
    if scheme is not None:
        plumline.convert_(model, scheme)
    example = torch.randn(2, channels, *size)
    plumline.export_onnx(model, example, path)
    return example.numpy()


def check(path, x):
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = 1
    session = onnxruntime.InferenceSession(path, options, providers=["CPUExecutionProvider"])
    wanted = session.run(None, {session.get_inputs()[0].name: x})[0]
    program = compile(path)
    np.testing.assert_allclose(program(x), wanted, rtol=1e-4, atol=1e-4 * np.abs(wanted).max())
    return program


@pytest.mark.parametrize("name", sorted({*plumline.models.names()} - BETWEEN))
def test_float(name, tmp_path):
    path = tmp_path / "net.onnx"
    program = check(path, exported(name, path))
    # Normalization, activations and residual branches are all inside the layers.
    assert not {"affine", "relu", "add"}.intersection(step.op for step in program.plan())


@pytest.mark.parametrize("scheme", [plumline.SignedBinary(), plumline.Binary(), plumline.Ternary()])
def test_quantized_layers_are_seen(scheme, tmp_path):
    path = tmp_path / "net.onnx"
    program = check(path, exported("resnet20", path, scheme))
    layers = [step for step in program.plan() if step.weights]
    assert all("dense" not in step.pattern for step in layers)
    assert sum(8 * step.weight_bytes for step in layers) < 3 * sum(step.weights for step in layers)
