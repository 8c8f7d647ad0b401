"""The 3x3 convolutions of ResNet-18, a shape at a time.

Layers of stride 1 stand in a chain of four, so that converting layouts at either end is shared as
in a network; the time of one is a quarter. The layers that halve the image stand alone, as they do
in the network, and so do the dense layers around them: stem and shortcuts.
"""

from collections.abc import Iterator
from functools import partial
from pathlib import Path

import numpy as np

from plumline.bench import timed
from plumline.bench.networks import chain, values
from plumline.bench.networks.trained import label, read_layers
from plumline.bench.records import Records
from plumline.bench.subject import Subject
from plumline.bench.suite import Case, Group, Say, Settings, suite

CHAIN = 4
STRIDE_1 = ((64, 56), (128, 28), (256, 14), (512, 7))
"""Channels, and height and width of the image."""
STRIDE_2 = ((64, 128, 56), (128, 256, 28), (256, 512, 14))
"""Channels, filters, and height and width of the input."""
DENSE = (("stem", 3, 64, 7, 224), *((f"1x1 shortcut {c}", c, m, 1, s) for c, m, s in STRIDE_2))
"""Name, channels, filters, kernel, and height and width of the input; all of stride 2."""


@suite(
    "resnet18-conv",
    "3x3 layers of ResNet-18 with random weights, and of trained networks",
    metric=timed.METRIC,
    columns=timed.COLUMNS,
)
def run(settings: Settings, records: Records, say: Say) -> None:
    """Time every group."""
    found = groups(settings)
    timed.time_groups("resnet18-conv", found, settings, records, say)


def groups(settings: Settings) -> Iterator[Group]:
    """Yield a group a shape: all schemes together."""
    schemes = [scheme for scheme in values.schemes() if settings.wants(scheme)]
    for channels, size in STRIDE_1:
        shape = (channels, channels, 3, 3)
        name = f"{channels}@{size}"
        yield [_random(name, "3x3 stride 1", s, shape, CHAIN, 1, size, settings) for s in schemes]
    for channels, filters, size in STRIDE_2:
        shape = (filters, channels, 3, 3)
        name = f"{channels}->{filters}@{size}/2"
        yield [_random(name, "3x3 stride 2", s, shape, 1, 2, size, settings) for s in schemes]
    if settings.wants("float"):
        for title, channels, filters, kernel, size in DENSE:
            shape = (filters, channels, kernel, kernel)
            name = f"{title}->{filters}@{size}/2"
            yield [_random(name, "dense", "float", shape, 1, 2, size, settings)]
    for path in settings.weights:
        yield from _trained(Path(path), settings)


def _random(
    name: str,
    part: str,
    scheme: str,
    shape: tuple[int, ...],
    count: int,
    stride: int,
    size: int,
    settings: Settings,
) -> Case:
    def make() -> Subject:
        random = np.random.default_rng(0)
        codes = [values.draw(scheme, shape, random) for _ in range(count)]
        return chain.MAKERS[settings.activations](name, codes, stride, (size, size))

    weights = f"random, density {values.density(scheme):g}"
    return Case(name, part, scheme, weights, make, count)


def _trained(path: Path, settings: Settings) -> Iterator[Group]:
    """Yield a group a shape: layers of one shape and stride 1 stand in a chain, in order."""
    for found in read_layers(path, CHAIN):
        if settings.wants(found.scheme):
            kind, name = chain.MAKERS[settings.activations], f"{label(path)} {found.name}"
            make = partial(kind, name, found.codes, found.stride, found.image)
            weights = f"trained: {label(path)}"
            yield [Case(name, "trained", found.scheme, weights, make, len(found.codes))]
