"""Trains what the accuracy items need; the run folders are shared by them, and kept."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from plumline.convert import summarize
from plumline.reproduce.context import Context
from plumline.training import Recipe, run

SCHEMES = ("float", "binary", "ternary", "signed-binary")
MODEL = "resnet20"


@dataclass(frozen=True)
class Trained:
    """A finished run: percent of the test images, and what its weights are."""

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
    name: str = "",
    model: str = MODEL,
    dataset: str = "",
    seed: int = 0,
    epochs: int = 0,
    changes: Mapping[str, str] | None = None,
) -> Trained:
    """Train a CIFAR recipe of a scheme in the budget's form and length, or load it if it is done.

    Args:
        context: Budget, data and run folders.
        scheme: Which recipe.
        name: Of the network in the run folder's name; ``model`` if empty.
        model: Another model loses the options of the recipe's.
        dataset: What the paper trains it on; CIFAR-10 if empty. The budget's goes before.
        seed: Of everything random.
        epochs: The budget's if 0.
        changes: Further keys of the recipe.
    """
    budget = context.budget
    wanted = {
        **({"data.name": dataset} if dataset else {}),
        **budget.changes,
        **({"model.name": model} if model != MODEL else {}),
        **{"train.seed": str(seed), "train.epochs": str(epochs or budget.epochs)},
        **(changes or {}),
    }
    recipe = Recipe.load(f"cifar10-{MODEL}-{scheme}:{budget.form}").override(wanted)
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


def mean_top1(runs: list[Trained]) -> str:
    """Write the mean over seeds, and its spread where there are several."""
    scores = [run.top1 for run in runs]
    mean = sum(scores) / len(scores)
    spread = f" ({min(scores):.2f} to {max(scores):.2f})" if len(scores) > 1 else ""
    return f"{mean:.2f} %{spread}"
