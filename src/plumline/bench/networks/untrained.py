"""Whole networks with random weights of a scheme: as fast as trained ones of the same density."""

import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from plumline import models
from plumline._extras import require
from plumline.bench.networks import values
from plumline.bench.subject import Subject

if TYPE_CHECKING:
    from torch import nn

CALIBRATION_IMAGES = 4


def create(
    model: str, scheme: str, image: tuple[int, int, int], classes: int, options: Mapping[str, Any]
) -> "nn.Module":
    """Make a network whose layers behind the first hold random weights of a scheme.

    The layers that stay in float are those that PLUM keeps so. BatchNormalization is given the
    statistics of random images of shape ``image`` (C, H, W), as training would have done.
    """
    torch = require("torch", "train")
    from plumline.convert import CONVERTIBLE, plum_preset

    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(0)
        network = models.create(model, num_classes=classes, in_channels=image[0], **options)
        images = torch.randn(CALIBRATION_IMAGES, *image)
    network.requires_grad_(False)
    layers = {n: layer for n, layer in network.named_modules() if isinstance(layer, CONVERTIBLE)}
    random = np.random.default_rng(0)
    if scheme != "float":
        for name in sorted(layers.keys() - plum_preset(layers)):
            weight = layers[name].weight
            weight.copy_(torch.from_numpy(values.draw(scheme, tuple(weight.shape), random)))
    norms = [module for module in network.modules() if isinstance(module, torch.nn.BatchNorm2d)]
    for norm in norms:
        norm.momentum = None  # a mean over all images seen
    network.train()(images)
    return network.eval()


def subject(name: str, network: "nn.Module", image: tuple[int, int, int]) -> Subject:
    """Export a network for images of shape ``image`` (C, H, W), any number at a time."""
    torch = require("torch", "train")
    from plumline.export import export_onnx

    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "net.onnx"
        export_onnx(network, torch.zeros(1, *image), path)
        return Subject.of_onnx(path.read_bytes(), name, network)
