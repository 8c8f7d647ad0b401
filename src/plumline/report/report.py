"""Measure and analyse a network, and write the page that shows it."""

import os
from collections import Counter
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from math import prod
from pathlib import Path
from typing import Any

from plumline import _files
from plumline.analysis import Analysis, Layer, LayerAnalysis, analyze, read_network
from plumline.bench.machine import OtherWork
from plumline.report import (
    conditions,
    latents,
    page,
    roofs,
    source,
    steps,
    tradeoff,
    training,
    weights,
)

PLAN = "plan"
"""The execution model of what runs."""


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
        shapes: of inputs that leave sizes open, by name, with the batch.
        seconds: for which the program is run to be timed.

    Raises:
        InputError: nothing that can be read, no layer with weights, a weight that is NaN, or an
            open size that is not given.
    """
    found = source.read(network, shapes or {}, threads)
    data = collect(found, seconds)
    text = page.render(found.title, data)
    _files.write_text(path, text)
    return Report(os.fspath(path), Path(path).stat().st_size, data)


def collect(found: source.Source, seconds: float) -> dict[str, Any]:
    """Return all that the page shows, ready for JSON; numbers are of one sample."""
    program = found.program
    with OtherWork() as other:
        measured = steps.measure(program, seconds, found.shapes)
    limits = roofs.measure(program.threads, program.isa)
    network = read_network(program, shapes=found.shapes)
    analysis = analyze(network)
    counts = tradeoff.count(network, analysis)
    total = sum(step.seconds for step in measured.steps)
    layers = enumerate(zip(network.layers, analysis.layers, strict=True))
    rows: list[dict[str, Any]] = []
    for step in measured.steps:
        row = _step(len(rows), step, found.modules, total)
        if "weights" in step.node.attributes:
            number, (layer, facts) = next(layers)
            row["layer"] = {"number": number, **_layer(step, layer, facts, counts.get(number, {}))}
        rows.append(row)
    run, folder = found.run, found.folder
    return {
        "title": found.title,
        "network": _network(found, analysis, measured),
        "made": conditions.describe(program, measured, limits, other),
        "steps": rows,
        "roofs": asdict(limits),
        "tradeoff": tradeoff.compare(network, analysis, counts),
        "training": training.curves(run) if run else None,
        "latents": latents.collect(run, folder) if run and folder else None,
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
    step: steps.Step, layer: Layer, found: LayerAnalysis, merged: tradeoff.Counts
) -> dict[str, Any]:
    matrix = weights.signs(layer)
    dense, planned = found.dense_operations.total, found.operations[PLAN]
    counts = {label: count for label, count in found.operations.items() if count is not None}
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
        "dense": dense,
        "planned": None if planned is None else planned.total,
        "slices": found.slices,
        "distinct": found.distinct_slices,
        "distinct_filters": found.distinct_filters,
        "merged": tradeoff.fewest(merged) / dense if merged else None,
        "operations": [
            (label, count.additions, count.multiplications)
            for label, count in sorted(
                {**counts, **merged}.items(), key=lambda item: -item[1].total
            )
        ],
        "packed": None if matrix is None else weights.pack(matrix),
        "patterns": None if matrix is None else weights.patterns(layer, matrix),
    }


def _network(found: source.Source, analysis: Analysis, measured: steps.Measured) -> dict[str, Any]:
    total = analysis.total
    planned = [layer.operations[PLAN] for layer in analysis.layers]
    schemes = Counter(layer.scheme for layer in analysis.layers)
    kinds = ", ".join(f"{count} {scheme}" for scheme, count in schemes.most_common())
    quantized = analysis.quantized
    packed, what = (quantized, "quantized layer") if quantized.layers else (total, "layer")
    return {
        "sentence": f"{_number(total.layers, 'layer')} with weights in "
        f"{_number(len(measured.steps), 'step')}: {kinds}.",
        "layers": total.layers,
        "weights": total.parameters,
        "packed": {
            "what": _number(packed.layers, what),
            "weights": packed.parameters,
            "effectual": packed.effectual,
            "density": packed.density,
            "bits": packed.packed_bits,
        },
        "bytes": found.bytes,
        "macs": total.dense_macs,
        "dense": total.dense_operations.total,
        "planned": sum(count.total for count in planned if count) if all(planned) else None,
        "seconds": measured.seconds,
    }


def _number(count: int, noun: str) -> str:
    return f"{count} {noun}{'s' * (count != 1)}"
