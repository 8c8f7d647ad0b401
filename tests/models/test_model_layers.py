"""Layers that stand in for PyTorch's: the same values and gradients."""

import pytest
import torch
from torch import nn

from plumline.models.layers import PReLU


@pytest.mark.parametrize("shape", [(3, 4), (3, 4, 5), (2, 4, 5, 6)])
@pytest.mark.parametrize("training", [True, False])
def test_prelu_has_the_values_and_gradients_of_pytorch(shape, training):
    ours, theirs = PReLU(4).train(training), nn.PReLU(4)
    slopes = torch.tensor([0.25, -0.5, 0.0, 1.5])
    results = []
    for layer in (ours, theirs):
        x = torch.linspace(-2, 2, torch.Size(shape).numel()).reshape(shape).requires_grad_()
        layer.weight.data.copy_(slopes)
        y = layer(x)
        (y * torch.linspace(0, 1, y.numel()).reshape(shape)).sum().backward()
        results.append((y, x.grad, layer.weight.grad))
    for mine, expected in zip(*results, strict=True):
        torch.testing.assert_close(mine, expected)


def test_prelu_keeps_the_dtype_of_mixed_precision():
    x = torch.randn(2, 4, 3, 3, dtype=torch.bfloat16)
    assert PReLU(4)(x).dtype == torch.bfloat16
