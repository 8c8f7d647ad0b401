"""The measure of a classifier, shared by training and by the runtime: numpy only."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray


@dataclass(frozen=True)
class Evaluation:
    """What a classifier scores on a split.

    ``loss`` is the mean cross-entropy in nats. ``top1`` and ``top5`` are percent: images
    whose label is the first, or among the first five, answers. ``top5`` is None up to five classes.
    """

    images: int
    loss: float
    top1: float
    top5: float | None


class Tally:
    """Adds up batches of answers; sums can be joined with those of other processes."""

    def __init__(self) -> None:
        self.sums = np.zeros(4, np.float64)
        self.has_top5 = False

    def add(self, logits: NDArray[np.float32], labels: NDArray[np.int64]) -> None:
        """Count a batch: ``logits`` (n, classes), ``labels`` (n,).

        Equal logits rank in order of class number, so a network that answers the same for every
        class is not counted right each time.
        """
        scores = logits.astype(np.float64)
        rows = np.arange(len(labels))
        own = scores[rows, labels][:, None]
        before = np.arange(scores.shape[1]) < labels[:, None]
        rank = ((scores > own) | ((scores == own) & before)).sum(axis=1)
        # A NaN compares as false everywhere and would rank first.
        rank[~np.isfinite(scores).all(axis=1)] = scores.shape[1]
        peak = scores.max(axis=1, keepdims=True)
        loss = np.log(np.exp(scores - peak).sum(axis=1)) + (peak - own)[:, 0]
        self.sums += (len(labels), loss.sum(), (rank < 1).sum(), (rank < 5).sum())
        self.has_top5 = scores.shape[1] > 5

    def result(self) -> Evaluation:
        """Divide the sums by the number of images."""
        images, loss, first, first_five = self.sums
        return Evaluation(
            images=int(images),
            loss=float(loss / images),
            top1=float(100 * first / images),
            top5=float(100 * first_five / images) if self.has_top5 else None,
        )
