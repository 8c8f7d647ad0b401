"""``plumline compile``: plain ONNX becomes a ``.plum`` program."""

import os
from argparse import ArgumentParser, Namespace
from dataclasses import asdict
from typing import TYPE_CHECKING, Any

from plumline.cli.registry import Answer, verb
from plumline.cli.text import number, table
from plumline.cli.values import check_output, positive, shapes

if TYPE_CHECKING:
    from plumline.compiler.tuning import Tuning
    from plumline.runtime import Program


def declare(parser: ArgumentParser) -> None:
    """Add the arguments."""
    parser.add_argument("network", metavar="NET.onnx", help="any float ONNX file")
    parser.add_argument("-o", "--out", metavar="NET.plum", required=True, help="file to write")
    parser.add_argument(
        "--shape",
        action="append",
        default=[],
        metavar="NAME=1,3,32,32",
        help="fix the shape of an input; may be repeated",
    )
    parser.add_argument(
        "--tune",
        action="store_true",
        help="measure on this machine which kernels are the fastest; needs fixed sizes",
    )
    parser.add_argument(
        "--threads", type=positive, default=1, metavar="N", help="threads to tune for (default 1)"
    )
    parser.add_argument(
        "--kernels", metavar="NAME", help="summerge: for comparison; otherwise what is fastest"
    )
    parser.add_argument(
        "--no-sparsity-support",
        action="store_true",
        help="summerge adds up the inputs of zero weights like any others",
    )
    parser.add_argument("--tile", type=positive, metavar="N", help="columns of summerge, 1-8 (4)")


@verb(
    "compile",
    "compile an ONNX file to a program; needs no PyTorch",
    declare,
    example="plumline compile net.onnx -o net.plum --shape input=1,3,32,32",
)
def run(options: Namespace) -> Answer:
    """Compile and say what was found in the weights."""
    from plumline.compiler import compile_artifact, tuning
    from plumline.runtime import Program

    check_output(options.out, options.network)
    artifact = compile_artifact(
        options.network,
        shapes=shapes(options.shape),
        kernels=options.kernels,
        sparsity_support=False if options.no_sparsity_support else None,
        tile=options.tile,
    )
    found = None
    if options.tune:
        artifact, found = tuning.tune(artifact, options.threads)
    program = Program(artifact)
    program.save(options.out)
    patterns = by_pattern(program)
    size = os.stat(options.out).st_size
    weights = sum(row["weights"] for row in patterns)
    bits = 8 * size / weights if weights else None
    rows = [
        [
            row["pattern"],
            number(row["layers"]),
            number(row["weights"]),
            number(row["density"]),
            number(row["bits_per_weight"], 2),
        ]
        for row in patterns
    ]
    head = ["pattern of the weights", "layers", "weights", "density", "bits a weight"]
    text = f"{table(head, rows)}\n\n{options.out}: {size:,} bytes"
    if bits is not None:
        text += f", {bits:.2f} bits for each of {weights:,} weights, everything in the file counted"
    data = {
        "network": options.network,
        "program": options.out,
        "bytes": size,
        "weights": weights,
        "file_bits_per_weight": bits,
        "patterns": patterns,
    }
    if found:
        data["tuning"] = asdict(found)
        text += f"\n\n{tuning_table(found)}"
    return Answer(data, f"{text}\nnext: plumline run {options.out} --random 0")


def tuning_table(found: "Tuning") -> str:
    """Say which steps run otherwise than estimated, with the times of both."""
    changed = [choice for choice in found.choices if choice.tuned != choice.estimated]
    head = ["step", "input", "estimated", "ms", "tuned", "ms"]
    rows = [
        [
            choice.node,
            "x".join(map(str, choice.input_shape)),
            choice.estimated,
            number(1e3 * choice.seconds[choice.estimated]),
            choice.tuned,
            number(1e3 * choice.seconds[choice.tuned]),
        ]
        for choice in changed
    ]
    summary = (
        f"tuned {len(found.choices)} steps for {found.isa}, threads: {found.threads}; "
        f"{len(changed)} changed: {1e3 * found.seconds_before:.2f} ms a run before, "
        f"{1e3 * found.seconds_after:.2f} ms after"
    )
    return f"{table(head, rows)}\n{summary}" if rows else summary


def by_pattern(program: "Program") -> list[dict[str, Any]]:
    """Sum the steps that have weights by the pattern of their weights."""
    plan = [step for step in program.plan() if step.weights]
    found = []
    for pattern in dict.fromkeys(step.pattern for step in plan):
        steps = [step for step in plan if step.pattern == pattern]
        weights = sum(step.weights for step in steps)
        found.append(
            {
                "pattern": pattern,
                "layers": len(steps),
                "weights": weights,
                "density": sum(step.weights * (step.density or 0.0) for step in steps) / weights,
                "bits_per_weight": 8 * sum(step.weight_bytes for step in steps) / weights,
            }
        )
    return found
