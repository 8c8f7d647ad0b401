"""Fashion-MNIST: 60,000 + 10,000 grey images 28x28 of ten kinds of clothing, in the idx format."""

import gzip
import zlib
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from plumline.data.dataset import ArraySplit, DataSet
from plumline.data.registry import register
from plumline.data.sources import check_labels, check_md5, damaged, missing, read

CLASSES = (
    *("T-shirt/top", "Trouser", "Pullover", "Dress", "Coat"),
    *("Sandal", "Shirt", "Sneaker", "Bag", "Ankle boot"),
)
FOLDER = "fashion-mnist"
MD5 = {
    "train-images-idx3-ubyte.gz": "8d4fb7e6c68d591d4c3dfef9ec88bf0d",
    "train-labels-idx1-ubyte.gz": "25c81989df183df01b3e8a0aad5dffbe",
    "t10k-images-idx3-ubyte.gz": "bef4ecab320f06d8554ea6380940ec79",
    "t10k-labels-idx1-ubyte.gz": "bb300cfdad3c16e7a12a480ee83cd310",
}


@register("fashion-mnist")
def fashion_mnist(root: Path, *, checksums: bool = True) -> DataSet:
    """Open Fashion-MNIST (Xiao, Rasul, Vollgraf 2017).

    Args:
        root: the folder that holds ``fashion-mnist/`` with the four official ``.gz`` files, or the
            same files unpacked and without ``.gz``.
        checksums: whether ``.gz`` files must have their official MD5.
    """
    folder = root / FOLDER
    return DataSet(
        name="fashion-mnist",
        classes=CLASSES,
        shape=(1, 28, 28),
        mean=(0.2860,),
        std=(0.3530,),
        train=_split(folder, "train", checksums),
        test=_split(folder, "t10k", checksums),
    )


def _split(folder: Path, part: str, checksums: bool) -> ArraySplit:
    images = _read_idx(folder / f"{part}-images-idx3-ubyte", (28, 28), checksums)
    path = folder / f"{part}-labels-idx1-ubyte"
    labels = _read_idx(path, (), checksums).astype(np.int64)
    if len(labels) != len(images):
        raise damaged(path, f"has {len(labels)} labels for {len(images)} images")
    check_labels(path, labels, len(CLASSES))
    return ArraySplit(images[:, None], labels)


def _read_idx(path: Path, item: tuple[int, ...], checksums: bool) -> NDArray[np.uint8]:
    """Return the uint8 array (count, *item) of an idx file, packed or not.

    The header is big-endian: two zero bytes, type 8 (uint8), number of axes, each axis as uint32.
    """
    packed = path.with_name(path.name + ".gz")
    source = packed if packed.is_file() else path
    if not source.is_file():
        raise missing(FOLDER, [packed])
    content = _unpack(source, checksums) if source == packed else read(source)
    axes = 1 + len(item)
    start = 4 + 4 * axes
    if len(content) < start or content[:4] != bytes((0, 0, 8, axes)):
        raise damaged(source, f"is not an idx file of uint8 with {axes} axes")
    shape = tuple(int(size) for size in np.frombuffer(content, ">u4", axes, 4))
    if shape[1:] != item:
        raise damaged(source, f"holds items of shape {shape[1:]}, not {item}")
    expected = start + shape[0] * int(np.prod(item))
    if len(content) != expected:
        raise damaged(source, f"unpacks to {len(content):,} bytes, not {expected:,}")
    return np.frombuffer(content, np.uint8, offset=start).reshape(shape)


def _unpack(path: Path, checksums: bool) -> bytes:
    if checksums:
        check_md5(path, MD5[path.name])
    try:
        return gzip.decompress(read(path))
    except (OSError, EOFError, zlib.error) as error:
        raise damaged(path, f"cannot be unpacked ({error})") from error
