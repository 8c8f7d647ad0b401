"""What the documents count and estimate of the sixteen 3x3 layers of ResNet-18.

    python benchmarks/counts.py

Writes into `results/counts`:

    operations.csv       operations under each execution model, dense = 1, by scheme of the weights
    energy-arrays.csv    energy of binary over signed-binary weights, by table, format and array
    latent-density.csv   density of signed-binary weights, by distribution of the latent ones

Weights are random numbers of one seed and nothing is timed: the files are the same again.
"""

import os
from functools import partial
from pathlib import Path
from typing import get_args

from plumline._files import write_csv
from plumline.analysis import analyze
from plumline.energy import BITS, Array, EnergyTable, estimate
from plumline.reproduce.item import Row
from plumline.reproduce.plum import layers
from plumline.reproduce.plum.density_energy import TABLES, networks
from plumline.runtime import native
from plumline.schemes import Binary, SignedBinary, Ternary

RESULTS = Path(__file__).parent / "results" / "counts"
ISA = "avx512"
"""What the engine plans for, whatever more this machine has."""
SCHEMES = {
    "signed-binary": SignedBinary(),
    "binary": Binary(),
    "ternary, rule max": Ternary(rule="max"),
    "ternary, rule twn": Ternary(rule="twn"),
}
MODELS = {
    "sparse": "sparse",
    **{f"ucnn_{group}": f"ucnn:group={group}" for group in (2, 4)},
    "tables_4": "tables:group=4",
    **{
        f"summerge_{tile}_{support}": f"summerge:tile={tile}:sparsity={support}"
        for tile in (4, 8)
        for support in ("off", "on")
    },
    "plan": "plan",
}
"""Execution models by the name of their column."""
ARRAYS = ((64, 64), (128, 64), (128, 128), (256, 64), (256, 128), (256, 256))
"""Multipliers and ports of the configurations of SIGMA that STONNE comes with."""
FORMATS = {"stonne": tuple(BITS), "horowitz-45nm": ("fp16", "int8")}


def main() -> None:
    """Write the three files."""
    os.environ["PLUMLINE_ISA"] = ISA
    write_csv(RESULTS / "latent-density.csv", densities())
    write_csv(RESULTS / "energy-arrays.csv", energies())
    write_csv(RESULTS / "operations.csv", operations())


def densities() -> list[Row]:
    """Quantize random latents of each distribution under the default threshold."""
    return [
        {"latents": name, "density": layers.quantized_density(name)}
        for name in get_args(layers.Distribution)
    ]


def energies() -> list[Row]:
    """Divide binary weights on the dense dataflow by signed-binary ones on the sparse one."""
    binary, ours = networks()
    rows = []
    for table in TABLES:
        for number_format in FORMATS[table]:
            row: Row = {"table": table, "format": number_format}
            for size in ARRAYS:
                energy = partial(
                    estimate,
                    table=EnergyTable.load(table),
                    number_format=number_format,
                    array=Array(*size),
                )
                dense, sparse = energy(binary, dataflow="dense"), energy(ours, dataflow="sparse")
                row["{}/{}".format(*size)] = dense.energy / sparse.energy
            rows.append(row)
    return rows


def operations() -> list[Row]:
    """Count the operations of weights that each scheme makes of the same Laplacian latents."""
    rows = []
    for name, scheme in SCHEMES.items():
        network = layers.network(name, layers.quantized(scheme, "laplace"))
        total = analyze(network, operations=["dense", *MODELS.values()]).total
        dense = total.operations["dense"].total
        shares = {column: total.operations[label].total / dense for column, label in MODELS.items()}
        row = {"weights": name, "latents": "laplace", "density": total.density}
        rows.append({**row, "isa": native.choose_isa(), "dense_operations": dense, **shares})
    return rows


if __name__ == "__main__":
    main()
