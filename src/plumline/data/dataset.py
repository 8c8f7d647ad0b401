"""What a data set is: classes, a shape, channel statistics, a train and a test split."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np
from numpy.typing import ArrayLike, NDArray

from plumline.errors import InputError

Images = NDArray[np.uint8]
Labels = NDArray[np.int64]


class Split(Protocol):
    """Images with labels, read a batch at a time."""

    @property
    def labels(self) -> Labels:
        """Class number of every image, int64 (len,)."""
        ...

    def __len__(self) -> int: ...

    def batch(self, indices: ArrayLike) -> Images:
        """Return the images at ``indices`` (n whole numbers or a mask) as uint8 (n, C, H, W)."""
        ...


@dataclass(frozen=True)
class ArraySplit:
    """A split that lies in memory: ``images`` uint8 (len, C, H, W), ``labels`` int64 (len,)."""

    images: Images
    labels: Labels

    def __len__(self) -> int:
        return len(self.labels)

    def batch(self, indices: ArrayLike) -> Images:
        """Return a copy of the images at ``indices`` as uint8 (n, C, H, W)."""
        picked: Images = self.images[np.asarray(indices)]
        return picked


@dataclass(frozen=True)
class DataSet:
    """A labelled image set.

    ``shape`` is (C, H, W) of every image; ``mean`` and ``std`` have one number a channel, of pixels
    scaled to [0, 1].
    """

    name: str
    classes: tuple[str, ...]
    shape: tuple[int, int, int]
    mean: tuple[float, ...]
    std: tuple[float, ...]
    train: Split
    test: Split


def normalize(
    images: NDArray[Any], mean: Sequence[float], std: Sequence[float]
) -> NDArray[np.float32]:
    """Return ``(images / 255 - mean) / std`` as float32, in the shape of ``images``.

    Args:
        images: uint8 (..., C, H, W).
        mean: one number a channel, of pixels scaled to [0, 1].
        std: likewise, above 0.
    """
    if images.dtype != np.uint8 or images.ndim < 3:
        raise InputError(
            f"images to normalize are uint8 (..., C, H, W), not {images.dtype} {images.shape}"
        )
    channels = images.shape[-3]
    if not len(mean) == len(std) == channels:
        raise InputError(
            f"images of {channels} channels need as many means and stds, "
            f"not {len(mean)} and {len(std)}"
        )
    if not np.isfinite([*mean, *std]).all():
        raise InputError(f"means and stds must be finite, not {tuple(mean)} and {tuple(std)}")
    if min(std) <= 0:
        raise InputError(f"standard deviations must be above 0, not {min(std)}")
    deviation = np.asarray(std, np.float64)
    scale = (1 / (255 * deviation)).astype(np.float32).reshape(-1, 1, 1)
    shift = (np.asarray(mean, np.float64) / deviation).astype(np.float32).reshape(-1, 1, 1)
    result: NDArray[np.float32] = images * scale
    result -= shift
    return result
