"""``plumline energy``: what an inference takes on an accelerator, by its events or by STONNE."""

import os
from argparse import ArgumentParser, Namespace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from plumline.cli import energy_text as text
from plumline.cli.registry import Answer, verb
from plumline.cli.values import check_output, positive, seconds, shapes
from plumline.errors import InputError

if TYPE_CHECKING:
    from plumline.energy import Estimate, MatrixProduct, Measured


def declare(parser: ArgumentParser) -> None:
    """Add the arguments."""
    parser.add_argument("network", metavar="NET.onnx|NET.plum|RUN", help="network to look into")
    parser.add_argument(
        "--table",
        default="stonne",
        metavar="NAME|FILE.csv",
        help="event energies: stonne, horowitz-45nm, or a file of the same columns (stonne)",
    )
    parser.add_argument(
        "--format",
        default="fp16",
        metavar="NAME",
        help="fp16, int16, fp8, int8, fp32, int32 (fp16)",
    )
    parser.add_argument(
        "--dataflow", default="sparse", metavar="NAME", help="sparse or dense (sparse)"
    )
    array = parser.add_argument_group("the accelerator")
    array.add_argument("--multipliers", type=positive, default=256, metavar="N", help="(256)")
    array.add_argument(
        "--ports", type=positive, default=128, metavar="N", help="of the buffer (128)"
    )
    array.add_argument(
        "--buffer", type=positive, default=1024, metavar="KIB", help="its capacity (1024)"
    )
    parser.add_argument("--layers", default="*", metavar="GLOB", help="only layers named so")
    parser.add_argument("--images", type=positive, default=1, metavar="N", help="at once (1)")
    parser.add_argument(
        "--shape", action="append", default=[], metavar="NAME=1,3,32,32", help="of an open input"
    )
    parser.add_argument(
        "--measure", action="store_true", help="also measure it here, by the counters of powercap"
    )
    parser.add_argument("--seconds", type=seconds, default=5.0, metavar="S", help="of it (5)")
    parser.add_argument("--threads", type=positive, default=1, metavar="N", help="of it (1)")
    parser.add_argument(
        "--stonne", metavar="DIR", help="write STONNE's input there, or read what it counted"
    )
    parser.add_argument("--csv", metavar="FILE", help="write one row a layer")


@verb(
    "energy",
    "estimate the energy of an inference on an accelerator, or measure it on this machine",
    declare,
    example="plumline energy net.onnx --table horowitz-45nm --format int8 --csv energy.csv",
)
def run(options: Namespace) -> Answer:
    """Estimate; measure and talk to STONNE where asked to."""
    from plumline import energy
    from plumline.analysis import read_network
    from plumline.bench import records

    check_output(options.csv, options.network)
    costs = energy.EnergyTable.load(options.table)
    array = energy.Array(options.multipliers, options.ports, options.buffer)
    if options.measure:
        measured = _measure(options)
    network = read_network(options.network, shapes=shapes(options.shape))
    layers = energy.products(network.layers, options.layers, options.images)

    def estimate(dataflow: str) -> "Estimate":
        return energy.estimate(
            layers,
            table=costs,
            number_format=options.format,
            dataflow=dataflow,
            array=array,
        )

    found = estimate(options.dataflow)
    whole = estimate("dense")
    data: dict[str, Any] = {"network": options.network, **found.to_dict()}
    data["dense_energy"] = whole.energy
    texts = [text.layers(found), text.summary(found, whole)]
    if options.csv:
        records.write(options.csv, [layer.to_dict() for layer in found.layers])
    if options.stonne:
        data["stonne"], said = _stonne(Path(options.stonne), layers, found)
        texts.append(said)
    if options.measure:
        data["measured"] = vars(measured) | {
            "joules_per_call": measured.joules_per_call,
            "net_joules_per_call": measured.net_joules_per_call,
        }
        texts.append(text.measured(measured))
    return Answer(data, "\n\n".join(texts))


def _stonne(
    folder: Path, layers: "tuple[MatrixProduct, ...]", found: "Estimate"
) -> tuple[list[dict[str, Any]], str]:
    """Write STONNE's input, or compare with what it counted when it was there already."""
    from plumline.energy import stonne

    if not (folder / stonne.LAYERS).is_file():
        stonne.write(layers, folder, found.array, found.dataflow)
        commands = folder / stonne.COMMANDS
        return [], (
            f"{len(layers)} layers written for STONNE; next: STONNE=/path/to/stonne sh {commands}, "
            "then this again"
        )
    rows = stonne.compare(stonne.read(folder), found)
    if not rows:
        raise InputError(f"{str(folder)!r} has no counters yet: run {stonne.COMMANDS} there first")
    return rows, text.simulated(rows, len(layers))


def _measure(options: Namespace) -> "Measured":
    import numpy as np

    import plumline
    from plumline import energy
    from plumline.energy import powercap

    powercap.zones()  # says that there are none before anything takes time
    if os.path.isdir(options.network):
        raise InputError("--measure runs a file: export the run, and measure the network")
    is_program = Path(options.network).suffix == ".plum"
    if is_program:
        program = plumline.load(options.network, threads=options.threads)
    else:
        program = plumline.compile(
            options.network, shapes=shapes(options.shape), threads=options.threads
        )
    noise = np.random.default_rng(0)
    feed = {
        port.name: noise.standard_normal(
            [size if isinstance(size, int) else options.images for size in port.shape],
            dtype=np.float32,
        )
        for port in program.inputs
    }
    return energy.measure(lambda: program.run(feed), options.seconds)
