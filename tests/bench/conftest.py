"""One small convolutional network in every form that contenders take."""

from pathlib import Path

import pytest
import torch
from torch import nn

import plumline
from plumline.bench import Subject


@pytest.fixture(scope="session")
def module() -> nn.Module:
    torch.manual_seed(0)
    return nn.Sequential(
        nn.Conv2d(1, 8, 3, padding=1), nn.ReLU(), nn.Flatten(), nn.Linear(8 * 64, 10)
    ).eval()


@pytest.fixture(scope="session")
def onnx_file(module: nn.Module, tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("net") / "net.onnx"
    metadata = {"dataset": "digits", "mean": [0.5], "std": [0.25]}
    plumline.export_onnx(module, torch.zeros(1, 1, 8, 8), path, metadata=metadata)
    return path


@pytest.fixture(scope="session")
def program_file(onnx_file: Path) -> Path:
    path = onnx_file.with_suffix(".plum")
    plumline.compile(onnx_file).save(path)
    return path


@pytest.fixture
def subject(onnx_file: Path, module: nn.Module) -> Subject:
    return Subject.open(onnx_file, module)
