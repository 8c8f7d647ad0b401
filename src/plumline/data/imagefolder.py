"""Folders of images, one a class: ImageNet, Tiny ImageNet, or your own; decoded when asked for."""

import os
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from plumline._extras import require
from plumline.data.dataset import DataSet, Images, Labels
from plumline.data.registry import register
from plumline.data.sources import missing
from plumline.errors import InputError

IMAGENET_MEAN = (0.485, 0.456, 0.406)
IMAGENET_STD = (0.229, 0.224, 0.225)
ENDINGS = frozenset((".jpg", ".jpeg", ".png", ".bmp", ".webp", ".ppm"))
TEST_FOLDERS = ("val", "test", "validation")
ANNOTATIONS = "val_annotations.txt"

Item = tuple[Path, int]


@dataclass(frozen=True)
class FileSplit:
    """A split of image files: ``paths`` in step with ``labels`` int64 (len,)."""

    paths: tuple[Path, ...]
    labels: Labels
    size: int
    resize: int

    def __len__(self) -> int:
        return len(self.paths)

    def batch(self, indices: ArrayLike) -> Images:
        """Decode the images at ``indices`` in parallel, as uint8 (n, 3, size, size)."""
        chosen = np.arange(len(self))[np.asarray(indices)]
        images = np.empty((len(chosen), 3, self.size, self.size), np.uint8)
        library = require("PIL.Image", "train")

        def decode(position: int) -> None:
            path = self.paths[chosen[position]]
            images[position] = _decode(library, path, self.size, self.resize)

        with ThreadPoolExecutor(min(8, os.cpu_count() or 1)) as pool:
            for _ in pool.map(decode, range(len(chosen))):  # asking for results raises errors here
                pass
        return images


@register("imagefolder")
def imagefolder(
    root: Path, *, folder: str = ".", size: int = 224, resize: int | None = None
) -> DataSet:
    """Open a folder with one sub-folder of images a class.

    Train images are ``train/CLASS/**``; test images are ``val/CLASS/**`` (or ``test/``, or
    ``validation/``), or ``val/images/*`` with Tiny ImageNet's ``val/val_annotations.txt``. Classes
    are the sorted folder names of ``train/``. Mean and std are those of ImageNet.

    Args:
        root: the folder given by ``--data`` or ``$PLUMLINE_DATA``.
        folder: the image folder, relative to ``root``.
        size: height and width of the images that come out.
        resize: length that the shorter side is scaled to before the centre is cut out; by default
            ``size`` * 256 / 224, ImageNet's convention.
    """
    return _open("imagefolder", root / folder, size, resize)


@register("tiny-imagenet")
def tiny_imagenet(root: Path, *, size: int = 64) -> DataSet:
    """Open Tiny ImageNet (``tiny-imagenet-200/``), or a part of it (``tiny-imagenet-20/``).

    Args:
        root: the folder that holds one of these; the first found is read.
        size: height and width that the 64x64 images are scaled to.
    """
    folders = [root / "tiny-imagenet-200", root / "tiny-imagenet-20"]
    for folder in folders:
        if folder.is_dir():
            return _open("tiny-imagenet", folder, size, size)
    raise missing("tiny-imagenet", folders[:1])


def _open(name: str, folder: Path, size: int, resize: int | None) -> DataSet:
    if size < 1:
        raise InputError(f"size of {name} is at least 1, not {size}")
    scaled = round(size * 256 / 224) if resize is None else resize
    if scaled < size:
        raise InputError(f"resize of {name} is at least its size {size}, not {scaled}")
    train = folder / "train"
    classes = _sub_folders(train)
    if not classes:
        raise missing(name, [train / "CLASS" / "*.jpg"])
    held_out = [folder / part for part in TEST_FOLDERS if (folder / part).is_dir()]
    if not held_out:
        raise missing(name, [folder / part / "CLASS" / "*.jpg" for part in TEST_FOLDERS])
    return DataSet(
        name=name,
        classes=tuple(classes),
        shape=(3, size, size),
        mean=IMAGENET_MEAN,
        std=IMAGENET_STD,
        train=_split(_by_folder(train, classes), train, size, scaled),
        test=_split(_test_items(held_out[0], classes), held_out[0], size, scaled),
    )


def _split(items: Sequence[Item], folder: Path, size: int, resize: int) -> FileSplit:
    if not items:
        raise InputError(
            f"there is no image in {folder}: known endings are {', '.join(sorted(ENDINGS))}"
        )
    paths, labels = zip(*items, strict=True)
    return FileSplit(paths, np.asarray(labels, np.int64), size, resize)


def _sub_folders(folder: Path) -> list[str]:
    if not folder.is_dir():
        return []
    return sorted(entry.name for entry in os.scandir(folder) if entry.is_dir())


def _by_folder(folder: Path, classes: Sequence[str]) -> list[Item]:
    return [
        (path, label)
        for label, name in enumerate(classes)
        for path in sorted((folder / name).rglob("*"))
        if path.suffix.lower() in ENDINGS
    ]


def _test_items(folder: Path, classes: Sequence[str]) -> list[Item]:
    annotations = folder / ANNOTATIONS
    if annotations.is_file():
        return _annotated(annotations, classes)
    strangers = set(_sub_folders(folder)) - set(classes)
    if strangers:
        raise InputError(f"{folder / min(strangers)} is a class that train/ does not have")
    return _by_folder(folder, classes)


def _annotated(annotations: Path, classes: Sequence[str]) -> list[Item]:
    """Read Tiny ImageNet's lines: file name, class, and a box that is not used, between tabs."""
    number = {name: label for label, name in enumerate(classes)}
    items = []
    for line in annotations.read_text().splitlines():
        file, _, rest = line.partition("\t")
        label = number.get(rest.partition("\t")[0])
        if label is None:
            raise InputError(f"{annotations} has a line without a class of train/: {line!r}")
        items.append((annotations.parent / "images" / file, label))
    return items


def _decode(library: Any, path: Path, size: int, resize: int) -> Images:
    """Return uint8 (3, size, size): shorter side scaled to ``resize``, then the centre cut out."""
    try:
        with library.open(path) as file:
            image = file.convert("RGB")
    except (OSError, SyntaxError, ValueError, library.DecompressionBombError) as error:
        raise InputError(f"image {path} cannot be decoded: replace or remove it") from error
    width, height = image.size
    if min(width, height) != resize:
        scale = resize / min(width, height)
        width, height = max(resize, round(width * scale)), max(resize, round(height * scale))
        image = image.resize((width, height), library.Resampling.BILINEAR)
    left, top = (width - size) // 2, (height - size) // 2
    centre = image.crop((left, top, left + size, top + size))
    pixels: Images = np.asarray(centre, np.uint8).transpose(2, 0, 1)
    return pixels
