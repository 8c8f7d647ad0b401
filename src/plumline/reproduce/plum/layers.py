"""The quantized 3x3 layers of ResNet-18 at 224x224, with weights of any density."""

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Literal

import numpy as np
from numpy.typing import NDArray

from plumline._extras import require
from plumline.analysis import Layer, Network

if TYPE_CHECKING:
    from plumline.schemes import Scheme

Shape = tuple[int, int, int, int]
"""Input channels, filters, side of the input, stride."""

SHAPES: tuple[Shape, ...] = (
    *((64, 64, 56, 1),) * 4,
    *((64, 128, 56, 2), *((128, 128, 28, 1),) * 3),
    *((128, 256, 28, 2), *((256, 256, 14, 1),) * 3),
    *((256, 512, 14, 2), *((512, 512, 7, 1),) * 3),
)
"""The 16 layers in their order."""

Weights = NDArray[np.float32]
Draw = Callable[[np.random.Generator, tuple[int, ...]], Weights]


def signed_binary(density: float) -> Draw:
    """Draw {0, 1} in the first half of the filters and {0, -1} in the others."""

    def draw(random: np.random.Generator, shape: tuple[int, ...]) -> Weights:
        ones = random.random(shape) < density
        sign = np.where(np.arange(shape[0]) < shape[0] // 2, 1, -1)
        return (ones * sign[:, None, None, None]).astype(np.float32)

    return draw


def ternary(density: float) -> Draw:
    """Draw {-1, 0, 1}, as many of one sign as of the other; of density 1 this is binary."""

    def draw(random: np.random.Generator, shape: tuple[int, ...]) -> Weights:
        signs = np.where(random.random(shape) < 0.5, -1, 1)
        return (signs * (random.random(shape) < density)).astype(np.float32)

    return draw


binary = ternary(1.0)
"""Draw {-1, 1}."""


Distribution = Literal["uniform", "normal", "laplace"]
_LATENTS: dict[Distribution, Callable[..., NDArray[np.float64]]] = {
    "uniform": lambda random, shape: random.uniform(-1, 1, shape),
    "normal": lambda random, shape: random.normal(size=shape),
    "laplace": lambda random, shape: random.laplace(size=shape),
}


def quantized(scheme: "Scheme", distribution: Distribution) -> Draw:
    """Quantize random latent weights, the same ones for every scheme."""

    def draw(random: np.random.Generator, shape: tuple[int, ...]) -> Weights:
        import torch

        latent = torch.from_numpy(_LATENTS[distribution](random, shape).astype(np.float32))
        weights: Weights = scheme.quantizer(latent)(latent).detach().numpy()
        return weights

    return draw


def quantized_density(distribution: Distribution) -> float:
    """Return the density of signed-binary layers whose latent weights are random numbers."""
    require("torch", "train")
    from plumline.schemes import SignedBinary

    found = network(distribution, quantized(SignedBinary(), distribution), SHAPES).layers
    effectual = sum(int(np.count_nonzero(layer.weight)) for layer in found)
    return effectual / sum(layer.parameters for layer in found)


def network(name: str, draw: Draw, shapes: Sequence[Shape] | None = None) -> Network:
    """Make layers with random weights; of `SHAPES` if None."""
    random = np.random.default_rng(0)
    layers = []
    for index, (channels, filters, side, stride) in enumerate(SHAPES if shapes is None else shapes):
        weight = draw(random, (filters, channels, 3, 3))
        layers.append(
            Layer(
                name=f"{index + 1}: {channels}->{filters}@{side}" + ("/2" if stride == 2 else ""),
                op="conv",
                weight=weight,
                groups=1,
                input_size=(channels, side, side),
                output_size=(filters, side // stride, side // stride),
                strides=(stride, stride),
                dilations=(1, 1),
                pads=(1, 1, 1, 1),
                form="planes",
                packed_bytes=-(-weight.size // 8),
            )
        )
    return Network(name, "model", tuple(layers))
