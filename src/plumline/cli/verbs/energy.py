"""``plumline energy``: what an inference takes on an accelerator, by its events or by STONNE."""

import os
from argparse import ArgumentParser, Namespace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from plumline._files import write_csv
from plumline.cli import energy_text as text
from plumline.cli.registry import Answer, verb
from plumline.cli.values import check_output, positive, seconds, shapes
from plumline.errors import InputError

if TYPE_CHECKING:
    from plumline.energy import Estimate, Measured


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
    parser.add_argument(
        "--images", type=positive, metavar="N", help="at once (as many as its input has, or 1)"
    )
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
    """Estimate; talk to STONNE and measure where asked to."""
    from plumline import energy
    from plumline.analysis import read_network

    check_output(options.csv, options.network)
    costs = energy.EnergyTable.load(options.table)
    array = energy.Array(options.multipliers, options.ports, options.buffer)
    if options.measure:
        _check_measurable(options.network)
    network = read_network(options.network, shapes=shapes(options.shape))
    sizes = _input_sizes(options)
    images = options.images or _samples(sizes)
    if options.measure and images != _samples(sizes):
        raise InputError(
            f"--measure runs {_samples(sizes)} samples at once, the first size of the input, not "
            f"--images {images}: leave --images out"
        )
    layers = energy.products(network.layers, options.layers, images)

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
    data |= {"dense_energy": whole.energy, "samples": images}
    data["energy_per_sample"] = found.energy / images
    texts = [text.layers(found), text.summary(found, whole, images)]
    if options.csv:
        write_csv(options.csv, [layer.to_dict() for layer in found.layers])
    if options.stonne:
        data["stonne"], said = _stonne(Path(options.stonne), found)
        texts.append(said)
    if options.measure:
        measured = _measure(options, sizes)
        data["measured"] = vars(measured) | {
            "joules_per_sample": measured.joules_per_sample,
            "net_joules_per_sample": measured.net_joules_per_sample,
        }
        texts.append(text.measured(measured))
    return Answer(data, "\n\n".join(texts))


def _check_measurable(path: str) -> None:
    """Say what cannot be measured before anything takes time."""
    from plumline.energy import powercap

    powercap.zones()
    if os.path.isdir(path):
        raise InputError("--measure runs a file: export the run, and measure the network")


def _input_sizes(options: Namespace) -> dict[str, tuple[int, ...]]:
    """Return the shape of each input in one inference; nothing for a run, which has no file."""
    from plumline.bench import Subject

    path = Path(options.network)
    if path.is_dir():
        return {}
    if path.suffix == ".plum":
        subject = Subject.of_program(path)
    else:
        subject = Subject.of_onnx(path.read_bytes(), options.network)
    return subject.shapes(options.images or 1, shapes(options.shape))


def _samples(sizes: dict[str, tuple[int, ...]]) -> int:
    """Return how many samples an inference computes: the first size of the first input."""
    first = next(iter(sizes.values()), ())
    return first[0] if first else 1


def _stonne(folder: Path, found: "Estimate") -> tuple[list[dict[str, Any]], str]:
    """Write STONNE's input, or compare with what it counted when it was there already."""
    from plumline.energy import stonne

    if not (folder / stonne.LAYERS).is_file():
        stonne.write(found, folder)
        commands = folder / stonne.COMMANDS
        return [], (
            f"{len(found.layers)} layers written for STONNE; next: STONNE=/path/to/stonne sh "
            f"{commands}, then this again"
        )
    rows = stonne.compare(found, folder)
    if not rows:
        raise InputError(f"{str(folder)!r} has no counters yet: run {stonne.COMMANDS} there first")
    return rows, text.simulated(rows, len(found.layers))


def _measure(options: Namespace, sizes: dict[str, tuple[int, ...]]) -> "Measured":
    """Repeat inferences on noise of these shapes."""
    import numpy as np

    import plumline
    from plumline import energy

    if Path(options.network).suffix == ".plum":
        program = plumline.load(options.network, threads=options.threads)
    else:
        program = plumline.compile(
            options.network, shapes=shapes(options.shape), threads=options.threads
        )
    noise = np.random.default_rng(0)
    feed = {
        port.name: noise.standard_normal(sizes[port.name], np.float32) for port in program.inputs
    }
    return energy.measure(lambda: program.run(feed), options.seconds, samples=_samples(sizes))
