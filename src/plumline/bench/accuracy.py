"""The score of a network on a data set, in any runtime; ours needs numpy alone."""

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import TypeVar

import numpy as np
from numpy.typing import NDArray

from plumline import data
from plumline._metrics import Evaluation, Tally
from plumline._progress import progress
from plumline.bench import contenders
from plumline.bench.difference import difference
from plumline.bench.subject import Subject
from plumline.data import DataSet, normalize
from plumline.errors import InputError

T = TypeVar("T", dict, list)  # type: ignore[type-arg]  # of whatever JSON holds


@dataclass(frozen=True)
class Agreement:
    """Several runtimes on the same images.

    ``top1`` has the percent of right answers of each runtime; ``difference`` is the largest
    deviation from the first runtime's answers, relative to the largest answer of a batch.
    """

    images: int
    top1: dict[str, float]
    difference: float


def evaluate(
    subject: Subject,
    runtime: str,
    dataset: DataSet,
    *,
    threads: int = 1,
    batch: int = 100,
    mean: Sequence[float] | None = None,
    std: Sequence[float] | None = None,
) -> Evaluation:
    """Evaluate a classifier of images on the test split.

    Args:
        subject: a network with one input (N, C, H, W) and first output (N, classes), logits. A
            centre of H by W pixels is cut out of larger images.
        runtime: name of the contender that runs it.
        dataset: where the images come from.
        threads: threads of the runtime.
        batch: images a run; the network's own batch size when that is fixed.
        mean, std: one number a channel; from the network's metadata, else the data set's, if None.
    """
    tally = Tally()
    for logits, labels in _answers(subject, runtime, dataset, threads, batch, mean, std):
        tally.add(logits, labels)
    return tally.result()


def agree(
    runtimes: Mapping[str, Subject], dataset: DataSet, *, threads: int = 1, batch: int = 100
) -> Agreement:
    """Run the whole test split in several runtimes; `InputError` when their answers differ.

    Args:
        runtimes: names of contenders, each with a form of the same network that it takes.
        dataset, threads, batch: as of `evaluate`.
    """
    tallies = {name: Tally() for name in runtimes}
    streams = [
        _answers(subject, name, dataset, threads, batch) for name, subject in runtimes.items()
    ]
    reference, worst = next(iter(runtimes)), 0.0
    for group in zip(*streams, strict=True):
        for name, (logits, labels) in zip(runtimes, group, strict=True):
            tallies[name].add(logits, labels)
            worst = max(worst, difference([group[0][0]], [logits], reference, name))
    scores = {name: tally.result() for name, tally in tallies.items()}
    top1 = {name: score.top1 for name, score in scores.items()}
    return Agreement(scores[reference].images, top1, worst)


def _answers(
    subject: Subject,
    runtime: str,
    dataset: DataSet,
    threads: int,
    batch: int,
    mean: Sequence[float] | None = None,
    std: Sequence[float] | None = None,
) -> Iterator[tuple[NDArray[np.float32], NDArray[np.int64]]]:
    """Yield logits and labels of the test split, a batch at a time."""
    name, shape = _image_input(subject)
    bind = contenders.look_up(runtime).open(subject, threads)
    mean = mean or numbers(subject, "mean") or dataset.mean
    std = std or numbers(subject, "std") or dataset.std
    size = shape[0] if isinstance(shape[0], int) else batch
    everything = np.arange(len(dataset.test))
    for start in progress(range(0, len(everything), size), f"evaluating {dataset.name}"):
        indices = everything[start : start + size]
        images = _centre(dataset.test.batch(indices), shape)
        feed = {name: _fill(normalize(images, mean, std), shape[0])}
        logits = bind(feed)()[0][: len(indices)]
        if logits.ndim != 2 or logits.shape[1] < len(dataset.classes):
            raise InputError(
                f"{subject.name} answers in shape {logits.shape}: {dataset.name} needs "
                f"(N, {len(dataset.classes)}) logits; name the right data set with --dataset"
            )
        # Some runtimes give views of memory that the next run overwrites.
        yield logits.copy(), dataset.test.labels[indices]


def open_dataset(subject: Subject, root: str | None = None, name: str | None = None) -> DataSet:
    """Open the data set that the network's metadata name, or the one that is given."""
    known = subject.metadata.get("plumline.dataset")
    wanted = name or known
    if wanted is None:
        raise InputError(
            f"{subject.name} does not say what data it is for: name the set with --dataset"
        )
    options = _json(subject, "dataset_options", dict) if wanted == known else None
    return data.open(wanted, root, **(options or {}))


def numbers(subject: Subject, key: str) -> tuple[float, ...] | None:
    """Return the numbers that the metadata hold under ``plumline.<key>``, if any."""
    values = _json(subject, key, list)
    if values is None:
        return None
    if not all(isinstance(value, int | float) for value in values):
        raise InputError(f"{subject.name}: plumline.{key} = {values!r} is not a list of numbers")
    return tuple(float(value) for value in values)


def _json(subject: Subject, key: str, kind: type[T]) -> T | None:
    text = subject.metadata.get(f"plumline.{key}")
    if text is None:
        return None
    try:
        value = json.loads(text)
    except ValueError:
        value = None
    if not isinstance(value, kind):
        raise InputError(f"{subject.name}: plumline.{key} = {text!r} is not a JSON {kind.__name__}")
    return value


def _image_input(subject: Subject) -> tuple[str, tuple[int | str, ...]]:
    if len(subject.inputs) != 1:
        raise InputError(f"{subject.name} has {len(subject.inputs)} inputs: a classifier has one")
    ((name, shape),) = subject.inputs.items()
    if len(shape) != 4:
        raise InputError(f"{subject.name} takes {shape}: a classifier of images takes (N, C, H, W)")
    return name, shape


def _centre(images: NDArray[np.uint8], shape: tuple[int | str, ...]) -> NDArray[np.uint8]:
    """Cut the network's size out of the middle of larger images."""
    for axis in (2, 3):
        size, extent = shape[axis], images.shape[axis]
        if isinstance(size, int) and size < extent:
            first = (extent - size) // 2
            images = images.take(range(first, first + size), axis=axis)
    if any(isinstance(n, int) and n != m for n, m in zip(shape[1:], images.shape[1:], strict=True)):
        raise InputError(f"the network takes images of {shape[1:]}, not {images.shape[1:]}")
    return images


def _fill(images: NDArray[np.float32], size: int | str) -> NDArray[np.float32]:
    """Repeat images up to a fixed batch size."""
    if isinstance(size, int) and len(images) < size:
        return images[np.arange(size) % len(images)]
    return images
