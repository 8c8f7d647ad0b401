"""scikit-learn's handwritten digits: 1,797 real 8x8 grey images that need no download."""

import numpy as np

from plumline._extras import require
from plumline.data.dataset import ArraySplit, DataSet, Images, Labels
from plumline.data.registry import register
from plumline.errors import InputError

SIDE = 8


@register("digits")
def digits(*, size: int = SIDE) -> DataSet:
    """Open scikit-learn's ``load_digits``: the test part of UCI optdigits (Alpaydin, Kaynak 1998).

    Grey levels 0..16 are scaled to 0..255. Every fifth image of each class, in file order, is a
    test image, so the split is the same everywhere and both parts have the classes in proportion.

    Args:
        size: height and width, a multiple of 8: each pixel is repeated, for networks that want
            larger images.
    """
    if size < SIDE or size % SIDE:
        raise InputError(f"size of digits is {size}: give a multiple of {SIDE}")
    source = require("sklearn.datasets", "train").load_digits()
    levels = np.asarray(source.images, np.uint16)
    images = ((levels * 255 + 8) // 16).astype(np.uint8)[:, None]
    images = images.repeat(size // SIDE, axis=2).repeat(size // SIDE, axis=3)
    labels = np.asarray(source.target, np.int64)
    test = _every_fifth_of_each_class(labels)
    train = ArraySplit(images[~test], labels[~test])
    mean, std = _statistics(train.images)
    return DataSet(
        name="digits",
        classes=tuple("0123456789"),
        shape=(1, size, size),
        mean=(mean,),
        std=(std,),
        train=train,
        test=ArraySplit(images[test], labels[test]),
    )


def _every_fifth_of_each_class(labels: Labels) -> np.ndarray[tuple[int, ...], np.dtype[np.bool_]]:
    chosen = np.zeros(len(labels), np.bool_)
    for label in np.unique(labels):
        chosen[np.flatnonzero(labels == label)[4::5]] = True
    return chosen


def _statistics(images: Images) -> tuple[float, float]:
    return round(float(images.mean()) / 255, 4), round(float(images.std()) / 255, 4)
