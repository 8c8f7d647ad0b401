"""Arithmetic reduction against sparsity: what repetition and zeros save, counted."""

from collections.abc import Sequence
from typing import TYPE_CHECKING

from plumline.analysis import analyze
from plumline.reproduce.context import Context
from plumline.reproduce.drawing import drawn
from plumline.reproduce.item import Comparison, Outcome, Row, item
from plumline.reproduce.plum import layers
from plumline.reproduce.plum.order import ORDER, broken

if TYPE_CHECKING:
    from matplotlib.figure import Figure

TRAINED = {"signed-binary": 0.366, "binary": 1.0, "ternary": 0.667}
"""What ResNet-20 comes to in 60 epochs on CIFAR-10, with the default thresholds."""
DENSITIES = (0.05, 0.1, 0.2, 0.366, 0.5, 0.57, 0.667, 0.85)
SMOKE_DENSITIES = (0.1, 0.366, 0.667)
TILES = (4, 8)
SMOKE_LAYERS = 5
DENSE = "dense"


def _model(tile: int, support: str) -> str:
    return f"summerge:tile={tile}:sparsity={support}"


MODELS = (DENSE, "sparse", *(_model(tile, support) for tile in TILES for support in ("off", "on")))


@item("plum", "arithmetic", "figure", "arithmetic reduction against sparsity, 3x3 of ResNet-18")
def make(context: Context) -> Outcome:
    """Count the operations of random layers at several densities."""
    smoke = context.budget.smoke
    shapes = layers.SHAPES[: SMOKE_LAYERS if smoke else None]
    rows = _count("binary", 1.0, layers.binary, shapes)
    for density in SMOKE_DENSITIES if smoke else DENSITIES:
        context.say(f"  density {density:g}")
        rows += _count("ternary", density, layers.ternary(density), shapes)
        rows += _count("signed-binary", density, layers.signed_binary(density), shapes)
    comparisons, notes = [], []
    for tile in TILES:
        found = {scheme: _at(rows, scheme, _model(tile, "on")) for scheme in ORDER}
        here = ", ".join(f"{row['reduction']:.1f}x {scheme}" for scheme, row in found.items())
        where = f"{len(shapes)} layers, tile {tile}, sparsity support on"
        densities = ", ".join(f"{density:g} {scheme}" for scheme, density in TRAINED.items())
        comparisons.append(Comparison("arithmetic", here, f"{where}, counted; density {densities}"))
        costs = {scheme: 1 / row["reduction"] for scheme, row in found.items()}
        notes += broken(where, costs, TRAINED)
    return Outcome(rows, comparisons, drawn(lambda figure: _draw(figure, rows)), notes)


def _count(
    scheme: str, density: float, draw: layers.Draw, shapes: Sequence[layers.Shape]
) -> list[Row]:
    total = analyze(layers.network(scheme, draw, shapes), operations=MODELS).total
    return [
        {
            "scheme": scheme,
            "density": density,
            "execution": label,
            "additions": operations.additions,
            "multiplications": operations.multiplications,
            "reduction": total.operations[DENSE].total / operations.total,
        }
        for label, operations in total.operations.items()
    ]


def _at(rows: list[Row], scheme: str, execution: str) -> Row:
    """Return the row of a scheme at the density of trained networks."""
    wanted = (scheme, TRAINED[scheme], execution)
    return next(r for r in rows if (r["scheme"], r["density"], r["execution"]) == wanted)


def _draw(figure: "Figure", rows: list[Row]) -> None:
    axes = figure.subplots(1, len(TILES), sharey=True)
    for ax, tile in zip(axes, TILES, strict=True):
        for scheme, color in (("signed-binary", "tab:blue"), ("ternary", "tab:orange")):
            for support, style in (("on", "-o"), ("off", "--")):
                label = _model(tile, support)
                mine = [r for r in rows if r["scheme"] == scheme and r["execution"] == label]
                x = [100 * (1 - row["density"]) for row in mine]
                y = [row["reduction"] for row in mine]
                ax.plot(x, y, style, color=color, label=f"{scheme}, support {support}")
        binary = _at(rows, "binary", _model(tile, "on"))["reduction"]
        ax.axhline(binary, color="black", linewidth=1, label="binary")
        ax.set(title=f"tiles of {tile}", xlabel="sparsity, %", yscale="log")
    axes[0].set_ylabel("dense operations / operations left")
    axes[0].legend()
