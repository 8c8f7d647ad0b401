"""A network that nobody here trained keeps its published accuracy through the runtime."""

import os
from pathlib import Path

import pytest
import torch

import plumline as pl
from plumline import bench

# Y. Idelbayev's pytorch_resnet_cifar10 ResNet-20, trained with ImageNet's mean and deviation.
PUBLISHED_TOP1 = 91.73
MEAN, STD = (0.485, 0.456, 0.406), (0.229, 0.224, 0.225)


def test_the_published_resnet20_scores_its_accuracy_as_a_program(tmp_path):
    root = Path(os.environ.get("PLUMLINE_DATA", "nowhere"))
    weights = root / "weights" / "cifar10_resnet20-12fca82f.npz"
    if not weights.is_file():
        pytest.skip("needs CIFAR-10 and the published weights under $PLUMLINE_DATA")
    model = pl.models.create("resnet20", num_classes=10)
    pl.models.load_npz(model, weights)
    metadata = {"dataset": "cifar10", "mean": MEAN, "std": STD}
    pl.export_onnx(model, torch.zeros(1, 3, 32, 32), tmp_path / "net.onnx", metadata=metadata)
    pl.compile(tmp_path / "net.onnx").save(tmp_path / "net.plum")

    program = bench.Subject.open(tmp_path / "net.plum")
    scores = bench.evaluate(program, "plumline", bench.open_dataset(program, str(root)))

    assert scores.images == 10_000
    assert round(scores.top1, 2) == PUBLISHED_TOP1
