"""STONNE's input for a network, and its counters read back.

STONNE (https://github.com/stonne-simulator/stonne) is run by its users; nothing of it is here. A
layer is one call of its command line with the operation SparseGEMM, M filters by K weights by N
columns, weights at rest. Facts about it, of commit 22634b8 of its repository:

- MK_sparsity is a whole number of percent, and p asks for p + 1: a weight is zero where a random
  number from 0 to 99 is at most p. So one less is written, and 0, which zeroes one weight in a
  hundred, is as dense as it gets. The activations' KN_sparsity of 0 does the same to them.
- It writes output_stats_layer_NAME_architecture_..._timestamp_T.counters to $OUTPUT_DIR: a line
  CYCLES=n, then lines like ``ADDER ADD_2_1=5 ADD_3_1=0 CONFIGURATION=1``, one a unit.
"""

import csv
import io
import re
import shlex
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from plumline._files import write_text
from plumline._names import look_up
from plumline.energy.array import Array, MatrixProduct
from plumline.energy.estimate import Estimate, by_component
from plumline.energy.events import Events
from plumline.errors import InputError

CONFIG, COMMANDS, LAYERS = "array.cfg", "run.sh", "layers.csv"
COLUMNS = ("stem", "layer", "groups", "m", "n", "k", "mk_sparsity")

SOURCES = {
    "multiply": ("MULTIPLIER.MULTIPLICATION",),
    "forward": ("MULTIPLIER.FORWARD_PSUM",),
    # A switch that adds three numbers at once is billed for one addition, as STONNE does.
    "add": ("ADDER.ADD_2_1", "ADDER.ADD_3_1", "ACCUMULATOR.ADD"),
    "buffer_read": ("GLOBALBUFFER.READ",),
    "buffer_write": ("GLOBALBUFFER.WRITE",),
    "switch": ("SWITCH.ROUTE_UNICAST", "SWITCH.ROUTE_BROADCAST"),
    "distribution_wire": ("DN_WIRE.WRITE",),
    "reduction_wire": ("RN_WIRE.WRITE", "CB_WIRE.WRITE", "MN_WIRE.WRITE"),
}
"""Our events, and the counters of STONNE that they are the sums of."""

UNITS = {
    "multiplier_cycle": "MULTIPLIER",
    "adder_cycle": "ADDER",
    "switch_cycle": "SWITCH",
    "buffer_cycle": "GLOBALBUFFER",
}
"""Events of idle power, and the units of which STONNE counts one a line."""


@dataclass(frozen=True)
class Simulated:
    """What STONNE counted for one layer, all groups together."""

    layer: str
    cycles: int
    events: Events


def write(
    layers: Sequence[MatrixProduct], folder: Path, array: Array, dataflow: str = "sparse"
) -> None:
    """Write the layers as STONNE's input: ``array.cfg``, ``run.sh`` and the list ``layers.csv``.

    Groups of a layer are simulated once and counted as often as there are groups.
    """
    rows = []
    for number, layer in enumerate(layers):
        density = layer.density if dataflow == "sparse" else 1.0
        sparsity = max(0, round(100 * (1 - density)) - 1)
        stem = f"{number:03d}-{re.sub('[^A-Za-z0-9]+', '-', layer.name).strip('-')}"
        sizes = (layer.filters // layer.groups, layer.columns, layer.depth)
        rows.append((stem, layer.name, layer.groups, *sizes, sparsity))
    write_text(folder / CONFIG, _config(array))
    write_text(folder / COMMANDS, _commands(rows, array))
    listing = io.StringIO()
    csv.writer(listing, lineterminator="\n").writerows([COLUMNS, *rows])
    write_text(folder / LAYERS, listing.getvalue())


def read(folder: Path) -> list[Simulated]:
    """Read the counters that STONNE left in a folder that `write` filled, of finished layers."""
    listing = folder / LAYERS
    if not listing.is_file():
        raise InputError(f"{str(folder)!r} has no {LAYERS}: write STONNE's input there first")
    done = []
    for row in csv.DictReader(listing.read_text(encoding="utf-8").splitlines()):
        if set(COLUMNS) - set(row) or not str(row["groups"]).isdecimal():
            raise InputError(f"{listing} has other columns than {', '.join(COLUMNS)}")
        files = folder.glob(f"output_stats_layer_{row['stem']}_architecture_*.counters")
        if newest := max(files, key=lambda path: path.stat().st_mtime, default=None):
            cycles, events = parse(
                newest.read_text(encoding="utf-8", errors="replace"), str(newest)
            )
            groups = int(row["groups"])
            done.append(Simulated(row["layer"], cycles * groups, events * groups))
    return done


def compare(done: Iterable[Simulated], found: Estimate) -> list[dict[str, Any]]:
    """Put STONNE's counts, at the estimate's energies, beside the estimate; DRAM is in neither."""
    by_name = {layer.layer.name: layer for layer in found.layers}
    rows = []
    for run in done:
        layer = look_up("simulated layer", run.layer, by_name)
        energy = sum(by_component(run.events, found.prices).values())
        model = layer.energy - layer.components["dram"]
        rows.append(
            {
                "layer": run.layer,
                "cycles": run.cycles,
                "energy": energy,
                "model": model,
                "ratio": model / energy,
            }
        )
    return rows


def parse(text: str, where: str) -> tuple[int, Events]:
    """Read a file of counters; ``where`` is named in errors. Return cycles and events."""
    counts: Counter[str] = Counter()
    units: Counter[str] = Counter()
    cycles = 0
    for line in text.splitlines():
        words = line.split()
        if not words or line.startswith("["):
            continue
        try:
            if line.startswith("CYCLES="):
                cycles = int(line.removeprefix("CYCLES="))
                continue
            pairs = [word.split("=") for word in words[1:]]
            counts.update({f"{words[0]}.{key}": int(value) for key, value in pairs})
        except ValueError:
            raise InputError(f"{where} is no file of STONNE's counters: {line!r}") from None
        units[words[0]] += 1
    if not counts:
        raise InputError(f"{where} is no file of STONNE's counters: it has none")
    events = {name: sum(counts[source] for source in sources) for name, sources in SOURCES.items()}
    idle = {name: cycles * units[unit] for name, unit in UNITS.items()}
    return cycles, Events(**events, **idle)


def _config(array: Array) -> str:
    return (
        f"[MSNetwork]\nms_size={array.multipliers}\n"
        '[ReduceNetwork]\ntype="ASNETWORK"\n'
        f"[SDMemory]\ndn_bw={array.ports}\nrn_bw={array.ports}\n"
        'controller_type="SIGMA_SPARSE_GEMM"\n'
    )


def _commands(rows: Iterable[tuple[object, ...]], array: Array) -> str:
    lines = [
        "#!/bin/sh",
        "# Simulates every layer; STONNE names the program, such as stonne/stonne/stonne.",
        'cd "$(dirname "$0")" || exit 1',
        'export OUTPUT_DIR="$PWD"',
    ]
    for stem, _, _, m, n, k, sparsity in rows:
        lines.append(
            f'"${{STONNE:-stonne}}" -SparseGEMM -layer_name={shlex.quote(str(stem))} '
            f"-M={m} -N={n} -K={k} -MK_sparsity={sparsity} -KN_sparsity=0 "
            f"-num_ms={array.multipliers} -dn_bw={array.ports} -rn_bw={array.ports} "
            f"-dataflow=MK_STA_KN_STR -print_stats=1"
        )
    return "\n".join(lines) + "\n"
