"""Learning-rate schedules by name: each gives the rate at a moment of training, after warm-up."""

import math
from collections.abc import Callable

from plumline._names import look_up
from plumline.training.recipe import TrainSection

Schedule = Callable[[TrainSection, float], float]
SCHEDULES: dict[str, Schedule] = {}


def schedule(function: Schedule) -> Schedule:
    """Register a schedule by the function's name: ``(train, epoch) -> learning rate``.

    ``epoch`` counts passes over the data, with a fraction, from the start of training.
    """
    SCHEDULES[function.__name__] = function
    return function


def learning_rate(train: TrainSection, step: int, steps_per_epoch: int) -> float:
    """Return the learning rate of a step, counted from 0 over the whole training.

    During the first ``train.warmup`` epochs the rate rises in equal steps to ``train.lr``.
    """
    rate = look_up("train.schedule", train.schedule, SCHEDULES)
    warmup_steps = round(train.warmup * steps_per_epoch)
    if step < warmup_steps:
        return train.lr * (step + 1) / warmup_steps
    return rate(train, step / steps_per_epoch)


@schedule
def constant(train: TrainSection, epoch: float) -> float:
    """Keep the rate at ``lr``."""
    return train.lr


@schedule
def step(train: TrainSection, epoch: float) -> float:
    """Multiply the rate by ``gamma`` at each of the ``milestones`` (epochs)."""
    return train.lr * train.gamma ** sum(epoch >= milestone for milestone in train.milestones)


@schedule
def linear(train: TrainSection, epoch: float) -> float:
    """Fall in a straight line: max(lr - s (lr + min_lr), min_lr) at a share s of training.

    The first-order polynomial of Apple's ml-quant, on which the code that PLUM released is built.
    """
    return max(train.lr - _share(train, epoch) * (train.lr + train.min_lr), train.min_lr)


@schedule
def cosine(train: TrainSection, epoch: float) -> float:
    """Fall along half a cosine from ``lr`` to ``min_lr`` (Loshchilov and Hutter, SGDR, eq. 5)."""
    height = (1 + math.cos(math.pi * _share(train, epoch))) / 2
    return train.min_lr + (train.lr - train.min_lr) * height


def _share(train: TrainSection, epoch: float) -> float:
    return (epoch - train.warmup) / (train.epochs - train.warmup)
