"""AlexNet in its small-image form.

Source: Krizhevsky 2014, "One weird trick", arXiv 1404.5997, for the five convolutions; the two
hidden linear layers are left out, as is usual for 32x32 images, and BatchNorm is added, which a
quantized convolution without a scale needs.
"""

import torch
from torch import Tensor, nn

from plumline.models.layers import activation as make_activation
from plumline.models.layers import initialize
from plumline.models.registry import register


class AlexNet(nn.Module):
    """Convolutions 11x11/4, 5x5 and three 3x3 with BatchNorm, three pools, mean, linear."""

    def __init__(self, num_classes: int, in_channels: int, activation: str) -> None:
        super().__init__()

        def layer(inputs: int, outputs: int, kernel: int, stride: int = 1) -> list[nn.Module]:
            conv = nn.Conv2d(inputs, outputs, kernel, stride, padding=kernel // 2, bias=False)
            return [conv, nn.BatchNorm2d(outputs), make_activation(activation, outputs)]

        self.features = nn.Sequential(
            *layer(in_channels, 64, 11, stride=4),
            nn.MaxPool2d(2),
            *layer(64, 192, 5),
            nn.MaxPool2d(2),
            *layer(192, 384, 3),
            *layer(384, 256, 3),
            *layer(256, 256, 3),
            nn.MaxPool2d(2),
        )
        self.classifier = nn.Linear(256, num_classes)
        initialize(self)

    def forward(self, x: Tensor) -> Tensor:
        """Map images (N, in_channels, H, W), sides of 32 or more, to logits (N, num_classes)."""
        result: Tensor = self.classifier(torch.mean(self.features(x), (2, 3)))
        return result


@register
def alexnet(*, num_classes: int, in_channels: int = 3, activation: str = "relu") -> nn.Module:
    """Make AlexNet for images of 32x32 or more: 2.47 M parameters.

    Args:
        num_classes: width of the output.
        in_channels: channels of the input.
        activation: ``"relu"``, ``"prelu"`` or ``"tanh"``.
    """
    return AlexNet(num_classes, in_channels, activation)
