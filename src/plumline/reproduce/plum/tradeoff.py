"""Accuracy against effectual parameters: signed-binary and smaller binary networks."""

from typing import TYPE_CHECKING

from plumline.reproduce.context import Context
from plumline.reproduce.drawing import drawn
from plumline.reproduce.item import Comparison, Outcome, item
from plumline.reproduce.plum.accuracy import conditions
from plumline.reproduce.plum.training import MODEL, Trained, train
from plumline.sweeps import Match, narrowed, shortened

if TYPE_CHECKING:
    from matplotlib.figure import Figure


@item(
    "plum",
    "tradeoff",
    "figure",
    "accuracy at equal effectual parameters: binary narrowed and shortened",
    trains=True,
)
def make(context: Context) -> Outcome:
    """Train binary networks of as many weights as the signed-binary one has effectual ones."""
    ours = train(context, "signed-binary")
    runs = {"signed-binary": ours, "binary": train(context, "binary")}
    options = {"block": "plum", "activation": "prelu"}
    matches = {
        "binary, narrowed": narrowed(MODEL, ours.effectual, options),
        "binary, shortened": shortened(MODEL, ours.effectual, options),
    }
    for label, match in matches.items():
        runs[label] = _train(context, label, match)
    best = max(runs[label].top1 for label in matches)
    comparison = Comparison(
        "accuracy-equal-effectual",
        f"{ours.top1 - best:+.2f} points over the better of the two",
        conditions([ours]),
    )
    rows = [{"network": label, **run.row()} for label, run in runs.items()]
    return Outcome(rows, [comparison], drawn(lambda figure: _draw(figure, runs)))


def _train(context: Context, label: str, match: Match) -> Trained:
    changes = {key: str(value) for key, value in match.changes().items()}
    size = label.rpartition(" ")[2]
    name = f"{MODEL}-{size}-{match.parameters}"
    model = changes.pop("model.name")
    return train(context, "binary", name=name, model=model, changes=changes)


def _draw(figure: "Figure", runs: dict[str, Trained]) -> None:
    axes = figure.subplots()
    for label, run in runs.items():
        axes.plot([run.effectual], [run.top1], "o", label=label)
    axes.set(xlabel="effectual quantized weights", ylabel="top-1, %")
    axes.legend()
