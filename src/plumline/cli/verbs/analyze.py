"""``plumline analyze``: what the weights repeat and leave out, and the arithmetic this saves."""

from argparse import ArgumentParser, Namespace
from typing import TYPE_CHECKING

from plumline._files import write_csv
from plumline.cli.registry import Answer, verb
from plumline.cli.text import number, table
from plumline.cli.values import check_output, names, positive, shapes

if TYPE_CHECKING:
    from plumline.analysis import Analysis, LayerAnalysis, Totals


def declare(parser: ArgumentParser) -> None:
    """Add the arguments."""
    parser.add_argument("network", metavar="RUN|NET.onnx|NET.plum", help="what to analyse")
    parser.add_argument(
        "--operations",
        type=names,
        metavar="NAME,...",
        help="execution models to count under, with options as in ucnn:group=4, or all (default: "
        "all but summerge, which searches)",
    )
    parser.add_argument(
        "--shape",
        action="append",
        default=[],
        metavar="NAME=1,3,32,32",
        help="shape of an input that leaves sizes open; may be repeated",
    )
    parser.add_argument(
        "--channel-group",
        type=positive,
        metavar="N",
        help="channels of a run whose repetition is counted (default 4)",
    )
    parser.add_argument("--csv", metavar="F", help="write a row for each layer and model")


@verb(
    "analyze",
    "repetition and sparsity of the weights, and operations under execution models",
    declare,
    example="plumline analyze net.onnx --operations sparse,summerge,plan --csv net.csv",
)
def run(options: Namespace) -> Answer:
    """Analyse, print and write."""
    from plumline import analysis

    check_output(options.csv, options.network)
    found = analysis.analyze(
        options.network,
        shapes=shapes(options.shape),
        operations=options.operations,
        channel_group=options.channel_group or analysis.CHANNEL_GROUP,
    )
    if options.csv:
        write_csv(options.csv, found.rows())
    parts = [_weights(found), _operations(found), _sums(found)]
    return Answer(found.to_dict(), "\n\n".join(parts))


def _weights(found: "Analysis") -> str:
    head = [*("layer", "weights", "output", "scheme", "parameters", "effectual", "density")]
    head += ["filters", "slices", f"runs of {found.channel_group}"]
    head += [*("entropy", "packed bits", "packed bytes", "dense MACs")]
    rows = [_weight_cells(layer) for layer in found.layers]
    for name, total in (("quantized", found.quantized), ("all", found.total)):
        counts = _counts(total) if total.layers else [""] * len(_counts(total))
        rows.append([name, "", "", "", *counts[:3], "", "", "", *counts[3:]])
    notes = ["filters, slices, runs: how many differ; entropy and packed size in bits a weight"]
    if not found.quantized.layers:
        notes.append(
            "no quantized layer: filters have many different weights; convert the network with a "
            "scheme and train it"
        )
    return "\n".join([table(head, rows), *notes])


def _weight_cells(layer: "LayerAnalysis") -> list[str]:
    return [
        layer.name,
        "x".join(map(str, layer.weight_shape)),
        "x".join(map(str, layer.output_size)),
        layer.scheme,
        *_counts(layer)[:3],
        f"{layer.distinct_filters:,}/{layer.weight_shape[0]:,}",
        f"{layer.distinct_slices:,}/{layer.slices:,}",
        f"{layer.distinct_channel_groups:,}/{layer.channel_groups:,}",
        *_counts(layer)[3:],
    ]


def _counts(record: "LayerAnalysis | Totals") -> list[str]:
    return [
        number(record.parameters),
        number(record.effectual),
        number(record.density),
        number(record.entropy_bits),
        number(record.packed_bits),
        number(record.packed_bytes),
        number(record.dense_macs),
    ]


def _operations(found: "Analysis") -> str:
    """Lay out the operations of each layer, as a share of its dense ones."""
    rows = []
    for layer in found.layers:
        counts = [layer.operations[label] for label in found.models]
        dense = layer.dense_operations.total
        rows.append([layer.name, *(number(c.total / dense) if c else "" for c in counts)])
    return f"operations, dense = 1\n{table(['layer', *found.models], rows)}"


def _sums(found: "Analysis") -> str:
    """Lay out the operations of the network under each model."""
    rows = []
    for label in found.models:
        cells = [label]
        for total in (found.quantized, found.total):
            counts, dense = total.operations[label], total.dense_operations
            counted = [number(counts.additions), number(counts.multiplications)]
            cells += counted if total.layers else ["", ""]
            cells.append(number(dense.total / counts.total, 2) if counts.total else "")
        rows.append(cells)
    what = ("additions", "multiplications", "dense / this")
    head = ["model", *(f"quantized: {word}" for word in what), *(f"all: {word}" for word in what)]
    return table(head, rows)
