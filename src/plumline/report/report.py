"""Measure and analyse a network, and write the page that shows it."""

import itertools
import os
from collections import Counter
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from math import prod
from pathlib import Path
from typing import Any

from plumline import __version__, _files
from plumline.analysis import (
    Analysis,
    Layer,
    LayerAnalysis,
    Operations,
    analyze,
    read_network,
)
from plumline.analysis.execution import parse
from plumline.bench.machine import Machine, OtherWork
from plumline.errors import printable
from plumline.report import page, roofs, source, steps, tradeoff, training, weights
from plumline.runtime import native

ENOUGH = 0.2
"""Cores by which other work and the network may exceed those there are without a warning."""

MERGING = "summerge:tile=8:sparsity=on"
"""The execution model that repetition and sparsity are compared under."""


@dataclass(frozen=True)
class Report:
    """What was written: the file, its bytes, and the data in the page."""

    path: str
    bytes: int
    data: dict[str, Any]


def write(
    network: str | os.PathLike[str],
    path: str | os.PathLike[str],
    *,
    threads: int = 1,
    shapes: Mapping[str, tuple[int, ...]] | None = None,
    seconds: float = 1.0,
) -> Report:
    """Write the report of a network as one HTML file that needs nothing else.

    Args:
        network: a run folder, an ONNX file or a ``.plum`` file.
        path: the file to write.
        threads: of the program, and of the probes that find the machine's roofs.
        shapes: of inputs of an ONNX file that leave sizes open, as for `plumline.compile`.
        seconds: for which the program is run to be timed.

    Raises:
        InputError: nothing that can be read, no layer with weights, or a weight that is NaN.
    """
    found = source.read(network, shapes or {}, threads)
    data = collect(found, seconds)
    text = page.render(found.title, data)
    _files.write_text(path, text)
    return Report(os.fspath(path), Path(path).stat().st_size, data)


def collect(found: source.Source, seconds: float) -> dict[str, Any]:
    """Return all that the page shows, ready for JSON."""
    program = found.program
    with OtherWork() as other:
        measured = steps.measure(program, seconds)
    limits = roofs.measure(program.threads, program.isa)
    network = read_network(program)
    analysis = analyze(network)
    (merging,) = parse([MERGING])
    counts = tradeoff.count(network, analysis, merging)
    total = sum(step.seconds for step in measured.steps)
    numbers = itertools.count()
    rows: list[dict[str, Any]] = []
    for step in measured.steps:
        row = _step(len(rows), step, found.modules, total)
        if "weights" in step.node.attributes:
            number = next(numbers)
            layer, facts = network.layers[number], analysis.layers[number]
            row["layer"] = _layer(step, layer, facts, counts.get(number))
        rows.append(row)
    return {
        "title": found.title,
        "network": _network(found, analysis, measured),
        "made": _made(found, measured, limits, other, total),
        "steps": rows,
        "roofs": asdict(limits),
        "tradeoff": tradeoff.compare(network, analysis, counts, merging),
        "training": training.curves(found.run) if found.run else None,
        "latents": training.latents(found.run, found.folder)
        if found.run and found.folder
        else None,
    }


def _step(
    number: int, step: steps.Step, modules: Mapping[str, str], total: float
) -> dict[str, Any]:
    title = modules.get(step.node.name) or step.node.name or f"step {number}"
    plan = step.plan
    return {
        "number": number,
        "title": title,
        "name": step.node.name,
        "op": plan.op,
        "kernel": plan.kernel,
        "family": plan.kernel.partition("/")[0],
        "choice": plan.choice,
        "output": step.shape,
        "elements": prod(step.shape),
        "reads": step.reads,
        "moved": step.moved,
        "seconds": step.seconds,
        "share": step.seconds / total if total else 0.0,
    }


def _layer(
    step: steps.Step, layer: Layer, found: LayerAnalysis, merged: Operations | None
) -> dict[str, Any]:
    matrix = weights.signs(layer)
    counts = {label: count for label, count in found.operations.items() if count is not None}
    if merged is not None:
        counts[MERGING] = merged
    return {
        "pattern": found.pattern,
        "scheme": found.scheme,
        "why": step.plan.why,
        "filters": layer.filters,
        "channels": layer.channels,
        "kernel": (1, 1, *layer.kernel)[-2:],
        "taps": layer.taps,
        "columns": layer.columns,
        "weights": found.parameters,
        "density": found.density,
        "bits": found.packed_bits,
        "entropy": found.entropy_bits,
        "bytes": found.packed_bytes,
        "macs": found.dense_macs,
        "planned": step.plan.planned_operations,
        "slices": found.slices,
        "distinct": found.distinct_slices,
        "distinct_filters": found.distinct_filters,
        "merged": None if merged is None else tradeoff.share(merged, layer),
        "operations": [
            (label, count.additions, count.multiplications)
            for label, count in sorted(counts.items(), key=lambda item: -item[1].total)
        ],
        "packed": None if matrix is None else weights.pack(matrix),
        "patterns": None if matrix is None else weights.patterns(layer, matrix),
    }


def _network(found: source.Source, analysis: Analysis, measured: steps.Measured) -> dict[str, Any]:
    total = analysis.total
    planned = [
        step.plan.planned_operations for step in measured.steps if "weights" in step.node.attributes
    ]
    counts = Counter(layer.scheme for layer in analysis.layers)
    kinds = ", ".join(f"{count} {scheme}" for scheme, count in counts.most_common())
    return {
        "sentence": f"{len(analysis.layers)} layers with weights in {len(measured.steps)} steps: "
        f"{kinds}.",
        "layers": len(analysis.layers),
        "weights": total.parameters,
        "effectual": total.effectual,
        "density": total.density,
        "bits": total.packed_bits,
        "bytes": found.bytes,
        "macs": total.dense_macs,
        "planned": None if None in planned else sum(count or 0 for count in planned),
        "seconds": measured.seconds,
    }


def _made(
    found: source.Source,
    measured: steps.Measured,
    limits: roofs.Roofs,
    other: OtherWork,
    total: float,
) -> dict[str, Any]:
    program = found.program
    ports = "; ".join(map(str, program.inputs))
    return {
        **asdict(Machine.here()),
        "version": __version__,
        "isa": program.isa,
        "threads": program.threads,
        "runs": measured.runs,
        "steps_seconds": total,
        "input": f"standard normal numbers, one sample: {printable(ports)}",
        **_other_work(other.cores, program.threads),
        "notes": [
            (
                "Roofs",
                f"multiply-adds of {limits.isa} in registers, and reads of "
                + ", ".join(f"{memory.bytes:,} bytes ({memory.name})" for memory in limits.memories)
                + ", on as many threads; the best of many short turns.",
            ),
            (
                "Bytes moved",
                "of a layer: its input, output and packed weights, each once; less is not "
                "possible, and caches may hold them.",
            ),
        ],
    }


def _other_work(busy: float | None, threads: int) -> dict[str, str]:
    """Say what else the machine did, and warn where that must have taken time from the network."""
    if busy is None:
        return {}
    text = f"kept {busy:.1f} of {native.cores()} cores busy while this was measured"
    short = busy + threads > native.cores() + ENOUGH
    warning = {"warning": f"Other work {text}: the times are too long."} if short else {}
    return {"other_work": text, **warning}
