"""Accuracy of CIFAR ResNets with float, binary, ternary and signed-binary weights."""

from statistics import fmean
from typing import TYPE_CHECKING

from plumline.reproduce.context import Context
from plumline.reproduce.drawing import drawn
from plumline.reproduce.item import Comparison, Outcome, item
from plumline.reproduce.plum.training import (
    SCHEMES,
    Trained,
    Wanted,
    conditions,
    mean_top1,
    train_all,
)

if TYPE_CHECKING:
    from matplotlib.figure import Figure

REPORTED = ("binary", "signed-binary")
"""Of which something is known for every depth."""


@item("plum", "accuracy", "table", "top-1 of CIFAR ResNets by scheme and depth", trains=True)
def make(context: Context) -> Outcome:
    """Train every scheme at every depth of the budget."""
    keys = [(f"resnet{depth}", scheme) for depth in context.budget.depths for scheme in SCHEMES]
    found = train_all(context, {key: Wanted(key[1], model=key[0]) for key in keys})
    comparisons: list[Comparison] = []
    for (model, scheme), runs in found.items():
        depth = f"-{model.removeprefix('resnet')}" if scheme in REPORTED else ""
        comparisons.append(Comparison(f"cifar-{scheme}{depth}", mean_top1(runs), conditions(runs)))
        if scheme == "signed-binary":
            comparisons.append(_sparsity(runs, found[model, "binary"]))
    every = [run for runs in found.values() for run in runs]
    rows = [run.row() for run in every]
    return Outcome(rows, comparisons, drawn(lambda figure: _draw(figure, every)))


def _sparsity(runs: list[Trained], binary: list[Trained]) -> Comparison:
    density = fmean(run.effectual / run.parameters for run in runs)
    gain = fmean(run.top1 for run in runs) - fmean(run.top1 for run in binary)
    here = (
        f"{100 * (1 - density):.1f} %, {1 / density:.2f}x fewer non-zeros than binary, "
        f"{abs(gain):.2f} points {'above' if gain > 0 else 'below'} it"
    )
    return Comparison("sparsity", here, conditions(runs))


def _draw(figure: "Figure", runs: list[Trained]) -> None:
    axes = figure.subplots()
    for scheme in SCHEMES:
        mine = [run for run in runs if run.scheme == scheme]
        axes.plot([r.effectual for r in mine], [r.top1 for r in mine], "o", label=scheme)
    axes.set(xscale="log", xlabel="effectual weights", ylabel="top-1, %")
    axes.legend()
