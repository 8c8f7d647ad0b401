"""VGG, AlexNet and ResNet on CIFAR-10, SVHN and Tiny ImageNet."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

from plumline.errors import InputError
from plumline.reproduce.context import Context
from plumline.reproduce.drawing import drawn
from plumline.reproduce.item import Comparison, Outcome, item
from plumline.reproduce.plum.training import (
    Trained,
    Wanted,
    conditions,
    mean_top1,
    train_all,
)

if TYPE_CHECKING:
    from matplotlib.figure import Figure

SCHEMES = ("float", "binary", "signed-binary")


@dataclass(frozen=True)
class Network:
    """A network on a data set; ``smoke`` are the changes that make it cheap."""

    model: str
    dataset: str
    options: Mapping[str, str]
    smoke: Mapping[str, str]


SIZE = "data.options.size"
NETWORKS = (
    Network(
        *("vgg-small", "cifar10", {"activation": "prelu"}),
        {SIZE: "8", "model.options.image_size": "8"},
    ),
    Network("alexnet", "svhn", {"activation": "prelu"}, {SIZE: "32"}),
    Network("resnet18", "tiny-imagenet", {"block": "plum"}, {SIZE: "32"}),
)


@item("plum", "datasets", "table", "VGG, AlexNet, ResNet on three data sets", trains=True)
def make(context: Context) -> Outcome:
    """Train each network where its data set is on this machine, and say which is not."""
    runs: list[Trained] = []
    comparisons: list[Comparison] = []
    notes: list[str] = []
    for network in NETWORKS:
        try:
            found = _train(context, network)
        except InputError as error:
            notes.append(f"{network.model} on {network.dataset} left out: {error}")
            continue
        runs += [run for several in found.values() for run in several]
        here = ", ".join(f"{scheme} {mean_top1(several)}" for scheme, several in found.items())
        comparisons.append(Comparison("datasets", here, conditions(found["float"])))
    if not runs:
        raise InputError("; ".join(notes))
    picture = drawn(lambda figure: _draw(figure, runs))
    return Outcome([run.row() for run in runs], comparisons, picture, notes)


def _draw(figure: "Figure", runs: list[Trained]) -> None:
    axes = figure.subplots()
    networks = list(dict.fromkeys(f"{run.model}\n{run.dataset}" for run in runs))
    for scheme in SCHEMES:
        mine = [run for run in runs if run.scheme == scheme]
        axes.plot(
            [f"{run.model}\n{run.dataset}" for run in mine],
            [r.top1 for r in mine],
            "o",
            label=scheme,
        )
    axes.set_xlim(-0.5, len(networks) - 0.5)
    axes.set_ylabel("top-1, %")
    axes.legend()


def _train(context: Context, network: Network) -> dict[str, list[Trained]]:
    budget = context.budget
    wanted = {
        scheme: Wanted(
            scheme,
            model=network.model,
            options=network.options,
            dataset=network.dataset,
            epochs=budget.ablation_epochs,
            changes=network.smoke if budget.smoke else {},
        )
        for scheme in SCHEMES
    }
    return train_all(context, wanted)
