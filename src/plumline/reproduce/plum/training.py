"""Trains what the accuracy items need; the run folders are shared by them, and kept."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import partial
from statistics import fmean
from typing import TYPE_CHECKING, Any, TypeVar

from plumline.data import open as open_data
from plumline.reproduce.budget import Budget
from plumline.reproduce.context import Context, say_on_stderr

if TYPE_CHECKING:
    from plumline.training import Recipe

SCHEMES = ("float", "binary", "ternary", "signed-binary")
RECIPES = "cifar10-resnet20"
MODEL = "resnet20"
OPTIONS: Mapping[str, str] = {"block": "plum", "activation": "prelu"}
"""Those of a CIFAR ResNet in the paper's form."""


@dataclass(frozen=True)
class Trained:
    """A finished run: percent of the test images, and what its weights are.

    ``gradient`` is the estimator that codes are trained with, empty for a float network;
    ``parameters`` and ``effectual`` count quantized weights, all weights of a float network.
    """

    folder: str
    dataset: str
    model: str
    scheme: str
    gradient: str
    epochs: int
    seed: int
    top1: float
    parameters: int
    effectual: int

    def row(self) -> dict[str, Any]:
        """Return a line of a CSV file."""
        return {
            "dataset": self.dataset,
            "model": self.model,
            "scheme": self.scheme,
            "gradient": self.gradient,
            "epochs": self.epochs,
            "seed": self.seed,
            "test_top1": self.top1,
            "quantized_weights": self.parameters,
            "effectual": self.effectual,
            "density": self.effectual / self.parameters,
        }


@dataclass(frozen=True)
class Wanted:
    """A CIFAR recipe of a scheme, in the budget's form, to be trained.

    Args:
        scheme: Which recipe.
        model: The network, with ``options`` of its own.
        options: Of the model.
        name: Of the network in the run folder's name; ``model`` if empty.
        dataset: What the paper trains it on; the budget's goes before.
        seed: Of everything random.
        epochs: The budget's if 0.
        changes: Further keys of the recipe, which go before the budget's.
    """

    scheme: str
    model: str = MODEL
    options: Mapping[str, str] = field(default_factory=lambda: OPTIONS)
    name: str = ""
    dataset: str = "cifar10"
    seed: int = 0
    epochs: int = 0
    changes: Mapping[str, str] = field(default_factory=dict)

    def recipe(self, budget: Budget) -> "Recipe":
        """Return the recipe under a budget."""
        from plumline.training import Recipe

        changes = {
            **{"data.name": self.dataset, "model.name": self.model},
            **{f"model.options.{key}": value for key, value in self.options.items()},
            **{"train.seed": str(self.seed), "train.epochs": str(self.epochs or budget.epochs)},
            **budget.changes,
            **self.changes,
        }
        return Recipe.load(f"{RECIPES}-{self.scheme}:{budget.form}").override(changes)


Key = TypeVar("Key")


def train_all(context: Context, wanted: Mapping[Key, Wanted]) -> dict[Key, list[Trained]]:
    """Train each network once a seed of the budget, ``context.jobs`` at a time; see `train`."""
    from plumline.training import side_by_side

    each = [(key, seed) for key in wanted for seed in range(context.budget.seeds)]
    runs = [replace(wanted[key], seed=seed) for key, seed in each]
    jobs = min(context.jobs, len(runs))
    if jobs > 1:
        _check_data(context, runs)
        # Not every `say` can be sent to another process.
        there = replace(context, say=say_on_stderr)
        side_by_side([partial(train, there, run) for run in runs], jobs)
    found: dict[Key, list[Trained]] = {key: [] for key in wanted}
    for (key, _), run in zip(each, runs, strict=True):
        found[key].append(train(context, run))
    return found


def _check_data(context: Context, runs: Sequence[Wanted]) -> None:
    """Raise `InputError` here and once, not in each process, where data is missing."""
    sections = {(data := run.recipe(context.budget).data).name: data for run in runs}
    for section in sections.values():
        open_data(section.name, context.data, **section.options)


def train(context: Context, wanted: Wanted) -> Trained:
    """Train a network, or load it if it is done."""
    from plumline.convert import summarize
    from plumline.training import run

    recipe, budget = wanted.recipe(context.budget), context.budget
    seed = f"seed{wanted.seed}" if wanted.seed else ""
    parts = (recipe.data.name, wanted.name or wanted.model, wanted.scheme, budget.form, seed)
    folder = "-".join(filter(None, parts))
    context.say(f"  {folder}: {recipe.train.epochs} epochs")
    result = run(recipe, context.runs / folder, context.data)
    report = summarize(result.model)
    counted = report.quantized if wanted.scheme != "float" else report.total
    return Trained(
        folder=folder,
        dataset=recipe.data.name,
        model=recipe.model.name,
        scheme=wanted.scheme,
        gradient=_gradient(recipe),
        epochs=recipe.train.epochs,
        seed=wanted.seed,
        top1=result.final["test_top1"],
        parameters=counted.parameters,
        effectual=counted.effectual,
    )


def _gradient(recipe: "Recipe") -> str:
    from plumline import schemes

    scheme = schemes.create(recipe.scheme.name, **recipe.scheme.options)
    return getattr(scheme, "gradient", "ste") if scheme.quantizes else ""


def mean_top1(runs: Sequence[Trained]) -> str:
    """Write the mean over seeds, and its spread where there are several."""
    scores = [run.top1 for run in runs]
    spread = f" ({min(scores):.2f} to {max(scores):.2f})" if len(scores) > 1 else ""
    return f"{fmean(scores):.2f} %{spread}"


def conditions(runs: Sequence[Trained]) -> str:
    """Say what was trained, for how long and how often; the runs differ in their seeds only."""
    first = runs[0]
    gradient = f", {first.gradient} gradient" if first.gradient else ""
    return f"{first.dataset}, {first.model}, {first.epochs} epochs, {seeds(len(runs))}{gradient}"


def seeds(count: int) -> str:
    """Write a number of seeds."""
    return "one seed" if count == 1 else f"{count} seeds"
