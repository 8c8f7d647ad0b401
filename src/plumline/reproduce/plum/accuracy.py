"""Accuracy of CIFAR ResNets with float, binary, ternary and signed-binary weights."""

from typing import TYPE_CHECKING

from plumline.reproduce.context import Context
from plumline.reproduce.drawing import drawn
from plumline.reproduce.item import Comparison, Outcome, item
from plumline.reproduce.plum.training import SCHEMES, Trained, mean_top1, train

if TYPE_CHECKING:
    from matplotlib.figure import Figure

REPORTED = ("binary", "signed-binary")


@item("plum", "accuracy", "table", "top-1 of CIFAR ResNets by scheme and depth", trains=True)
def make(context: Context) -> Outcome:
    """Train every scheme at every depth of the budget."""
    budget = context.budget
    runs = [
        train(context, scheme, model=f"resnet{depth}", seed=seed)
        for depth in budget.depths
        for scheme in SCHEMES
        for seed in range(budget.seeds)
    ]
    comparisons = [
        _compare(f"cifar-{scheme}-{depth}", [r for r in runs if _is(r, scheme, depth)])
        for depth in budget.depths
        for scheme in REPORTED
    ]
    comparisons.append(_equal_total(runs))
    rows = [run.row() for run in runs]
    return Outcome(rows, comparisons, drawn(lambda figure: _draw(figure, runs)))


def _is(run: Trained, scheme: str, depth: int) -> bool:
    return run.scheme == scheme and run.model == f"resnet{depth}"


def _compare(claim: str, runs: list[Trained]) -> Comparison:
    return Comparison(claim, mean_top1(runs), conditions(runs))


def conditions(runs: list[Trained]) -> str:
    """Say what was trained, for how long and how often."""
    first = runs[0]
    return f"{first.dataset}, {first.model}, {first.epochs} epochs, {len(runs)} seed(s)"


def _equal_total(runs: list[Trained]) -> Comparison:
    means = {}
    for scheme in REPORTED:
        mine = [run.top1 for run in runs if run.scheme == scheme]
        means[scheme] = sum(mine) / len(mine)
    here = f"{means['signed-binary'] - means['binary']:+.2f} points"
    return Comparison("accuracy-equal-total", here, conditions(runs[:1]) + ", all depths")


def _draw(figure: "Figure", runs: list[Trained]) -> None:
    axes = figure.subplots()
    for scheme in SCHEMES:
        mine = [run for run in runs if run.scheme == scheme]
        axes.plot([r.effectual for r in mine], [r.top1 for r in mine], "o", label=scheme)
    axes.set(xscale="log", xlabel="effectual quantized weights", ylabel="top-1, %")
    axes.legend()
