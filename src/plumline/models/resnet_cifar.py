"""ResNet-20/32/44/56/110 for 32x32 images, with the standard block or PLUM's.

Source: He et al. 2015, arXiv 1512.03385, section 4.2.
Narrower and shorter ones are there to compare networks of equally many effectual weights.
"""

from collections.abc import Callable
from typing import NamedTuple

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from plumline._names import look_up
from plumline.errors import InputError
from plumline.models.layers import activation as make_activation
from plumline.models.layers import conv3x3, initialize
from plumline.models.plum_block import PlumBlock
from plumline.models.registry import register


class PaddedShortcut(nn.Module):
    """Option A: every second pixel, new channels zero, half of them on each side; no parameters."""

    def __init__(self, inputs: int, outputs: int, stride: int) -> None:
        super().__init__()
        self.stride = stride
        self.before = (outputs - inputs) // 2
        self.after = outputs - inputs - self.before

    def forward(self, x: Tensor) -> Tensor:
        """Map (N, inputs, H, W) to (N, outputs, ceil(H / stride), ceil(W / stride))."""
        picked = x[:, :, :: self.stride, :: self.stride]
        return F.pad(picked, (0, 0, 0, 0, self.before, self.after))


class ProjectionShortcut(nn.Sequential):
    """Option B: a 1x1 convolution with the block's stride, then BatchNorm."""

    def __init__(self, inputs: int, outputs: int, stride: int) -> None:
        super().__init__(nn.Conv2d(inputs, outputs, 1, stride, bias=False), nn.BatchNorm2d(outputs))


SHORTCUTS: dict[str, type[PaddedShortcut] | type[ProjectionShortcut]] = {
    "A": PaddedShortcut,
    "B": ProjectionShortcut,
}


class BasicBlock(nn.Module):
    """Two 3x3 convolutions with BatchNorm around a shortcut: conv, BN, act, conv, BN, +, act."""

    def __init__(
        self, inputs: int, outputs: int, stride: int, shortcut: str, activation: str
    ) -> None:
        super().__init__()
        self.conv1 = conv3x3(inputs, outputs, stride)
        self.bn1 = nn.BatchNorm2d(outputs)
        self.act1 = make_activation(activation, outputs)
        self.conv2 = conv3x3(outputs, outputs)
        self.bn2 = nn.BatchNorm2d(outputs)
        self.act2 = make_activation(activation, outputs)
        changes = stride != 1 or inputs != outputs
        make_shortcut = look_up("shortcut", shortcut, SHORTCUTS)
        self.shortcut = make_shortcut(inputs, outputs, stride) if changes else nn.Identity()

    def forward(self, x: Tensor) -> Tensor:
        """Map (N, inputs, H, W) to (N, outputs, ceil(H / stride), ceil(W / stride))."""
        y = self.act1(self.bn1(self.conv1(x)))
        y = self.bn2(self.conv2(y)) + self.shortcut(x)
        result: Tensor = self.act2(y)
        return result


def _plum_block(
    inputs: int, outputs: int, stride: int, shortcut: str, activation: str
) -> PlumBlock:
    if shortcut != "A":
        raise InputError(f"shortcut is {shortcut!r}: block 'plum' has its own, leave this out")
    return PlumBlock(inputs, outputs, stride, activation)


MakeBlock = Callable[[int, int, int, str, str], nn.Module]
"""(input channels, output channels, stride, shortcut, activation) -> block."""

BLOCKS: dict[str, MakeBlock] = {"standard": BasicBlock, "plum": _plum_block}
CHANNELS = (16, 32, 64)


class Options(NamedTuple):
    """What the networks of this family have in common; see `resnet20`."""

    block: str
    shortcut: str
    activation: str
    width: float


class CifarResNet(nn.Module):
    """A 3x3 stem, three stages of blocks, mean, linear; 16, 32, 64 channels times ``width``."""

    def __init__(
        self,
        blocks: tuple[int, int, int],
        num_classes: int,
        in_channels: int,
        options: Options,
    ) -> None:
        super().__init__()
        narrow, middle, wide = (_scaled(channels, options.width) for channels in CHANNELS)
        self.conv1 = conv3x3(in_channels, narrow)
        self.bn1 = nn.BatchNorm2d(narrow)
        self.act1 = make_activation(options.activation, narrow)

        make = look_up("block", options.block, BLOCKS)

        def stage(count: int, inputs: int, outputs: int, stride: int) -> nn.Sequential:
            shortcut, activation = options.shortcut, options.activation
            first = make(inputs, outputs, stride, shortcut, activation)
            rest = (make(outputs, outputs, 1, shortcut, activation) for _ in range(count - 1))
            return nn.Sequential(first, *rest)

        self.layer1 = stage(blocks[0], narrow, narrow, 1)
        self.layer2 = stage(blocks[1], narrow, middle, 2)
        self.layer3 = stage(blocks[2], middle, wide, 2)
        self.linear = nn.Linear(wide, num_classes)
        initialize(self)

    def forward(self, x: Tensor) -> Tensor:
        """Map images (N, in_channels, H, W) to logits (N, num_classes)."""
        x = self.act1(self.bn1(self.conv1(x)))
        x = self.layer3(self.layer2(self.layer1(x)))
        result: Tensor = self.linear(torch.mean(x, (2, 3)))
        return result


