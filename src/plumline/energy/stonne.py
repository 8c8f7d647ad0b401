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
import re
import shlex
from collections import Counter
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from plumline._files import write_csv, write_text
from plumline.energy.array import Array
from plumline.energy.estimate import Estimate, by_component
from plumline.energy.events import Events
from plumline.errors import InputError

CONFIG, COMMANDS, LAYERS = "array.cfg", "run.sh", "layers.csv"
COLUMNS = (
    *("multipliers", "ports", "dataflow"),
    *("stem", "layer", "groups", "m", "n", "k", "mk_sparsity"),
)
"""Of ``layers.csv``: the array, then the product that STONNE is asked to simulate."""

Row = Mapping[str, str]

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


def write(found: Estimate, folder: Path) -> None:
    """Write an estimate's layers as STONNE's input: ``array.cfg``, ``run.sh`` and ``layers.csv``.

    ``layers.csv`` says what the counters will be of. Groups of a layer are simulated once and
    counted as often as there are groups.
    """
    if any(folder.glob("*.counters")):
        raise InputError(f"{str(folder)!r} has counters already: name another folder")
    rows = _rows(found)
    write_text(folder / CONFIG, _config(found.array))
    write_text(folder / COMMANDS, _commands(rows))
    write_csv(folder / LAYERS, rows)


def compare(found: Estimate, folder: Path) -> list[dict[str, Any]]:
    """Put STONNE's counts of finished layers, at the estimate's energies, beside the estimate.

    DRAM is in neither. ``ratio`` is None where STONNE's counts take nothing. Raises `InputError`
    where the folder was written for something else than this estimate.
    """
    rows = _rows(found)
    _check(folder, rows)
    done = []
    for row, layer in zip(rows, found.layers, strict=True):
        files = folder.glob(f"output_stats_layer_{row['stem']}_architecture_*.counters")
        newest = max(files, key=lambda path: path.stat().st_mtime, default=None)
        if newest is None:
            continue
        cycles, events = parse(newest.read_text(encoding="utf-8", errors="replace"), str(newest))
        groups = layer.layer.groups
        energy = sum(by_component(events * groups, found.prices).values())
        model = layer.energy - layer.components["dram"]
        done.append(
            {
                "layer": layer.layer.name,
                "cycles": cycles * groups,
                "energy": energy,
                "model": model,
                "ratio": model / energy if energy else None,
            }
        )
    return done


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


def _rows(found: Estimate) -> list[Row]:
    """Return what STONNE is asked for an estimate, one row a layer."""
    rows: list[Row] = []
    for number, layer in enumerate(energy.layer for energy in found.layers):
        density = layer.density if found.dataflow == "sparse" else 1.0
        row = {
            "multipliers": found.array.multipliers,
            "ports": found.array.ports,
            "dataflow": found.dataflow,
            "stem": f"{number:03d}-{re.sub('[^A-Za-z0-9]+', '-', layer.name).strip('-')}",
            "layer": layer.name,
            "groups": layer.groups,
            "m": layer.filters // layer.groups,
            "n": layer.columns,
            "k": layer.depth,
            "mk_sparsity": max(0, round(100 * (1 - density)) - 1),
        }
        rows.append({column: str(value) for column, value in row.items()})
    return rows


def _check(folder: Path, rows: Sequence[Row]) -> None:
    """Refuse a folder whose ``layers.csv`` is not that of these rows."""
    listing = folder / LAYERS
    if not listing.is_file():
        raise InputError(f"{str(folder)!r} has no {LAYERS}: write STONNE's input there first")
    with listing.open(encoding="utf-8", errors="replace", newline="") as file:
        written = list(csv.DictReader(file))
    if not written or set(COLUMNS) - set(written[0]):
        raise InputError(
            f"{str(listing)!r} has other columns than {', '.join(COLUMNS)}: name another folder"
        )
    differences = [
        f"{column} {old[column]} in line {line} of {LAYERS}, not {new[column]}"
        for line, (old, new) in enumerate(zip(written, rows, strict=False), 2)
        for column in COLUMNS
        if old[column] != new[column]
    ]
    if len(written) != len(rows):
        differences.append(f"{len(written)} layers, not {len(rows)}")
    if differences:
        raise InputError(
            f"{str(folder)!r} was written for {differences[0]}: ask for the same, or name another "
            "folder"
        )


def _config(array: Array) -> str:
    return (
        f"[MSNetwork]\nms_size={array.multipliers}\n"
        '[ReduceNetwork]\ntype="ASNETWORK"\n'
        f"[SDMemory]\ndn_bw={array.ports}\nrn_bw={array.ports}\n"
        'controller_type="SIGMA_SPARSE_GEMM"\n'
    )


def _commands(rows: Sequence[Row]) -> str:
    lines = [
        "#!/bin/sh",
        "# Simulates every layer; STONNE names the program, such as stonne/stonne/stonne.",
        'cd "$(dirname "$0")" || exit 1',
        'export OUTPUT_DIR="$PWD"',
    ]
    lines += [
        f'"${{STONNE:-stonne}}" -SparseGEMM -layer_name={shlex.quote(row["stem"])} '
        f"-M={row['m']} -N={row['n']} -K={row['k']} "
        f"-MK_sparsity={row['mk_sparsity']} -KN_sparsity=0 "
        f"-num_ms={row['multipliers']} -dn_bw={row['ports']} -rn_bw={row['ports']} "
        "-dataflow=MK_STA_KN_STR -print_stats=1"
        for row in rows
    ]
    return "\n".join(lines) + "\n"
