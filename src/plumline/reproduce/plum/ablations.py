"""The ablations, each a sweep that plumline ships."""

from typing import TYPE_CHECKING

from plumline.reproduce.context import Context
from plumline.reproduce.drawing import drawn
from plumline.reproduce.item import Comparison, Outcome, item
from plumline.sweeps import Spec
from plumline.sweeps import run as sweep

if TYPE_CHECKING:
    from matplotlib.figure import Figure

SEED = "train.seed"

ABLATIONS = {
    "share": ("plum-positive-share", "share of positive regions"),
    "region": ("plum-regions", "channels of a region"),
    "delta": ("plum-delta", "threshold factor"),
    "ede": ("plum-gradient", "gradient estimator"),
    "activation": ("plum-activation", "activation function"),
    "batch": ("plum-batch-size", "batch size"),
}
"""Fact and item: the shipped sweep and what it changes."""


def _register(name: str, shipped: str, title: str) -> None:
    @item("plum", f"ablation-{name}", "table", f"ablation: {title}", trains=True)
    def make(context: Context) -> Outcome:
        return _make(context, name, shipped)


def _make(context: Context, name: str, shipped: str) -> Outcome:
    budget = context.budget
    spec = Spec.load(shipped)
    spec = spec.with_changes(
        base=f"{spec.base.partition(':')[0]}:{budget.form}",
        set={**budget.changes, "train.epochs": budget.ablation_epochs},
        axes={SEED: list(range(budget.seeds))},
    )
    folder = context.runs / f"{shipped}-{budget.name}"
    results = sweep(spec, folder, context.data)
    found = results.over_seeds()
    changed = "".join(f", {key} = {value}" for key, value in budget.changes.items())
    conditions = f"{spec.base}, {budget.ablation_epochs} epochs, {budget.seeds} seed(s){changed}"
    axes = [axis.name for axis in spec.parsed if axis.name != SEED]
    rows = [dict(row) for row in results.done]
    labels = [", ".join(str(row[axis]) for axis in axes) for row in found]
    means = [float(row[spec.goal]) for row in found]
    here = ", ".join(f"{label}: {mean:.2f} %" for label, mean in zip(labels, means, strict=True))
    comparisons = [Comparison(name, here, conditions)]
    return Outcome(rows, comparisons, drawn(lambda figure: _draw(figure, labels, means)))


def _draw(figure: "Figure", labels: list[str], means: list[float]) -> None:
    axes = figure.subplots()
    axes.plot(labels, means, "o")
    axes.set_ylabel("top-1, %")


for _name, (_shipped, _title) in ABLATIONS.items():
    _register(_name, _shipped, _title)
