"""SqueezeNet v1.0 as Deep Compression published it: pruned, and 256 shared values a layer.

Source: Han et al. 2015, arXiv 1510.00149, and the file ``compressed_SqueezeNet.net`` of
songhan/SqueezeNet-Deep-Compression. For the 26 convolutions in order it has, little-endian: the
number of codes of each as uint32; then for each 256 values and the biases as float32, the codes as
bytes, and four bits for each code: how many zeros were skipped before it, low half byte first.
"""

import os
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from plumline import models
from plumline.errors import InputError

if TYPE_CHECKING:
    from torch import nn

FILE = Path("weights") / "compressed_SqueezeNet.net"
VALUES = 256
IMAGE = (3, 227, 227)


def find(root: str | None) -> Path:
    """Return the file below ``root``, else below ``$PLUMLINE_DATA``; `InputError` without one."""
    path = Path(root or os.environ.get("PLUMLINE_DATA") or ".") / FILE
    if not path.is_file():
        raise InputError(f"there is no {path}: name its folder with --data or $PLUMLINE_DATA")
    return path


def load(path: Path) -> "nn.Module":
    """Make the network; `InputError` when the file does not fit it."""
    import torch

    model = models.create("squeezenet", num_classes=1000).eval().requires_grad_(False)
    layers = [module for module in model.modules() if isinstance(module, torch.nn.Conv2d)]
    shapes = [tuple(layer.weight.shape) for layer in layers]
    for layer, (weight, bias) in zip(layers, decode(path, shapes), strict=True):
        layer.weight.copy_(torch.from_numpy(weight))
        layer.bias = torch.nn.Parameter(torch.from_numpy(bias), requires_grad=False)
    return model


def decode(
    path: Path, shapes: list[tuple[int, ...]]
) -> list[tuple[NDArray[np.float32], NDArray[np.float32]]]:
    """Read weight and bias of layers of these shapes; `InputError` when the file does not fit."""
    stream = _Stream(path)
    counts = stream.take("<u4", len(shapes)).tolist()
    decoded = []
    for count, shape in zip(counts, shapes, strict=True):
        values = stream.take("<f4", VALUES)
        bias = stream.take("<f4", shape[0]).astype(np.float32)
        codes = stream.take("u1", count)
        halves = stream.take("u1", (count + 1) // 2)
        gaps = (
            np.stack([halves & np.uint8(15), halves >> np.uint8(4)], 1)
            .reshape(-1)[:count]
            .astype(np.int64)
        )
        places = np.cumsum(gaps + 1) - 1
        weight = np.zeros(int(np.prod(shape)), np.float32)
        if count and places[-1] >= len(weight):
            raise InputError(f"{path}: it has more weights than a layer of shape {shape}")
        weight[places] = values[codes]
        decoded.append((weight.reshape(shape), bias))
    if stream.left:
        raise InputError(f"{path}: {stream.left} bytes are left over: not SqueezeNet v1.0?")
    return decoded


class _Stream:
    """The bytes of a file, taken from the front."""

    def __init__(self, path: Path) -> None:
        self._path, self._data, self._at = path, path.read_bytes(), 0

    @property
    def left(self) -> int:
        return len(self._data) - self._at

    def take(self, kind: str, count: int) -> NDArray[Any]:
        size = np.dtype(kind).itemsize * count
        if size > self.left:
            raise InputError(f"{self._path}: it ends early: fetch it again")
        found = np.frombuffer(self._data, kind, count, self._at)
        self._at += size
        return found
