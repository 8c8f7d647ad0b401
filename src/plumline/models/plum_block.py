"""PLUM's residual block, in which every 3x3 convolution has a shortcut.

Source: Kuhar et al., TMLR 2024, which follows the ReActNet block (Liu et al. 2020, arXiv
2003.03488) without its sign on the activations.
"""

import torch
from torch import Tensor, nn

from plumline.models.layers import activation as make_activation
from plumline.models.layers import conv3x3


class ChannelShift(nn.Module):
    """Adds one learned number a channel, first 0."""

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.bias = nn.Parameter(torch.zeros(channels, 1, 1))

    def forward(self, x: Tensor) -> Tensor:
        """Map (N, channels, H, W) to the same shape."""
        return x + self.bias


class PlumUnit(nn.Module):
    """One 3x3 convolution with its own shortcut: the half of a `PlumBlock`.

    shift, clamp to [-2, 2], 3x3 convolution with bias, BatchNorm, + shortcut, shift, activation
    (PLUM: PReLU), shift.
    Where shapes change the shortcut is a 2x2 mean (stride 2 only), a 1x1 convolution and BatchNorm.
    """

    def __init__(self, inputs: int, outputs: int, stride: int, activation: str = "prelu") -> None:
        super().__init__()
        self.shift_conv = ChannelShift(inputs)
        self.clamp = nn.Hardtanh(-2.0, 2.0)
        self.conv = conv3x3(inputs, outputs, stride, bias=True)
        self.bn = nn.BatchNorm2d(outputs)
        self.downsample = _averaged_projection(inputs, outputs, stride)
        self.shift_in = ChannelShift(outputs)
        self.act = make_activation(activation, outputs)
        self.shift_out = ChannelShift(outputs)

    def forward(self, x: Tensor) -> Tensor:
        """Map (N, inputs, H, W) to (N, outputs, H / stride, W / stride)."""
        y = self.bn(self.conv(self.clamp(self.shift_conv(x)))) + self.downsample(x)
        result: Tensor = self.shift_out(self.act(self.shift_in(y)))
        return result


class PlumBlock(nn.Sequential):
    """PLUM's basic block: two `PlumUnit`, so that every 3x3 convolution has a shortcut."""

    expansion = 1

    def __init__(self, inputs: int, width: int, stride: int, activation: str = "prelu") -> None:
        super().__init__(
            PlumUnit(inputs, width, stride, activation), PlumUnit(width, width, 1, activation)
        )


def _averaged_projection(inputs: int, outputs: int, stride: int) -> nn.Module:
    if stride == 1 and inputs == outputs:
        return nn.Identity()
    mean = [nn.AvgPool2d(stride)] if stride > 1 else []
    return nn.Sequential(*mean, nn.Conv2d(inputs, outputs, 1, bias=False), nn.BatchNorm2d(outputs))
