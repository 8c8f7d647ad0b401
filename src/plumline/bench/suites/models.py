"""Whole networks: untrained ones of plumline's models, and one that others trained.

Random weights take the time that trained ones of the same density take; what is measured says so in
its column ``weights``. Trained networks of one's own can be given.
"""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Any

from plumline.bench import timed
from plumline.bench.networks import calibrated, deep_compression, untrained, values
from plumline.bench.networks.trained import label
from plumline.bench.records import Records
from plumline.bench.subject import Subject
from plumline.bench.suite import Case, Group, Say, Settings, suite


@dataclass(frozen=True)
class Network:
    """A model of plumline at one size of images, and the schemes it is measured with."""

    name: str
    model: str
    schemes: tuple[str, ...]
    image: tuple[int, int, int]
    classes: int
    options: Mapping[str, Any] = field(default_factory=dict)


NETWORKS = (
    Network("resnet18@224", "resnet18", ("signed-binary", "float"), (3, 224, 224), 1000),
    Network(
        "resnet18-plum@224",
        "resnet18",
        ("signed-binary",),
        (3, 224, 224),
        1000,
        {"block": "plum"},
    ),
    Network(
        "resnet20@32",
        "resnet20",
        ("signed-binary", "binary", "ternary", "float"),
        (3, 32, 32),
        10,
        {"activation": "prelu"},
    ),
    Network("vgg-small@32", "vgg-small", ("signed-binary", "float"), (3, 32, 32), 10),
)

SQUEEZENET, SQUEEZENET_SCHEME = "squeezenet@227", "deep-compression"

FORMS: dict[str, Callable[[Subject], Subject]] = {
    "fp32": lambda subject: subject,
    "int8": calibrated.quantize,
}
"""What is done to a float network, by the kind of activations."""


@suite(
    "models",
    "ResNet-18, ResNet-20 of CIFAR, VGG-small, SqueezeNet with Deep Compression",
    metric=timed.METRIC,
    columns=timed.COLUMNS,
)
def run(settings: Settings, records: Records, say: Say) -> None:
    """Time every group."""
    found = groups(settings)
    timed.time_groups("models", found, settings, records, say, batches=(1, 8), threads=(1, 2))


def groups(settings: Settings) -> Iterator[Group]:
    """Yield a group a network: all schemes together."""
    for network in NETWORKS:
        schemes = [scheme for scheme in network.schemes if settings.wants(scheme)]
        yield [untrained_case(network, scheme, settings) for scheme in schemes]
    if settings.wants(SQUEEZENET_SCHEME):
        yield [_squeezenet(settings)]
    for path in settings.weights:
        make = partial(_read, path, settings)
        name = label(Path(path))
        yield [Case(name, name, "trained", f"trained: {name}", make)]


def untrained_case(network: Network, scheme: str, settings: Settings) -> Case:
    """Return a network with random weights of a scheme."""

    def make() -> Subject:
        n = network
        module = untrained.create(n.model, scheme, n.image, n.classes, n.options)
        return FORMS[settings.activations](untrained.subject(n.name, module, n.image))

    weights = f"untrained, density {values.density(scheme):g}"
    return Case(network.name, network.name, scheme, weights, make)


def _squeezenet(settings: Settings) -> Case:
    def make() -> Subject:
        module = deep_compression.load(deep_compression.find(settings.data))
        subject = untrained.subject(SQUEEZENET, module, deep_compression.IMAGE)
        return FORMS[settings.activations](subject)

    weights = "trained by others, density 0.33"
    return Case(SQUEEZENET, SQUEEZENET, SQUEEZENET_SCHEME, weights, make)


def _read(path: str, settings: Settings) -> Subject:
    return FORMS[settings.activations](Subject.open(path))
