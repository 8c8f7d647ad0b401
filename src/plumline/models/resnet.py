"""ResNet-18/34/50 for ImageNet-sized images, with the standard block or PLUM's.

Source: He et al. 2015, arXiv 1512.03385.
The standard networks have torchvision's parameter names, so its published weights fit.
"""

from collections.abc import Callable

import torch
from torch import Tensor, nn

from plumline._names import look_up
from plumline.models.layers import conv3x3, initialize
from plumline.models.plum_block import PlumBlock
from plumline.models.registry import register

MakeBlock = Callable[[int, int, int], nn.Module]
"""(input channels, width, stride) -> block."""


class BasicBlock(nn.Module):
    """Two 3x3 convolutions around a shortcut, which is a 1x1 convolution where shapes change."""

    expansion = 1

    def __init__(self, inputs: int, width: int, stride: int) -> None:
        super().__init__()
        self.conv1 = conv3x3(inputs, width, stride)
        self.bn1 = nn.BatchNorm2d(width)
        self.relu = nn.ReLU(inplace=True)
        self.conv2 = conv3x3(width, width)
        self.bn2 = nn.BatchNorm2d(width)
        self.downsample = _projection(inputs, width, stride)

    def forward(self, x: Tensor) -> Tensor:
        """Map (N, inputs, H, W) to (N, width, ceil(H / stride), ceil(W / stride))."""
        y = self.relu(self.bn1(self.conv1(x)))
        y = self.bn2(self.conv2(y)) + self.downsample(x)
        result: Tensor = self.relu(y)
        return result


class Bottleneck(nn.Module):
    """1x1, 3x3 and 1x1 convolutions around a shortcut; the stride is on the 3x3 (version 1.5)."""

    expansion = 4

    def __init__(self, inputs: int, width: int, stride: int) -> None:
        super().__init__()
        outputs = width * self.expansion
        self.conv1 = nn.Conv2d(inputs, width, 1, bias=False)
        self.bn1 = nn.BatchNorm2d(width)
        self.conv2 = conv3x3(width, width, stride)
        self.bn2 = nn.BatchNorm2d(width)
        self.conv3 = nn.Conv2d(width, outputs, 1, bias=False)
        self.bn3 = nn.BatchNorm2d(outputs)
        self.relu = nn.ReLU(inplace=True)
        self.downsample = _projection(inputs, outputs, stride)

    def forward(self, x: Tensor) -> Tensor:
        """Map (N, inputs, H, W) to (N, 4 * width, ceil(H / stride), ceil(W / stride))."""
        y = self.relu(self.bn1(self.conv1(x)))
        y = self.relu(self.bn2(self.conv2(y)))
        y = self.bn3(self.conv3(y)) + self.downsample(x)
        result: Tensor = self.relu(y)
        return result


def _projection(inputs: int, outputs: int, stride: int) -> nn.Module:
    if stride == 1 and inputs == outputs:
        return nn.Identity()
    return nn.Sequential(nn.Conv2d(inputs, outputs, 1, stride, bias=False), nn.BatchNorm2d(outputs))


BASIC_BLOCKS: dict[str, type[BasicBlock] | type[PlumBlock]] = {
    "standard": BasicBlock,
    "plum": PlumBlock,
}


class ResNet(nn.Module):
    """A 7x7 stem of stride 4 in all, four stages of 64, 128, 256, 512 channels, mean, linear."""

    def __init__(
        self,
        block: type[BasicBlock] | type[PlumBlock] | type[Bottleneck],
        blocks: tuple[int, int, int, int],
        num_classes: int,
        in_channels: int,
    ) -> None:
        super().__init__()
        self.conv1 = nn.Conv2d(in_channels, 64, 7, 2, padding=3, bias=False)
        self.bn1 = nn.BatchNorm2d(64)
        self.relu = nn.ReLU(inplace=True)
        self.maxpool = nn.MaxPool2d(3, 2, padding=1)
        outer = block.expansion
        self.layer1 = _stage(block, blocks[0], 64, 64, 1, outer)
        self.layer2 = _stage(block, blocks[1], 64 * outer, 128, 2, outer)
        self.layer3 = _stage(block, blocks[2], 128 * outer, 256, 2, outer)
        self.layer4 = _stage(block, blocks[3], 256 * outer, 512, 2, outer)
        self.fc = nn.Linear(512 * outer, num_classes)
        initialize(self)

    def forward(self, x: Tensor) -> Tensor:
        """Map images (N, in_channels, H, W) to logits (N, num_classes)."""
        x = self.maxpool(self.relu(self.bn1(self.conv1(x))))
        x = self.layer4(self.layer3(self.layer2(self.layer1(x))))
        result: Tensor = self.fc(torch.mean(x, (2, 3)))
        return result


def _stage(
    make: MakeBlock, count: int, inputs: int, width: int, stride: int, expansion: int
) -> nn.Sequential:
    rest = (make(width * expansion, width, 1) for _ in range(count - 1))
    return nn.Sequential(make(inputs, width, stride), *rest)


@register
def resnet18(*, num_classes: int, in_channels: int = 3, block: str = "standard") -> nn.Module:
    """Make ResNet-18: 11.7 M parameters, 1.81 G MACs at 224x224.

    Args:
        num_classes: width of the output.
        in_channels: channels of the input.
        block: ``"standard"``, or ``"plum"`` for `PlumBlock` (sides of the image a multiple of 32).
    """
    return ResNet(look_up("block", block, BASIC_BLOCKS), (2, 2, 2, 2), num_classes, in_channels)


@register
def resnet34(*, num_classes: int, in_channels: int = 3, block: str = "standard") -> nn.Module:
    """Make ResNet-34: 21.8 M parameters, 3.66 G MACs at 224x224, options as of `resnet18`."""
    return ResNet(look_up("block", block, BASIC_BLOCKS), (3, 4, 6, 3), num_classes, in_channels)


@register
def resnet50(*, num_classes: int, in_channels: int = 3) -> nn.Module:
    """Make ResNet-50: 25.6 M parameters, 4.09 G MACs at 224x224; its block has no PLUM form."""
    return ResNet(Bottleneck, (3, 4, 6, 3), num_classes, in_channels)
