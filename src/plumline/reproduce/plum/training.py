"""Trains what the accuracy items need; the run folders are shared by them, and kept."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from statistics import fmean
from typing import Any

from plumline.reproduce.context import Context

SCHEMES = ("float", "binary", "ternary", "signed-binary")
RECIPES = "cifar10-resnet20"
MODEL = "resnet20"
OPTIONS: Mapping[str, str] = {"block": "plum", "activation": "prelu"}
"""Those of a CIFAR ResNet in the paper's form."""


@dataclass(frozen=True)
class Trained:
    """A finished run: percent of the test images, and what its weights are.

    ``parameters`` and ``effectual`` count quantized weights, all weights of a float network.
    """

    folder: str
    dataset: str
    model: str
    scheme: str
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
            "epochs": self.epochs,
            "seed": self.seed,
            "test_top1": self.top1,
            "quantized_weights": self.parameters,
            "effectual": self.effectual,
            "density": self.effectual / self.parameters,
        }


def train(
    context: Context,
    scheme: str,
    *,
    model: str = MODEL,
    options: Mapping[str, str] = OPTIONS,
    name: str = "",
    dataset: str = "cifar10",
    seed: int = 0,
    epochs: int = 0,
    changes: Mapping[str, str] | None = None,
) -> Trained:
    """Train a CIFAR recipe of a scheme in the budget's form and length, or load it if it is done.

    Args:
        context: Budget, data and run folders.
        scheme: Which recipe.
        model: The network, with ``options`` of its own.
        options: Of the model.
        name: Of the network in the run folder's name; ``model`` if empty.
        dataset: What the paper trains it on; the budget's goes before.
        seed: Of everything random.
        epochs: The budget's if 0.
        changes: Further keys of the recipe, which go before the budget's.
    """
    from plumline.convert import summarize
    from plumline.training import Recipe, run

    budget = context.budget
    wanted = {
        **{"data.name": dataset, "model.name": model},
        **{f"model.options.{key}": value for key, value in options.items()},
        **{"train.seed": str(seed), "train.epochs": str(epochs or budget.epochs)},
        **budget.changes,
        **(changes or {}),
    }
    recipe = Recipe.load(f"{RECIPES}-{scheme}:{budget.form}").override(wanted)
    parts = (recipe.data.name, name or model, scheme, budget.form, f"seed{seed}" if seed else "")
    folder = "-".join(filter(None, parts))
    context.say(f"  {folder}: {recipe.train.epochs} epochs")
    result = run(recipe, context.runs / folder, context.data)
    report = summarize(result.model)
    counted = report.quantized if scheme != "float" else report.total
    return Trained(
        folder=folder,
        dataset=recipe.data.name,
        model=recipe.model.name,
        scheme=scheme,
        epochs=recipe.train.epochs,
        seed=seed,
        top1=result.final["test_top1"],
        parameters=counted.parameters,
        effectual=counted.effectual,
    )


def mean_top1(runs: Sequence[Trained]) -> str:
    """Write the mean over seeds, and its spread where there are several."""
    scores = [run.top1 for run in runs]
    spread = f" ({min(scores):.2f} to {max(scores):.2f})" if len(scores) > 1 else ""
    return f"{fmean(scores):.2f} %{spread}"


def conditions(runs: Sequence[Trained]) -> str:
    """Say what was trained, for how long and how often; the runs differ in their seeds only."""
    first = runs[0]
    return f"{first.dataset}, {first.model}, {first.epochs} epochs, {seeds(len(runs))}"


def seeds(count: int) -> str:
    """Write a number of seeds."""
    return "one seed" if count == 1 else f"{count} seeds"
