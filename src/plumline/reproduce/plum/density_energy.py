"""Density and energy of the 3x3 layers of ResNet-18, binary and signed-binary."""

from functools import partial
from typing import TYPE_CHECKING

from plumline.energy import (
    COMPONENTS,
    EnergyTable,
    Estimate,
    MatrixProduct,
    estimate,
    products,
)
from plumline.reproduce.context import Context
from plumline.reproduce.drawing import drawn
from plumline.reproduce.item import Comparison, Outcome, Row, item
from plumline.reproduce.plum import layers

if TYPE_CHECKING:
    from matplotlib.figure import Figure

Products = tuple[MatrixProduct, ...]

DENSITY = 0.357
"""That of the paper's 2.8 times fewer non-zeros."""
TABLES = ("stonne", "horowitz-45nm")
FORMATS = ("fp16", "int16", "fp8", "int8")
FORMAT = "fp16"
"""In which both tables have most of their energies from print."""
ALL = "all"
"""The name of the row that is the sum over the layers."""


@item("plum", "energy", "table", "density and estimated energy, 3x3 layers of ResNet-18")
def make(context: Context) -> Outcome:
    """Estimate binary weights on a dense dataflow and signed-binary ones on a sparse one."""
    binary, ours = networks()
    rows = [
        row
        for table in TABLES
        for number_format in FORMATS
        for row in _rows(table, number_format, binary, ours)
    ]
    sums = [row for row in rows if row["layer"] == ALL]
    where = f"16 layers of 3x3, random weights, density {DENSITY:g} of signed-binary as reported"
    comparisons = [_density()]
    for row in sums:
        if row["format"] == FORMAT:
            here = f"{row['ratio']:.2f}x, {row['ratio_same_dataflow']:.2f}x on one dataflow"
            how = f"{where}, table {row['table']}, {FORMAT}, estimated"
            comparisons.append(Comparison("energy", here, how))
    return Outcome(rows, comparisons, drawn(lambda figure: _draw(figure, sums)))


def networks() -> tuple[Products, Products]:
    """Return the layers with binary weights, and with signed-binary ones at `DENSITY`."""
    binary = layers.network("binary", layers.binary)
    ours = layers.network("signed-binary", layers.signed_binary(DENSITY))
    return products(binary.layers), products(ours.layers)


def _density() -> Comparison:
    """Quantize latent weights that no training has touched, of two distributions."""
    distributions: tuple[layers.Distribution, ...] = ("laplace", "normal")
    ratios = {name: 1 / layers.quantized_density(name) for name in distributions}
    here = ", ".join(f"{ratio:.2f}x {name}" for name, ratio in ratios.items())
    where = "16 layers of 3x3, random latent weights under the default threshold, not trained"
    return Comparison("density", here, where)


def _rows(table: str, number_format: str, binary: Products, ours: Products) -> list[Row]:
    """Return a row a layer, and one of their sum."""
    energy = partial(estimate, table=EnergyTable.load(table), number_format=number_format)
    found = {
        "binary_dense": energy(binary, dataflow="dense"),
        "binary_sparse": energy(binary, dataflow="sparse"),
        "signed_binary_sparse": energy(ours, dataflow="sparse"),
    }
    known = found["signed_binary_sparse"]
    of_both = {
        "derived": "; ".join(f"{event}: {how}" for event, how in known.derived.items()),
        "without_price": " ".join(known.unpriced),
    }
    parts = [(layer.name, slice(place, place + 1)) for place, layer in enumerate(ours)]
    return [
        {
            **{"layer": name, "table": table, "format": number_format, "unit": known.unit},
            **_weights(ours[part]),
            **_energies(found, part),
            **of_both,
        }
        for name, part in [*parts, (ALL, slice(None))]
    ]


def _weights(ours: Products) -> Row:
    """Count the weights of layers, and those of signed-binary that are not zero."""
    weights = sum(layer.weights for layer in ours)
    nonzeros = sum(sum(layer.nonzeros) for layer in ours)
    return {"weights": weights, "nonzeros": nonzeros, "density": nonzeros / weights}


def _energies(found: dict[str, Estimate], part: slice) -> Row:
    """Return what some of the layers take in all, their ratios, and what each part takes."""
    components = {
        f"{name}_{component}": sum(layer.components[component] for layer in total.layers[part])
        for name, total in found.items()
        for component in COMPONENTS
    }
    energies = {
        name: sum(layer.energy for layer in total.layers[part]) for name, total in found.items()
    }
    dense, same, sparse = energies.values()
    return {
        **energies,
        "ratio": dense / sparse,
        "ratio_same_dataflow": same / sparse,
        "binary_dense_buffer_share": components["binary_dense_buffer"] / dense,
        **components,
    }


def _draw(figure: "Figure", rows: list[Row]) -> None:
    axes = figure.subplots()
    labels = [f"{row['format']}\n{row['table']}".replace("-", "\n") for row in rows]
    axes.bar(labels, [row["ratio"] for row in rows], label="dense dataflow for binary")
    marks = [row["ratio_same_dataflow"] for row in rows]
    axes.plot(labels, marks, "D", color="black", label="sparse dataflow for both")
    axes.set_ylabel("energy of binary / energy of signed-binary")
    axes.legend()
