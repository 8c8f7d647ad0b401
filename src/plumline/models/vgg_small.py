"""VGG-small: the six-convolution network of the weight quantization literature.

Source: Zhang et al. 2018, LQ-Nets, arXiv 1807.10029 (after Simonyan and Zisserman's VGG): 3x3
convolutions of 128, 128, 256, 256, 512, 512 channels, a pool after every second, one linear layer.
"""

from torch import Tensor, nn

from plumline.errors import InputError
from plumline.models.layers import activation as make_activation
from plumline.models.layers import conv3x3, initialize
from plumline.models.registry import register

WIDTHS = (128, 128, 256, 256, 512, 512)


class VGGSmall(nn.Module):
    """Six times 3x3 convolution, BatchNorm, activation; a 2x2 pool after every second; linear."""

    def __init__(
        self, num_classes: int, in_channels: int, image_size: int, activation: str
    ) -> None:
        super().__init__()
        layers: list[nn.Module] = []
        inputs = in_channels
        for position, width in enumerate(WIDTHS):
            layers += [conv3x3(inputs, width), nn.BatchNorm2d(width)]
            layers += [make_activation(activation, width)]
            layers += [nn.MaxPool2d(2)] if position % 2 else []
            inputs = width
        self.features = nn.Sequential(*layers)
        self.classifier = nn.Linear(inputs * (image_size // 8) ** 2, num_classes)
        initialize(self)

    def forward(self, x: Tensor) -> Tensor:
        """Map images (N, in_channels, image_size, image_size) to logits (N, num_classes)."""
        result: Tensor = self.classifier(self.features(x).flatten(1))
        return result


@register
def vgg_small(
    *, num_classes: int, in_channels: int = 3, image_size: int = 32, activation: str = "relu"
) -> nn.Module:
    """Make VGG-small: 4.6 M convolution weights.

    Args:
        num_classes: width of the output.
        in_channels: channels of the input.
        image_size: height and width of the input, at least 8.
        activation: ``"relu"``, ``"prelu"`` or ``"tanh"``.
    """
    if image_size < 8:
        raise InputError(f"image_size of vgg-small is at least 8, not {image_size}")
    return VGGSmall(num_classes, in_channels, image_size, activation)
