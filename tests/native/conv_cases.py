"""Convolutions to test on: random ones, and the layers that networks have."""

from typing import Any

import numpy as np
from matrices import Node, conv_node, normal, random_activation

ONE, TWO = [1, 1, 1, 1], [2, 2]
LAYERS: dict[str, tuple[int, int, list[int], int, dict[str, Any]]] = {
    # filters, channels of a group, kernel, size of the image
    "stem": (64, 3, [7, 7], 30, {"strides": TWO, "pads": [3, 3, 3, 3]}),
    "body": (64, 64, [3, 3], 14, {"pads": ONE}),
    "wide": (64, 64, [3, 3], 28, {"pads": ONE}),
    "folded": (20, 16, [3, 3], 9, {"pads": ONE}),
    "deep": (72, 160, [3, 3], 7, {"pads": ONE}),
    "down": (40, 24, [3, 3], 17, {"strides": TWO, "pads": ONE}),
    "shortcut": (48, 32, [1, 1], 15, {"strides": TWO}),
    "point": (64, 48, [1, 1], 9, {}),
    "patches": (48, 3, [4, 4], 32, {"strides": [4, 4]}),
    "unpadded": (72, 10, [3, 5], 31, {"strides": [2, 1]}),
    "dilated": (40, 8, [3, 3], 12, {"dilations": [3, 3], "pads": [3, 3, 3, 3]}),
    "grouped": (96, 4, [3, 3], 9, {"groups": 2, "pads": ONE}),
    "narrow groups": (16, 4, [3, 3], 9, {"groups": 4, "pads": ONE}),
    "depthwise": (24, 1, [5, 5], 11, {"groups": 24, "pads": [2, 2, 2, 2]}),
    "one pixel": (70, 30, [3, 3], 1, {"pads": ONE}),
    "all padding": (40, 2, [2, 2], 1, {"pads": [9, 9, 9, 9]}),
}


def layer_of(
    layer: str, form: str, rng: np.random.Generator, batch: int = 1
) -> tuple[Node, np.ndarray]:
    """A layer as networks have them, and an input."""
    filters, channels, kernel, size, options = LAYERS[layer]
    node = conv_node(rng, form, filters, channels, kernel, **options)
    return node, normal(rng, (batch, options.get("groups", 1) * channels, size, size))


def random_case(rng: np.random.Generator, form: str) -> tuple[Node, tuple[int, ...]]:
    """A node of random shape and an input shape that it accepts, 1-D or 2-D."""
    axes = int(rng.integers(1, 3))
    groups, channels = int(rng.choice([1, 1, 1, 2, 3, 8])), int(rng.choice([1, 2, 3, 7, 16, 40]))
    filters = groups * int(rng.choice([1, 2, 5, 9, 16, 33]))
    kernel, strides = rng.integers(1, 5, axes).tolist(), rng.integers(1, 4, axes).tolist()
    dilations, pads = rng.integers(1, 3, axes).tolist(), rng.integers(0, 4, 2 * axes).tolist()
    extents = [(k - 1) * d + 1 for k, d in zip(kernel, dilations, strict=True)]
    needed = [max(1, e - pads[i] - pads[axes + i]) for i, e in enumerate(extents)]
    spatial = [n + int(rng.choice([0, 1, 4, 13])) for n in needed]
    node = conv_node(
        rng,
        form,
        filters,
        channels,
        kernel,
        groups=groups,
        strides=strides,
        dilations=dilations,
        pads=pads,
        activation=random_activation(rng),
    )
    return node, (int(rng.integers(1, 4)), groups * channels, *spatial)
