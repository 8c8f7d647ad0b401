"""Accuracy against effectual parameters: signed-binary and smaller binary networks."""

from statistics import fmean
from typing import TYPE_CHECKING

from plumline.reproduce.context import Context
from plumline.reproduce.drawing import drawn
from plumline.reproduce.item import Comparison, Outcome, item
from plumline.reproduce.plum.training import (
    MODEL,
    OPTIONS,
    Trained,
    Wanted,
    conditions,
    train_all,
)

if TYPE_CHECKING:
    from matplotlib.figure import Figure

    from plumline.sweeps import Match

OURS, EQUAL_TOTAL = "signed-binary", "binary"
SMALLER = ("binary, narrowed", "binary, shortened")


@item(
    "plum",
    "tradeoff",
    "figure",
    "accuracy at equal total and at equal effectual parameters",
    trains=True,
)
def make(context: Context) -> Outcome:
    """Train the binary network, and two of as many weights as the signed-binary has non-zeros."""
    from plumline.sweeps import narrowed, shortened

    runs = train_all(context, {label: Wanted(label) for label in (OURS, EQUAL_TOTAL)})
    effectual = round(fmean(run.effectual for run in runs[OURS]))
    matches = (find(MODEL, effectual, OPTIONS) for find in (narrowed, shortened))
    runs |= train_all(context, dict(map(_smaller, SMALLER, matches)))
    best = max(_mean(runs[label]) for label in SMALLER)
    others = {"accuracy-equal-total": _mean(runs[EQUAL_TOTAL]), "accuracy-equal-effectual": best}
    comparisons = [
        Comparison(claim, f"{_mean(runs[OURS]) - score:+.2f} points", _where(runs))
        for claim, score in others.items()
    ]
    rows = [{"network": label, **run.row()} for label in runs for run in runs[label]]
    return Outcome(rows, comparisons, drawn(lambda figure: _draw(figure, runs)))


def _smaller(label: str, match: "Match") -> tuple[str, Wanted]:
    wanted = Wanted(
        "binary",
        model=match.name,
        options={key: str(value) for key, value in match.options.items()},
        name=f"{MODEL}-{label.rpartition(' ')[2]}-{match.parameters}",
    )
    return label, wanted


def _where(runs: dict[str, list[Trained]]) -> str:
    return f"{conditions(runs[OURS])}, of binary {runs[EQUAL_TOTAL][0].gradient}"


def _mean(runs: list[Trained]) -> float:
    return fmean(run.top1 for run in runs)


def _draw(figure: "Figure", runs: dict[str, list[Trained]]) -> None:
    axes = figure.subplots()
    for label, found in runs.items():
        axes.plot([r.effectual for r in found], [r.top1 for r in found], "o", label=label)
    axes.set(xlabel="effectual quantized weights", ylabel="top-1, %")
    axes.legend()
