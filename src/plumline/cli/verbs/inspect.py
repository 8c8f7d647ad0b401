"""``plumline inspect``: what is in a run, an ONNX file or a program, layer by layer."""

import os
from argparse import ArgumentParser, Namespace
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any

from plumline.cli.registry import Answer, verb
from plumline.cli.runs import is_run
from plumline.cli.text import number, table
from plumline.errors import InputError

if TYPE_CHECKING:
    from plumline.runtime import Program


def declare(parser: ArgumentParser) -> None:
    """Add the arguments."""
    parser.add_argument("network", metavar="RUN|NET.onnx|NET.plum", help="what to look into")


@verb(
    "inspect",
    "layer table: kernel, weight pattern, density, bits, bytes, operations and why",
    declare,
    example="plumline inspect net.plum",
)
def run(options: Namespace) -> Answer:
    """Look into a network; an ONNX file is compiled in memory first."""
    if is_run(options.network):
        return _inspect_run(options.network)
    return _inspect_file(options.network)


def _inspect_run(folder: str) -> Answer:
    from plumline.convert import summarize
    from plumline.training import read_run

    run = read_run(folder)
    layers = summarize(run.model)
    last = run.history[-1] if run.history else {}
    data = {"run": folder, "epochs_left": run.epochs_left, "last": last, **layers.to_dict()}
    score = f"test accuracy {last['test_top1']:.2f} %" if last else "no epoch finished yet"
    return Answer(data, f"{layers}\n\n{folder}: {score}, epochs left: {run.epochs_left}")


def _inspect_file(path: str) -> Answer:
    import plumline

    suffix = Path(path).suffix
    if suffix not in (".onnx", ".plum"):
        raise InputError(f"{path!r} is neither a run folder, a .onnx nor a .plum file")
    program = plumline.load(path) if suffix == ".plum" else plumline.compile(path)
    steps = [{**asdict(s), "bits_per_weight": s.bits_per_weight} for s in program.plan()]
    totals = _totals(steps)
    size = os.stat(path).st_size
    data: dict[str, Any] = {"network": path, "bytes": size, "totals": totals, "steps": steps}
    lines = [f"{path}: {size:,} bytes"]
    if suffix == ".onnx":
        data["program_bytes"] = len(program.artifact.to_bytes())
        lines.append(f"compiled: {data['program_bytes']:,} bytes")
    data |= {"inputs": _ports(program.inputs), "outputs": _ports(program.outputs)}
    data["metadata"] = program.metadata
    return Answer(data, "\n".join([_table(steps, totals), "", *_about(program), *lines]))


def _totals(steps: list[dict[str, Any]]) -> dict[str, Any]:
    def add(key: str) -> int | None:
        values = [step[key] for step in steps]
        return None if None in values else sum(values)

    weights, weight_bytes = add("weights") or 0, add("weight_bytes") or 0
    effectual = sum(s["weights"] * s["density"] for s in steps if s["density"] is not None)
    return {
        "weights": weights,
        "density": effectual / weights if weights else None,
        "bits_per_weight": 8 * weight_bytes / weights if weights else None,
        "bytes": add("bytes"),
        "dense_operations": add("dense_operations"),
        "planned_operations": add("planned_operations"),
    }


def _table(steps: list[dict[str, Any]], totals: dict[str, Any]) -> str:
    head = [*("layer", "op", "kernel", "choice", "pattern", "weights", "density", "bits a weight")]
    head += [*("bytes", "dense MACs", "planned ops", "why")]
    rows = [_cells(step) for step in steps]
    total = _cells(
        {"node": "total", "op": "", "kernel": "", "choice": "", "pattern": "", "why": "", **totals}
    )
    return table(head, [*rows, total])


def _cells(step: dict[str, Any]) -> list[str]:
    def count(key: str) -> str:
        return "?" if step[key] is None else number(step[key]) if step[key] else ""

    return [
        *(step[key] for key in ("node", "op", "kernel", "choice", "pattern")),
        count("weights"),
        number(step["density"]),
        number(step["bits_per_weight"], 2),
        *(count(key) for key in ("bytes", "dense_operations", "planned_operations")),
        step["why"],
    ]


def _about(program: "Program") -> list[str]:
    return [
        f"inputs: {'; '.join(map(str, program.inputs))}",
        f"outputs: {'; '.join(map(str, program.outputs))}",
        *(f"{key}: {value}" for key, value in program.metadata.items()),
        f"instruction set: {program.isa}",
    ]


def _ports(ports: Any) -> list[dict[str, Any]]:
    return [{"name": port.name, "shape": list(port.shape)} for port in ports]
