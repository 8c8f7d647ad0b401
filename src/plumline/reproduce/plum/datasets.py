"""VGG, AlexNet and ResNet on CIFAR-10, SVHN and Tiny ImageNet."""

from dataclasses import dataclass, field

from plumline.errors import InputError
from plumline.reproduce.context import Context
from plumline.reproduce.item import Comparison, Outcome, item
from plumline.reproduce.plum.training import Trained, train

SCHEMES = ("float", "binary", "signed-binary")


@dataclass(frozen=True)
class Network:
    """A network on a data set, as changes of a CIFAR recipe."""

    model: str
    dataset: str
    options: dict[str, str] = field(default_factory=dict)


NETWORKS = (
    Network("vgg-small", "cifar10", {"activation": "prelu"}),
    Network("alexnet", "svhn", {"activation": "prelu"}),
    Network("resnet18", "tiny-imagenet", {"block": "plum"}),
)


@item("plum", "datasets", "table", "VGG, AlexNet, ResNet on three data sets", trains=True)
def make(context: Context) -> Outcome:
    """Train each network where its data set is on this machine, and say which is not."""
    runs: list[Trained] = []
    notes: list[str] = []
    for network in NETWORKS:
        _train_all(context, network, runs, notes)
    comparisons = [
        Comparison("datasets", _scores(runs, network), _conditions(runs, network))
        for network in NETWORKS
        if _of(runs, network)
    ]
    if not runs:
        raise InputError(notes[0])
    return Outcome([run.row() for run in runs], comparisons, notes=notes)


def _train_all(context: Context, network: Network, runs: list[Trained], notes: list[str]) -> None:
    try:
        runs += [_train(context, network, scheme) for scheme in SCHEMES]
    except InputError as error:
        notes.append(f"{network.model} on {network.dataset} left out: {error}")


def _train(context: Context, network: Network, scheme: str) -> Trained:
    # A model's own options replace those of the recipe's ResNet.
    changes = {f"model.options.{key}": value for key, value in network.options.items()}
    return train(
        context,
        scheme,
        model=network.model,
        dataset=network.dataset,
        epochs=context.budget.ablation_epochs,
        changes=changes,
    )


def _of(runs: list[Trained], network: Network) -> dict[str, Trained]:
    return {run.scheme: run for run in runs if run.model == network.model}


def _scores(runs: list[Trained], network: Network) -> str:
    return ", ".join(f"{s} {run.top1:.2f} %" for s, run in _of(runs, network).items())


def _conditions(runs: list[Trained], network: Network) -> str:
    first = next(iter(_of(runs, network).values()))
    return f"{first.model} on {first.dataset}, {first.epochs} epochs, one seed"