def _scaled(channels: int, width: float) -> int:
    if not 0 < width <= 16:
        raise InputError(f"width is {width!r}: give a number above 0 and up to 16")
    return max(1, round(channels * width))


def _resnet(blocks: str, num_classes: int, in_channels: int, options: Options) -> CifarResNet:
    counts = blocks.split("-")
    if len(counts) != 3 or not all(
        c.isascii() and c.isdigit() and 0 < int(c) < 100 for c in counts
    ):
        raise InputError(f"blocks is {blocks!r}: give three numbers from 1 to 99, such as '3-3-3'")
    first, second, third = map(int, counts)
    return CifarResNet((first, second, third), num_classes, in_channels, options)


@register
def resnet20(
    *,
    num_classes: int,
    in_channels: int = 3,
    blocks: str = "3-3-3",
    block: str = "standard",
    shortcut: str = "A",
    activation: str = "relu",
    width: float | int = 1.0,
) -> nn.Module:
    """Make ResNet-20 for 32x32 images: 0.27 M parameters.

    Args:
        num_classes: width of the output.
        in_channels: channels of the input.
        blocks: of the three stages; other numbers make a shorter or deeper network of this family.
        block: ``"standard"``, or ``"plum"`` for `PlumBlock` (sides of the image a multiple of 4).
        shortcut: of the standard block, ``"A"`` (strided slice, zero channels) or ``"B"`` (1x1
            convolution).
        activation: ``"relu"``, ``"prelu"`` or ``"tanh"``.
        width: factor of the 16, 32 and 64 channels of the stages, which are rounded.
    """
    return _resnet(blocks, num_classes, in_channels, Options(block, shortcut, activation, width))


@register
def resnet32(
    *,
    num_classes: int,
    in_channels: int = 3,
    blocks: str = "5-5-5",
    block: str = "standard",
    shortcut: str = "A",
    activation: str = "relu",
    width: float | int = 1.0,
) -> nn.Module:
    """Make ResNet-32 for 32x32 images: 0.46 M parameters, options as of `resnet20`."""
    return _resnet(blocks, num_classes, in_channels, Options(block, shortcut, activation, width))


@register
def resnet44(
    *,
    num_classes: int,
    in_channels: int = 3,
    blocks: str = "7-7-7",
    block: str = "standard",
    shortcut: str = "A",
    activation: str = "relu",
    width: float | int = 1.0,
) -> nn.Module:
    """Make ResNet-44 for 32x32 images: 0.66 M parameters, options as of `resnet20`."""
    return _resnet(blocks, num_classes, in_channels, Options(block, shortcut, activation, width))


@register
def resnet56(
    *,
    num_classes: int,
    in_channels: int = 3,
    blocks: str = "9-9-9",
    block: str = "standard",
    shortcut: str = "A",
    activation: str = "relu",
    width: float | int = 1.0,
) -> nn.Module:
    """Make ResNet-56 for 32x32 images: 0.85 M parameters, options as of `resnet20`."""
    return _resnet(blocks, num_classes, in_channels, Options(block, shortcut, activation, width))


@register
def resnet110(
    *,
    num_classes: int,
    in_channels: int = 3,
    blocks: str = "18-18-18",
    block: str = "standard",
    shortcut: str = "A",
    activation: str = "relu",
    width: float | int = 1.0,
) -> nn.Module:
    """Make ResNet-110 for 32x32 images: 1.7 M parameters, options as of `resnet20`."""
    return _resnet(blocks, num_classes, in_channels, Options(block, shortcut, activation, width))


@register
def resnet_cifar(
    *,
    num_classes: int,
    in_channels: int = 3,
    blocks: str = "3-3-3",
    block: str = "standard",
    shortcut: str = "A",
    activation: str = "relu",
    width: float | int = 1.0,
) -> nn.Module:
    """Make a network of this family that is named by its blocks alone, options as of `resnet20`."""
    return _resnet(blocks, num_classes, in_channels, Options(block, shortcut, activation, width))
