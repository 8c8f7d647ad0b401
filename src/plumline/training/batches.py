"""The batches of an epoch, read ahead by threads when a data set is slow to read."""

from collections import deque
from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor

import numpy as np
import torch
from torch import Tensor

from plumline.data import DataSet
from plumline.errors import InputError
from plumline.training.recipe import TrainSection

Batch = tuple[int, Tensor, Tensor]


def steps_per_epoch(dataset: DataSet, train: TrainSection, processes: int) -> int:
    """Return the number of whole batches; the images left over differ from epoch to epoch."""
    size = train.batch_size
    if size > len(dataset.train):
        raise InputError(
            f"train.batch_size = {size}: {dataset.name} has {len(dataset.train)} training images"
        )
    if size % processes:
        raise InputError(
            f"train.batch_size = {size}: it must be a multiple of {processes} processes"
        )
    return len(dataset.train) // size


def share(size: int, rank: int, processes: int) -> slice:
    """Return which part of a batch of ``size`` images the process ``rank`` takes."""
    part = size // processes
    return slice(rank * part, (rank + 1) * part)


def batches(
    dataset: DataSet, train: TrainSection, epoch: int, first: int, part: slice
) -> Iterator[Batch]:
    """Yield (step in the epoch, images, labels) from step ``first`` on, one process's part of each.

    Images are uint8 (n, C, H, W), labels int64 (n,). Only seed and epoch decide the order.
    """
    split, size = dataset.train, train.batch_size
    order = np.random.default_rng([train.seed, epoch]).permutation(len(split))

    def read(step: int) -> Batch:
        chosen = order[step * size : (step + 1) * size][part]
        return step, torch.from_numpy(split.batch(chosen)), torch.from_numpy(split.labels[chosen])

    steps = range(first, len(split) // size)
    if not train.workers:
        yield from map(read, steps)
        return
    with ThreadPoolExecutor(train.workers) as pool:
        ahead: deque[Future[Batch]] = deque()
        for step in steps:
            ahead.append(pool.submit(read, step))
            if len(ahead) > train.workers:
                yield ahead.popleft().result()
        while ahead:
            yield ahead.popleft().result()
