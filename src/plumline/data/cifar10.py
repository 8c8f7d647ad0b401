"""CIFAR-10: 50,000 + 10,000 colour images 32x32 of ten classes, in either official format."""

import io
import pickle
import tarfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

from plumline.data.dataset import ArraySplit, DataSet, Images, Labels
from plumline.data.registry import register
from plumline.data.sources import check_labels, check_md5, damaged, missing, read
from plumline.errors import InputError

CLASSES = (
    *("airplane", "automobile", "bird", "cat", "deer"),
    *("dog", "frog", "horse", "ship", "truck"),
)
SHAPE = (3, 32, 32)
PIXELS = 3 * 32 * 32
ROWS = 10_000
"""Images in each of the six files."""

BINARY_FOLDER = "cifar-10-batches-bin"
PYTHON_FOLDER = "cifar-10-batches-py"
ARCHIVES = {
    BINARY_FOLDER: ("cifar-10-binary.tar.gz", "c32a1d4ab5d03f1284b67883e8d87530"),
    PYTHON_FOLDER: ("cifar-10-python.tar.gz", "c58f30108f718f92721af3b95e74349a"),
}

Part = tuple[Images, Labels]


@register("cifar10")
def cifar10(root: Path, *, checksums: bool = True) -> DataSet:
    """Open CIFAR-10 (Krizhevsky 2009) from either official format, unpacked or as the archive.

    Args:
        root: the folder that holds ``cifar-10-batches-bin/``, ``cifar-10-batches-py/``,
            ``cifar-10-binary.tar.gz`` or ``cifar-10-python.tar.gz``; the first found is read.
        checksums: whether an archive must have its official MD5.
    """
    train, test = _read(root, checksums)
    return DataSet(
        name="cifar10",
        classes=CLASSES,
        shape=SHAPE,
        mean=(0.4914, 0.4822, 0.4465),
        std=(0.2470, 0.2435, 0.2616),
        train=train,
        test=test,
    )


def _read(root: Path, checksums: bool) -> tuple[ArraySplit, ArraySplit]:
    for folder, (suffix, decode) in FORMATS.items():
        if (root / folder).is_dir():
            names = _file_names(suffix)
            parts = [decode(read(root / folder / name), root / folder / name) for name in names]
            return _splits(parts)
    for folder, (suffix, decode) in FORMATS.items():
        name, md5 = ARCHIVES[folder]
        archive = root / name
        if archive.is_file():
            if checksums:
                check_md5(archive, md5)
            members = _read_members(archive, [f"{folder}/{name}" for name in _file_names(suffix)])
            return _splits([decode(content, archive / name) for name, content in members.items()])
    archives = [root / name for name, _ in ARCHIVES.values()]
    raise missing("cifar10", [*(root / folder for folder in FORMATS), *archives])


def _file_names(suffix: str) -> list[str]:
    return [*(f"data_batch_{i}{suffix}" for i in range(1, 6)), f"test_batch{suffix}"]


def _splits(parts: list[Part]) -> tuple[ArraySplit, ArraySplit]:
    images = np.concatenate([part[0] for part in parts[:-1]]).reshape(-1, *SHAPE)
    labels = np.concatenate([part[1] for part in parts[:-1]])
    test_images, test_labels = parts[-1]
    return ArraySplit(images, labels), ArraySplit(test_images.reshape(-1, *SHAPE), test_labels)


def _read_members(archive: Path, names: list[str]) -> dict[str, bytes]:
    """Return the named members, read in one pass, for seeking back unpacks all over again."""
    found: dict[str, bytes] = {}
    try:
        with tarfile.open(archive) as tar:
            for member in tar:
                file = tar.extractfile(member) if member.name in names else None
                if file is not None:
                    found[member.name] = file.read()
    except (tarfile.TarError, OSError, EOFError) as error:
        raise damaged(archive, f"cannot be unpacked ({error})") from error
    for name in names:
        if name not in found:
            raise damaged(archive, f"does not hold {name}")
    return {name: found[name] for name in names}


def _decode_binary(content: bytes, path: Path) -> Part:
    """Split rows of one label byte and 3,072 pixel bytes."""
    expected = ROWS * (1 + PIXELS)
    if len(content) != expected:
        raise damaged(path, f"has {len(content):,} bytes, not {expected:,}")
    rows = np.frombuffer(content, np.uint8).reshape(ROWS, 1 + PIXELS)
    labels = rows[:, 0].astype(np.int64)
    check_labels(path, labels, len(CLASSES))
    return rows[:, 1:], labels


def _decode_pickle(content: bytes, path: Path) -> Part:
    try:
        batch = _ArrayUnpickler(io.BytesIO(content), encoding="bytes").load()
        images, labels = np.asarray(batch[b"data"]), np.asarray(batch[b"labels"])
    except InputError as error:
        raise damaged(path, str(error)) from error
    except Exception as error:  # a damaged pickle may raise anything
        raise damaged(path, f"is not a whole CIFAR-10 batch ({error})") from error
    if images.dtype != np.uint8 or images.shape != (ROWS, PIXELS):
        raise damaged(path, f"holds {images.dtype} {images.shape}, not uint8 ({ROWS}, {PIXELS})")
    if labels.dtype.kind not in "iu" or labels.shape != (ROWS,):
        raise damaged(path, f"does not hold {ROWS} whole numbers as labels")
    checked = labels.astype(np.int64)
    check_labels(path, checked, len(CLASSES))
    return images, checked


_EMPTY_ARRAY = np.empty(0).__reduce__()[0]
_ADMITTED: dict[tuple[str, str], Any] = {
    ("numpy", "dtype"): np.dtype,
    ("numpy", "ndarray"): np.ndarray,
    ("numpy.core.multiarray", "_reconstruct"): _EMPTY_ARRAY,
    ("numpy._core.multiarray", "_reconstruct"): _EMPTY_ARRAY,
}


class _ArrayUnpickler(pickle.Unpickler):
    """Makes lists, texts, numbers and numpy arrays, and refuses every other class or function.

    A pickle names what it wants called; the three admitted ones are all that an array needs.
    """

    def find_class(self, module: str, name: str) -> Any:
        if (module, name) not in _ADMITTED:
            raise InputError(f"asks to load {module}.{name}, which no array needs")
        return _ADMITTED[module, name]


FORMATS: dict[str, tuple[str, Callable[[bytes, Path], Part]]] = {
    BINARY_FOLDER: (".bin", _decode_binary),
    PYTHON_FOLDER: ("", _decode_pickle),
}
