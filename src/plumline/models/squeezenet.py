"""SqueezeNet v1.0.

Source: Iandola et al. 2016, arXiv 1602.07360, table 1. Pools round up, as those of Caffe do.
"""

import torch
from torch import Tensor, nn

from plumline.models.layers import initialize
from plumline.models.registry import register

FIRES = (16, 16, 32, 32, 48, 48, 64, 64)
"""Filters of the squeeze convolutions of fire2 to fire9; four times as many in either expand."""


class Fire(nn.Module):
    """A 1x1 convolution that squeezes, then a 1x1 and a 3x3 one side by side that expand."""

    def __init__(self, inputs: int, squeezed: int) -> None:
        super().__init__()
        self.squeeze1x1 = nn.Conv2d(inputs, squeezed, 1)
        self.expand1x1 = nn.Conv2d(squeezed, 4 * squeezed, 1)
        self.expand3x3 = nn.Conv2d(squeezed, 4 * squeezed, 3, padding=1)
        self.relu = nn.ReLU(inplace=True)

    def forward(self, x: Tensor) -> Tensor:
        """Map (N, inputs, H, W) to (N, 8 * squeezed, H, W)."""
        y = self.relu(self.squeeze1x1(x))
        return torch.cat([self.relu(self.expand1x1(y)), self.relu(self.expand3x3(y))], 1)


class SqueezeNet(nn.Module):
    """A 7x7 stem, eight `Fire` with three 3x3 pools between, a 1x1 classifier, mean."""

    def __init__(self, num_classes: int, in_channels: int) -> None:
        super().__init__()
        layers: list[nn.Module] = [nn.Conv2d(in_channels, 96, 7, 2), nn.ReLU(inplace=True)]
        inputs = 96
        for position, squeezed in enumerate(FIRES):
            layers += [nn.MaxPool2d(3, 2, ceil_mode=True)] if position in (0, 3, 7) else []
            layers += [Fire(inputs, squeezed)]
            inputs = 8 * squeezed
        self.features = nn.Sequential(*layers)
        self.dropout = nn.Dropout(0.5)
        self.conv10 = nn.Conv2d(inputs, num_classes, 1)
        self.relu = nn.ReLU(inplace=True)
        initialize(self)

    def forward(self, x: Tensor) -> Tensor:
        """Map images (N, in_channels, H, W), sides of 32 or more, to logits (N, num_classes)."""
        x = self.relu(self.conv10(self.dropout(self.features(x))))
        return torch.mean(x, (2, 3))


@register
def squeezenet(*, num_classes: int, in_channels: int = 3) -> nn.Module:
    """Make SqueezeNet v1.0: 1.25 M parameters; its images are 227x227.

    Args:
        num_classes: width of the output.
        in_channels: channels of the input.
    """
    return SqueezeNet(num_classes, in_channels)
