"""Speed of the 3x3 layers of ResNet-18 in SumMerge-style execution."""

from collections import Counter
from collections.abc import Sequence
from statistics import geometric_mean
from typing import TYPE_CHECKING

from plumline.reproduce.context import Context
from plumline.reproduce.drawing import drawn
from plumline.reproduce.item import Comparison, Outcome, Row, item
from plumline.reproduce.plum.layers import SHAPES
from plumline.reproduce.plum.order import ORDER, broken

if TYPE_CHECKING:
    from matplotlib.figure import Figure

    from plumline.bench.records import Record

SUITE = "plum-speed"
ON, OFF, ENGINE = "summerge", "summerge, zeros added up", "engine"
SMOKE_LAYER = "128->256@28"
LAYERS = Counter(
    f"{channels}@{side}" if stride == 1 else f"{channels}->{filters}@{side}/{stride}"
    for channels, filters, side, stride in SHAPES
)
"""How many of ResNet-18's 16 layers have a shape, by its name in the suite."""

PAIRS = (
    ("speed-binary", ("binary", ON), ("signed-binary", ON)),
    ("speed-ternary", ("ternary", ON), ("signed-binary", ON)),
    ("speed-ternary-binary", ("binary", ON), ("ternary", ON)),
    ("speed-support", ("binary", ON), ("signed-binary", OFF)),
    ("speed-binary", ("binary", ENGINE), ("signed-binary", ENGINE)),
    ("speed-ternary", ("ternary", ENGINE), ("signed-binary", ENGINE)),
)
"""(fact, what is divided, by what): the speed of the last over that of the one before it."""


@item("plum", "speed", "figure", "time of binary, ternary, signed-binary a layer", times=True)
def make(context: Context) -> Outcome:
    """Time the suite; compare geometric means over the shapes and total times of the layers."""
    from plumline.bench.suite import Settings
    from plumline.bench.suite_run import run_suite

    budget = context.budget
    only = SMOKE_LAYER if budget.smoke else ""
    settings = Settings(only=only, seconds=budget.seconds, turns=budget.turns)
    # What has been timed is kept only until all is: another call times everything anew.
    kept = context.runs / f"{SUITE}-{budget.name}-{budget.turns}x{budget.seconds:g}s.csv"
    measured = run_suite(SUITE, settings, csv=kept, resume=True, say=context.say)
    kept.unlink()
    rows = [_row(record) for record in measured]
    machine = f"{measured[0]['cpu']}, {measured[0]['isa']}, one thread"
    comparisons = [_compare(rows, *pair, machine) for pair in PAIRS]
    notes = [note for layer in _layers(rows) for note in _order(rows, layer)]
    return Outcome(rows, comparisons, drawn(lambda figure: _draw(figure, rows)), notes)


def _row(record: "Record") -> Row:
    layer, _, execution = record["case"].partition(" ")
    before = ("scheme", "weights", "batch", "threads", "cpu", "isa")
    after = ("version", "system", "python", "date")
    return {
        "layer": layer,
        "layers": LAYERS[layer],
        "execution": execution,
        **{name: record[name] for name in before},
        "layer_ms": float(record["layer_ms"]),
        "unrest": float(record["unrest"]),
        **{name: record[name] for name in after},
    }


def _layers(rows: list[Row]) -> list[str]:
    return list(dict.fromkeys(row["layer"] for row in rows))


def _times(rows: list[Row], scheme: str, execution: str) -> dict[str, float]:
    return {
        row["layer"]: row["layer_ms"]
        for row in rows
        if (row["scheme"], row["execution"]) == (scheme, execution)
    }


def _compare(
    rows: list[Row], claim: str, before: tuple[str, str], after: tuple[str, str], machine: str
) -> Comparison:
    divided, by = _times(rows, *before), _times(rows, *after)
    ratios = [divided[layer] / by[layer] for layer in divided]
    here, what = f"{geometric_mean(ratios):.2f}x", f"only {next(iter(divided))}"
    if len(ratios) > 1:
        total = _total(divided) / _total(by)
        here = f"{here}, {min(ratios):.2f}x to {max(ratios):.2f}x; {total:.2f}x in all"
        count = sum(LAYERS[layer] for layer in divided)
        what = f"geometric mean and range of {len(ratios)} shapes; in all: time of {count} layers"
    how = " over ".join(f"{scheme} ({execution})" for scheme, execution in (after, before))
    return Comparison(claim, here, f"{how}, 3x3 layers of ResNet-18, {what}; {machine}")


def _total(times: dict[str, float]) -> float:
    """Add up the times of all layers, of which several have one shape."""
    return sum(LAYERS[layer] * time for layer, time in times.items())


def _order(rows: list[Row], layer: str) -> Sequence[str]:
    return broken(f"{layer}, {ON}", {scheme: _times(rows, scheme, ON)[layer] for scheme in ORDER})


def _draw(figure: "Figure", rows: list[Row]) -> None:
    layers = _layers(rows)
    bars = [
        *(("binary", ON), ("ternary", OFF), ("ternary", ON)),
        *(("signed-binary", OFF), ("signed-binary", ON)),
    ]
    base = _times(rows, "binary", ON)
    axes = figure.subplots()
    width = 0.8 / len(bars)
    for index, (scheme, execution) in enumerate(bars):
        times = _times(rows, scheme, execution)
        x = [place + (index - 2) * width for place in range(len(layers))]
        speeds = [base[layer] / times[layer] for layer in layers]
        support = "zeros left out" if execution == ON else "zeros added up"
        axes.bar(x, speeds, width, label=scheme if scheme == "binary" else f"{scheme}, {support}")
    axes.set_xticks(range(len(layers)), layers, rotation=20)
    axes.set_ylabel("speed over binary")
    figure.legend(loc="outside upper center", ncols=3)
