"""A small network for 8x8 digits, with 3x3 layers wide enough to be worth quantizing."""

import torch
from torch import Tensor, nn

from plumline.models.layers import activation as make_activation
from plumline.models.layers import conv3x3, initialize
from plumline.models.registry import register


class DigitsCNN(nn.Module):
    """Three 3x3 convolutions (32, 64, 64 channels) with BatchNorm, a pool between, mean, linear."""

    def __init__(self, num_classes: int, in_channels: int, activation: str) -> None:
        super().__init__()
        self.conv1 = conv3x3(in_channels, 32)
        self.bn1 = nn.BatchNorm2d(32)
        self.act1 = make_activation(activation, 32)
        self.conv2 = conv3x3(32, 64)
        self.bn2 = nn.BatchNorm2d(64)
        self.act2 = make_activation(activation, 64)
        self.pool = nn.MaxPool2d(2)
        self.conv3 = conv3x3(64, 64)
        self.bn3 = nn.BatchNorm2d(64)
        self.act3 = make_activation(activation, 64)
        self.linear = nn.Linear(64, num_classes)
        initialize(self)

    def forward(self, x: Tensor) -> Tensor:
        """Map images (N, in_channels, H, W) to logits (N, num_classes)."""
        x = self.act1(self.bn1(self.conv1(x)))
        x = self.pool(self.act2(self.bn2(self.conv2(x))))
        x = self.act3(self.bn3(self.conv3(x)))
        result: Tensor = self.linear(torch.mean(x, (2, 3)))
        return result


@register
def digits_cnn(*, num_classes: int, in_channels: int = 3, activation: str = "relu") -> nn.Module:
    """Make the small network for ``digits`` (in_channels=1): 56 thousand parameters.

    Args:
        num_classes: width of the output.
        in_channels: channels of the input.
        activation: ``"relu"``, ``"prelu"`` or ``"tanh"``.
    """
    return DigitsCNN(num_classes, in_channels, activation)
