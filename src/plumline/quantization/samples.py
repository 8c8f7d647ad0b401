"""Calibration inputs: from arrays in files, or the training images of a data set."""

from collections.abc import Callable, Iterable, Iterator, Mapping
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from plumline.data import DataSet, normalize
from plumline.errors import InputError

Feed = dict[str, NDArray[np.float32]]

_SUFFIXES = (".npz", ".npy")


Inputs = Mapping[str, tuple[int | str, ...]]
"""The shape of each input, with a text for a size that is open."""


def read_samples(
    path: str, inputs: Mapping[str, tuple[int | str, ...]]
) -> Callable[[], list[Feed]]:
    """Read the arrays of a ``.npz`` or ``.npy`` file, or of all such files of a folder.

    An ``.npz`` has an array for each input, by its name; an ``.npy``, and an ``.npz`` of one
    array, that of a network with one input. Arrays are float32, in the shape of the input.
    """
    place = Path(path)
    files = (
        sorted(f for f in place.iterdir() if f.suffix in _SUFFIXES) if place.is_dir() else [place]
    )
    if not files:
        raise InputError(f"{path!r} holds no .npz or .npy files")
    feeds = [_feed(file, inputs) for file in files]
    return lambda: feeds


def _feed(file: Path, inputs: Inputs) -> Feed:
    if file.suffix not in _SUFFIXES:
        raise InputError(f"{str(file)!r} is neither a .npz nor a .npy file")
    try:
        loaded = np.load(file, allow_pickle=False)
    except (OSError, ValueError) as error:
        raise InputError(f"cannot read {str(file)!r}: {error}") from None
    arrays = {next(iter(inputs)): loaded} if isinstance(loaded, np.ndarray) else dict(loaded)
    if len(inputs) == 1 and len(arrays) == 1:
        arrays = {next(iter(inputs)): next(iter(arrays.values()))}
    if set(arrays) != set(inputs):
        raise InputError(
            f"{str(file)!r} has the arrays {', '.join(arrays)}: the network takes "
            f"{', '.join(inputs)}"
        )
    return {name: array.astype(np.float32, copy=False) for name, array in arrays.items()}


def training_images(
    dataset: DataSet,
    name: str,
    size: int | str,
    statistics: tuple[Iterable[float], Iterable[float]],
    images: int,
    batch: int = 32,
) -> Callable[[], Iterator[Feed]]:
    """Take so many images, evenly from the whole training split, as inputs of one network.

    ``size`` is the network's own batch size where that is fixed.
    """
    mean, std = (tuple(numbers) for numbers in statistics)
    step = size if isinstance(size, int) else batch
    total = max(step, min(images, len(dataset.train)) // step * step)
    chosen = np.linspace(0, len(dataset.train) - 1, total).astype(np.int64)

    def feeds() -> Iterator[Feed]:
        for start in range(0, total, step):
            yield {name: normalize(dataset.train.batch(chosen[start : start + step]), mean, std)}

    return feeds
