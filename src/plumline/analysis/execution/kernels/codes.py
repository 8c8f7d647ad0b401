"""How kernels for 8-bit codes cut the channels of a layer."""

from collections.abc import Sequence

import numpy as np

from plumline.analysis.execution.kernels.planes import Planes
from plumline.analysis.layer import Layer
from plumline.runtime import native

LIMITS = {"uint8": (0, 255), "int8": (-128, 127)}


def code_chunk(layer: Layer, groups: Sequence[Planes]) -> int:
    """Return the channels whose sums are made together: so few that int16 holds them."""
    low, high = LIMITS[str(layer.attributes["input"])]
    low = int(str(layer.attributes.get("input_low", low)))
    high = int(str(layer.attributes.get("input_high", high)))
    signs = np.concatenate([group.signs for group in groups])
    cut = np.ascontiguousarray(signs.reshape(len(signs), layer.channels, layer.taps))
    chunk: int = native.module().code_chunk(cut, high - low)
    return chunk
