"""Speed of the 3x3 layers of ResNet-18 in SumMerge-style execution."""

from statistics import geometric_mean
from typing import TYPE_CHECKING

from plumline.bench.records import KEY
from plumline.bench.suite import Settings
from plumline.bench.suite_run import run_suite
from plumline.reproduce.context import Context
from plumline.reproduce.drawing import drawn
from plumline.reproduce.item import Comparison, Outcome, Row, item

if TYPE_CHECKING:
    from matplotlib.figure import Figure

SUITE = "plum-speed"
ON, OFF, ENGINE = "summerge", "summerge, zeros added up", "engine"
SMOKE_LAYER = "512@7"

PAIRS = (
    ("speed-binary", ("binary", ON), ("signed-binary", ON)),
    ("speed-ternary", ("ternary", ON), ("signed-binary", ON)),
    ("speed-ternary-binary", ("binary", ON), ("ternary", ON)),
    ("speed-support", ("binary", ON), ("signed-binary", OFF)),
    ("speed-binary", ("binary", ENGINE), ("signed-binary", ENGINE)),
    ("speed-ternary", ("ternary", ENGINE), ("signed-binary", ENGINE)),
)
"""(fact, the slower as the paper has it, the faster): the speed of the second over the first."""


@item("plum", "speed", "figure", "time of binary, ternary, signed-binary a layer", times=True)
def make(context: Context) -> Outcome:
    """Time the suite and compare geometric means over the layers."""
    budget = context.budget
    only = SMOKE_LAYER if budget.name == "smoke" else ""
    settings = Settings(only=only, seconds=budget.seconds, turns=budget.turns)
    measured = run_suite(SUITE, settings, say=context.say)
    rows: list[Row] = []
    for record in measured:
        layer, _, execution = record["case"].partition(" ")
        known = {name: record[name] for name in KEY if name != "case"}
        times = {"median_ms": float(record["median_ms"]), "unrest": record["unrest"]}
        rows.append({"layer": layer, "execution": execution, **known, **times})
    comparisons = [_compare(rows, *pair) for pair in PAIRS]
    return Outcome(rows, comparisons, drawn(lambda figure: _draw(figure, rows)))


def _times(rows: list[Row], scheme: str, execution: str) -> dict[str, float]:
    return {
        row["layer"]: row["median_ms"]
        for row in rows
        if (row["scheme"], row["execution"]) == (scheme, execution)
    }


def _compare(
    rows: list[Row], claim: str, slower: tuple[str, str], faster: tuple[str, str]
) -> Comparison:
    before, after = _times(rows, *slower), _times(rows, *faster)
    ratios = [before[layer] / after[layer] for layer in before]
    here = f"{geometric_mean(ratios):.2f}x, {min(ratios):.2f}x to {max(ratios):.2f}x"
    executions = {slower[1], faster[1]}
    how = "in " + " against ".join(sorted(executions))
    where = f"{len(ratios)} layers of ResNet-18, {faster[0]} over {slower[0]}, {how}, one thread"
    return Comparison(claim, here, where)


def _draw(figure: "Figure", rows: list[Row]) -> None:
    layers = list(dict.fromkeys(row["layer"] for row in rows))
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
    axes.legend()
