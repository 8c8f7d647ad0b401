"""How a report was measured: the machine, the input, the number of runs, and other work."""

from dataclasses import asdict
from typing import Any

from plumline import __version__
from plumline.bench.machine import Machine, OtherWork
from plumline.errors import printable
from plumline.report.roofs import Roofs
from plumline.report.steps import Measured
from plumline.runtime import Program, native

ENOUGH = 0.2
"""Cores by which other work and the network may exceed those there are without a warning."""


def describe(
    program: Program, measured: Measured, limits: Roofs, other: OtherWork
) -> dict[str, Any]:
    """Return what the page says of the conditions, ready for JSON."""
    return {
        **asdict(Machine.here()),
        "version": __version__,
        "isa": program.isa,
        "threads": program.threads,
        "runs": measured.runs,
        "batch": measured.batch,
        "steps_seconds": sum(step.seconds for step in measured.steps),
        "input": _input(measured),
        **other_work(other.cores, program.threads),
        "notes": [
            (
                "Roofs",
                f"multiply-adds of {limits.isa} in registers, and reads of "
                + ", ".join(f"{memory.bytes:,} bytes ({memory.name})" for memory in limits.memories)
                + ", on as many threads; the best of many short turns.",
            ),
            (
                "Dense work",
                "the multiplications of all weights and the additions of their products, as if "
                "no weight were zero or repeated.",
            ),
            (
                "Bytes moved",
                "of a layer: its input, output and packed weights, each once; less is not "
                "possible, and caches may hold them.",
            ),
        ],
    }


def other_work(busy: float | None, threads: int) -> dict[str, str]:
    """Say what else the machine did, and warn where that must have taken time from the network."""
    if busy is None:
        return {}
    text = f"kept {busy:.1f} of {native.cores()} cores busy while this was measured"
    short = busy + threads > native.cores() + ENOUGH
    warning = {"warning": f"Other work {text}: the times are too long."} if short else {}
    return {"other_work": text, **warning}


def _input(measured: Measured) -> str:
    shapes = "; ".join(
        f"{name} ({', '.join(map(str, shape))})" for name, shape in measured.inputs.items()
    )
    text = f"standard normal numbers: {printable(shapes)}."
    if measured.batch == 1:
        return text
    return (
        f"{text} That is a batch of {measured.batch:,}; times, bytes and operations are of one "
        "sample, a part of it."
    )
