"""Arithmetic reduction against sparsity: what repetition and zeros save, counted."""

from typing import TYPE_CHECKING

from plumline.analysis import analyze
from plumline.reproduce.context import Context
from plumline.reproduce.drawing import drawn
from plumline.reproduce.item import Comparison, Outcome, Row, item
from plumline.reproduce.plum import layers

if TYPE_CHECKING:
    from matplotlib.figure import Figure

DENSITIES = (0.05, 0.1, 0.2, 0.35, 0.5, 0.57, 0.7, 0.85)
SMOKE_DENSITIES = (0.1, 0.35, 0.57)
TRAINED, TRAINED_TERNARY = 0.35, 0.57
"""What networks trained with the default thresholds come to."""
TILES = (4, 8)
SMOKE_LAYERS = 4
MODELS = tuple(f"summerge:tile={tile}:sparsity={on}" for tile in TILES for on in ("off", "on"))


@item("plum", "arithmetic", "figure", "arithmetic reduction against sparsity, 3x3 of ResNet-18")
def make(context: Context) -> Outcome:
    """Count the operations of random layers at several densities."""
    smoke = context.budget.name == "smoke"
    count = SMOKE_LAYERS if smoke else len(layers.SHAPES)
    rows = _count("binary", 1.0, layers.binary, count)
    for density in SMOKE_DENSITIES if smoke else DENSITIES:
        context.say(f"  density {density:g}")
        rows += _count("ternary", density, layers.ternary(density), count)
        rows += _count("signed-binary", density, layers.signed_binary(density), count)
    return Outcome(rows, _comparisons(rows, count), drawn(lambda figure: _draw(figure, rows)))


def _count(scheme: str, density: float, draw: layers.Draw, count: int) -> list[Row]:
    found = analyze(layers.network(scheme, draw, count), operations=("dense", "sparse", *MODELS))
    dense = found.total.operations["dense"].total
    return [
        {
            "scheme": scheme,
            "density": density,
            "execution": label,
            "additions": operations.additions,
            "multiplications": operations.multiplications,
            "reduction": dense / operations.total,
        }
        for label, operations in found.total.operations.items()
    ]


def _reduction(rows: list[Row], scheme: str, density: float, execution: str) -> float:
    for row in rows:
        if (row["scheme"], row["density"], row["execution"]) == (scheme, density, execution):
            return float(row["reduction"])
    raise KeyError((scheme, density, execution))


def _comparisons(rows: list[Row], count: int) -> list[Comparison]:
    lines = []
    for tile in TILES:
        label = f"summerge:tile={tile}:sparsity=on"
        ours = _reduction(rows, "signed-binary", TRAINED, label)
        binary = _reduction(rows, "binary", 1.0, label)
        ternary = _reduction(rows, "ternary", TRAINED_TERNARY, label)
        here = f"{ours:.1f}x signed-binary, {binary:.1f}x binary, {ternary:.1f}x ternary"
        where = f"{count} layers, tile {tile}, sparsity support on, densities {TRAINED:g} and "
        where += f"{TRAINED_TERNARY:g} of ternary, counted"
        lines.append(Comparison("arithmetic", here, where))
    return lines


def _draw(figure: "Figure", rows: list[Row]) -> None:
    axes = figure.subplots(1, len(TILES), sharey=True)
    for ax, tile in zip(axes, TILES, strict=True):
        for scheme in ("signed-binary", "ternary"):
            for on, style in (("on", "-o"), ("off", "--")):
                label = f"summerge:tile={tile}:sparsity={on}"
                mine = [r for r in rows if r["scheme"] == scheme and r["execution"] == label]
                x = [100 * (1 - row["density"]) for row in mine]
                y = [row["reduction"] for row in mine]
                ax.plot(x, y, style, label=f"{scheme}, support {on}")
        dense_binary = _reduction(rows, "binary", 1.0, f"summerge:tile={tile}:sparsity=on")
        ax.axhline(dense_binary, color="black", linewidth=1, label="binary")
        ax.set(title=f"tiles of {tile}", xlabel="sparsity, %")
    axes[0].set_ylabel("dense operations / operations left")
    axes[0].legend()
