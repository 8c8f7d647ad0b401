"""``plumline quickstart``: the whole way on handwritten digits, in about a minute."""

import sys
import time
from argparse import ArgumentParser, Namespace
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

from plumline.cli.registry import Answer, verb
from plumline.cli.text import number, table

if TYPE_CHECKING:
    from plumline.training import Recipe

RECIPE = "digits-quick"
NETWORKS = {
    "float": {"scheme.name": "float", "scheme.options": "{}"},
    "signed-binary": {},
}
"""The networks that are trained, with the changes that each makes to the recipe."""


RIVALS = ("onnxruntime", "torch")
SECONDS = 1.0
"""Time for each runtime on each network."""


def declare(parser: ArgumentParser) -> None:
    """Add the arguments."""
    parser.add_argument(
        "--out", metavar="DIR", default="runs/quickstart", help="folder (runs/quickstart)"
    )


@verb(
    "quickstart",
    "train, export, compile, check and time two small networks; start here",
    declare,
    example="plumline quickstart",
)
def run(options: Namespace) -> Answer:
    """Go the whole way with each network and put both in one table."""
    from plumline.training import Recipe

    start = time.monotonic()
    out = Path(options.out)
    rows = [
        _network(name, Recipe.load(RECIPE).override(changes), out)
        for name, changes in NETWORKS.items()
    ]
    seconds = time.monotonic() - start
    data = {"out": str(out), "seconds": seconds, "networks": rows}
    return Answer(data, _text(rows, out, seconds))


def _network(name: str, recipe: "Recipe", out: Path) -> dict[str, Any]:
    """Train, export, compile, check and time one network."""
    import plumline
    from plumline import bench, training
    from plumline.cli.runs import export_run
    from plumline.convert import freeze, summarize

    onnx, plum = out / f"{name}.onnx", out / f"{name}.plum"
    with _stage(f"{name}: training on real handwritten digits"):
        result = training.run(recipe, out / name, resume=False)
    with _stage(f"{name}: exporting plain ONNX, compiling it"):
        export_run(result.out, onnx)
        plumline.compile(onnx).save(plum)
    layers = summarize(result.model)
    exported, program = bench.Subject.open(onnx, freeze(result.model)), bench.Subject.open(plum)
    rivals = [rival for rival in RIVALS if rival in bench.able(exported)]
    with _stage(f"{name}: checking every test image beside {' and '.join(rivals)}"):
        contenders = {"plumline": program, **dict.fromkeys(rivals, exported)}
        agreement = bench.agree(contenders, bench.open_dataset(program))
    with _stage(f"{name}: timing one image on one thread"):
        comparison = bench.compare(exported, rivals, threads=1, seconds=SECONDS)
    weights = layers.quantized if layers.quantized.parameters else layers.total
    return {
        "network": name,
        "images": agreement.images,
        "top1": agreement.top1,
        "difference": agreement.difference,
        "density": weights.density,
        "bits_per_weight": _bits(plum),
        "onnx_bytes": onnx.stat().st_size,
        "plum_bytes": plum.stat().st_size,
        "median_ms": {row.contender: row.median_ms for row in comparison.rows},
        "ratio": {row.contender: row.ratio for row in comparison.rows},
        "comparison": comparison.to_dict(),
    }


def _bits(plum: Path) -> float:
    """What the file spends on each weight of the layers, float ones included."""
    import plumline

    plan = [step for step in plumline.load(plum).plan() if step.weights]
    return 8 * sum(step.weight_bytes for step in plan) / sum(step.weights for step in plan)


def _text(rows: list[dict[str, Any]], out: Path, seconds: float) -> str:
    rivals = [name for name in rows[0]["median_ms"] if name != "plumline"]
    head = ["network", "accuracy %", "density", "bits a weight", ".onnx bytes", ".plum bytes"]
    head += ["plumline ms", *(f"{name} ms (ratio)" for name in rivals)]
    cells = [
        [
            row["network"],
            number(row["top1"]["plumline"], 2),
            number(row["density"]),
            number(row["bits_per_weight"], 2),
            number(row["onnx_bytes"]),
            number(row["plum_bytes"]),
            number(row["median_ms"]["plumline"], 4),
            *(f"{row['median_ms'][name]:.4f} ({row['ratio'][name]:.2f})" for name in rivals),
        ]
        for row in rows
    ]
    images, worst = rows[0]["images"], max(row["difference"] for row in rows)
    warnings = max((row["comparison"]["warnings"] for row in rows), key=len)
    return "\n".join(
        [
            table(head, cells),
            "",
            f"All runtimes gave the same answers on all {images} test images "
            f"(largest difference {worst:.0e} of the largest answer).",
            "Density is that of quantized weights; bits a weight are those of all layers.",
            "Times: median of one image on one thread, runs in turns. "
            "A ratio above 1 means that plumline is faster.",
            *(f"warning: {text}" for text in warnings),
            f"Everything is in {out}; it took {seconds:.0f} s.",
            "",
            "What next:",
            f"  plumline inspect {out / 'signed-binary.plum'}",
            "      what each layer became, and why",
            f"  plumline bench {out / 'signed-binary.onnx'}",
            "      beside every other runtime that is installed",
            "  plumline train cifar10-resnet20-signed-binary --data DIR",
            "      a network that is large enough to be worth it",
            "  docs/tutorial.md",
            "      a network of your own, in Python",
        ]
    )


@contextmanager
def _stage(label: str) -> Iterator[None]:
    """Say what is being done, and how long it took."""
    print(f"{label} ...", file=sys.stderr, flush=True)
    start = time.monotonic()
    yield
    print(f"  {time.monotonic() - start:.1f} s", file=sys.stderr, flush=True)
