"""Density and energy of the 3x3 layers of ResNet-18, binary and signed-binary."""

from functools import partial
from typing import TYPE_CHECKING

from plumline.energy import EnergyTable, MatrixProduct, estimate, products
from plumline.reproduce.context import Context
from plumline.reproduce.drawing import drawn
from plumline.reproduce.item import Comparison, Outcome, Row, item
from plumline.reproduce.plum import layers

if TYPE_CHECKING:
    from matplotlib.figure import Figure

DENSITY = 0.357
"""That of the paper's 2.8 times fewer non-zeros."""
TABLES = ("stonne", "horowitz-45nm")
FORMATS = ("fp16", "int16", "fp8", "int8")
FORMAT = "fp16"
"""In which both tables have most of their energies from print."""


@item("plum", "energy", "table", "density and estimated energy, 3x3 layers of ResNet-18")
def make(context: Context) -> Outcome:
    """Estimate binary weights on a dense dataflow and signed-binary ones on a sparse one."""
    binary = products(layers.network("binary", layers.binary).layers)
    ours = products(layers.network("signed-binary", layers.signed_binary(DENSITY)).layers)
    rows = [
        _row(table, number_format, binary, ours) for table in TABLES for number_format in FORMATS
    ]
    where = f"16 layers of 3x3, random weights, density {DENSITY:g} of signed-binary as reported"
    comparisons = [_density()]
    for row in rows:
        if row["format"] == FORMAT:
            here = f"{row['ratio']:.2f}x, {row['ratio_same_dataflow']:.2f}x on one dataflow"
            how = f"{where}, table {row['table']}, {FORMAT}, estimated"
            comparisons.append(Comparison("energy", here, how))
    return Outcome(rows, comparisons, drawn(lambda figure: _draw(figure, rows)))


def _density() -> Comparison:
    """Quantize latent weights that no training has touched, of two distributions."""
    ratios = {name: 1 / layers.quantized_density(name) for name in ("laplace", "normal")}
    here = ", ".join(f"{ratio:.2f}x {name}" for name, ratio in ratios.items())
    where = "16 layers of 3x3, random latent weights under the default threshold, not trained"
    return Comparison("density", here, where)


def _row(
    table: str,
    number_format: str,
    binary: tuple[MatrixProduct, ...],
    ours: tuple[MatrixProduct, ...],
) -> Row:
    prices = EnergyTable.load(table)
    energy = partial(estimate, table=prices, number_format=number_format)
    dense = energy(binary, dataflow="dense")
    same, sparse = (energy(layer_set, dataflow="sparse") for layer_set in (binary, ours))
    return {
        "table": table,
        "format": number_format,
        "unit": dense.unit,
        "binary_dense": dense.energy,
        "binary_sparse": same.energy,
        "signed_binary_sparse": sparse.energy,
        "ratio": dense.energy / sparse.energy,
        "ratio_same_dataflow": same.energy / sparse.energy,
        "derived": "; ".join(f"{event}: {how}" for event, how in sparse.derived.items()),
        "without_price": " ".join(sparse.unpriced),
    }


def _draw(figure: "Figure", rows: list[Row]) -> None:
    axes = figure.subplots()
    labels = [f"{row['format']}\n{row['table']}".replace("-", "\n") for row in rows]
    axes.bar(labels, [row["ratio"] for row in rows], label="dense dataflow for binary")
    marks = [row["ratio_same_dataflow"] for row in rows]
    axes.plot(labels, marks, "D", color="black", label="sparse dataflow for both")
    axes.set_ylabel("energy of binary / energy of signed-binary")
    axes.legend()
