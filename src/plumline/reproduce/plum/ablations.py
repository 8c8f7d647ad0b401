"""The ablations, each a sweep that plumline ships."""

from dataclasses import replace
from typing import TYPE_CHECKING, Any

from plumline.errors import InputError
from plumline.reproduce.context import Context
from plumline.reproduce.drawing import drawn
from plumline.reproduce.item import Comparison, Outcome, item
from plumline.reproduce.plum.training import seeds

if TYPE_CHECKING:
    from matplotlib.figure import Figure

    from plumline.sweeps import Spec

SEED = "train.seed"
SEEDS = 3
"""Runs a scheme where the seeds are what is looked at."""

ABLATIONS = {
    "share": ("plum-positive-share", "share of positive regions"),
    "region": ("plum-regions", "channels of a region"),
    "delta": ("plum-delta", "threshold factor"),
    "ede": ("plum-gradient", "gradient estimator"),
    "activation": ("plum-activation", "activation function"),
    "batch": ("plum-batch-size", "batch size"),
    "seeds": ("plum-seeds", "schemes over seeds"),
}
"""Fact and item: the shipped sweep and what it changes."""


def _register(name: str, title: str) -> None:
    @item("plum", f"ablation-{name}", "table", f"ablation: {title}", trains=True)
    def make(context: Context) -> Outcome:
        return _make(context, name)


def _make(context: Context, name: str) -> Outcome:
    from plumline.sweeps import run

    shipped, title = ABLATIONS[name]
    spec, budget = _spec(context, name, shipped), context.budget
    results = run(
        spec,
        context.runs / f"{shipped}-{budget.name}",
        context.data,
        # The settings that the paper prefers are a point of every sweep.
        runs=context.runs / "ablations",
        jobs=context.jobs,
    )
    failed = [row for row in results.rows if row["state"] == "failed"]
    if len(results.done) + len(failed) < len(results.rows):
        raise InputError(f"{shipped}: {results.unfinished}")
    if not results.done:
        raise InputError(f"no run of {shipped} was possible: {failed[0]['error']}")
    found = results.over_seeds()
    axes = [axis.name for axis in spec.parsed if axis.name != SEED]
    labels = [", ".join(str(row[axis]) for axis in axes) for row in found]
    scores = ", ".join(_score(*pair, goal=spec.goal) for pair in zip(labels, found, strict=True))
    dataset = budget.changes.get("data.name", "cifar10")
    count = " to ".join(seeds(n) for n in sorted({row["runs"] for row in found}))
    where = f"{dataset}, {spec.base}, {budget.ablation_epochs} epochs, {count}"
    return Outcome(
        [dict(row) for row in results.done],
        [Comparison(name, scores, where)],
        drawn(lambda figure: _draw(figure, title, labels, found, spec.goal)),
        [f"{row['run']} left out: {row['error']}" for row in failed],
    )


def _spec(context: Context, name: str, shipped: str) -> "Spec":
    """Return the shipped sweep in the budget's form and length, cut to its number of values."""
    from plumline.sweeps import Spec

    budget = context.budget
    spec = Spec.load(shipped)
    spec = spec.with_changes(
        base=f"{spec.base.partition(':')[0]}:{budget.form}",
        set={**budget.changes, "train.epochs": budget.ablation_epochs},
        axes={SEED: list(range(max(SEEDS, budget.seeds) if name == "seeds" else budget.seeds))},
    )
    if not budget.values:
        return spec
    # The last ones: signed-binary is the last scheme.
    last = slice(-budget.values, None)
    variants = {key: dict(list(labels.items())[last]) for key, labels in spec.variants.items()}
    return replace(spec, axes={k: v[last] for k, v in spec.axes.items()}, variants=variants)


def _score(label: str, row: dict[str, Any], goal: str) -> str:
    spread = "" if row["deviation"] is None else f" ± {row['deviation']:.2f}"
    return f"{label}: {row[goal]:.2f} %{spread}"


def _draw(
    figure: "Figure", title: str, labels: list[str], found: list[dict[str, Any]], goal: str
) -> None:
    axes = figure.subplots()
    means = [float(row[goal]) for row in found]
    deviations = [float(row["deviation"] or 0) for row in found]
    axes.errorbar(labels, means, deviations if any(deviations) else None, fmt="o", capsize=3)
    axes.set(xlabel=title, ylabel="top-1, %")


for _name, (_, _title) in ABLATIONS.items():
    _register(_name, _title)
