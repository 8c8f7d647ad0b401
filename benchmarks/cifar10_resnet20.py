"""ResNet-20 on CIFAR-10 with float, binary, ternary and signed-binary weights, the whole way.

    python benchmarks/cifar10_resnet20.py --data DIR

Every step is a command of plumline, in this order for each scheme: train (goes on where an earlier
call stopped), export, compile, eval of all test images through PyTorch, ONNX Runtime and the
program; then, all training over, bench on one thread. What they answer goes into
`results/cifar10-resnet20/`: one line a scheme in `accuracy.csv`, the times in `speed-SCHEME.csv`,
and a folder a scheme with recipe, metrics of every epoch and layer table.
"""

import argparse
import json
import shlex
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

from plumline._files import write_csv
from plumline.bench.machine import Machine

SCHEMES = ("float", "binary", "ternary", "signed-binary")
RESULTS = Path(__file__).parent / "results" / "cifar10-resnet20"
KEPT = ("recipe.toml", "metrics.jsonl", "summary.csv", "layers.csv")


def main() -> None:
    """Make every file below `RESULTS` again."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawTextHelpFormatter
    )
    parser.add_argument("--data", required=True, help="folder with cifar-10-batches-bin")
    parser.add_argument("--runs", type=Path, default=Path("runs"), help="folder of the runs")
    parser.add_argument("--form", default="", help="longer form of the recipes, such as full")
    parser.add_argument("--no-speed", action="store_true", help="leave the times as they are")
    options = parser.parse_args()
    rows = [accuracy(scheme, options) for scheme in SCHEMES]
    write_csv(RESULTS / "accuracy.csv", rows)
    # All training is over by now: nothing runs beside what is timed.
    if not options.no_speed:
        for scheme in SCHEMES:
            speed(scheme, options)


def accuracy(scheme: str, options: argparse.Namespace) -> dict[str, Any]:
    """Train, export, compile and evaluate one scheme; return its line of the table."""
    recipe = f"cifar10-resnet20-{scheme}"
    run, onnx, plum = paths(scheme, options)
    form = ["--form", options.form] if options.form else []
    train = ["train", recipe, *form, "--data", "DIR"]
    trained = plumline(*with_data(train, options), "--out", run)
    plumline("export", run, "-o", onnx)
    compiled = plumline("compile", onnx, "-o", plum)
    scores = {path: plumline("eval", path, "--data", options.data) for path in (run, onnx, plum)}
    folder = RESULTS / scheme
    for name in KEPT:
        folder.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(run / name, folder / name)
    machine = Machine.here()
    return {
        "scheme": scheme,
        "epochs": trained["final"]["epoch"],
        "images": scores[plum]["images"],
        "torch_top1": scores[run]["top1"],
        "onnxruntime_top1": scores[onnx]["top1"],
        "plumline_top1": scores[plum]["top1"],
        "quantized_weights": trained["layers"]["quantized"]["parameters"],
        "density": trained["layers"]["quantized"]["density"] if scheme != "float" else 1.0,
        "onnx_bytes": onnx.stat().st_size,
        "plum_bytes": compiled["bytes"],
        "training_seconds": round(trained["final"]["seconds"]),
        "cpu": machine.cpu,
        "cores": machine.cores,
        "isa": machine.isa,
        "python": machine.python,
        "date": machine.date,
        "command": shlex.join(["plumline", *train]),
    }


def speed(scheme: str, options: argparse.Namespace) -> None:
    """Time one image on one thread beside the other runtimes.

    The table names the network as it is named to the command: from the folder of the runs on.
    """
    run, onnx, _ = (path.relative_to(options.runs) for path in paths(scheme, options))
    table = RESULTS.resolve() / f"speed-{scheme}.csv"
    plumline("bench", onnx, "--run", run, "--csv", table, folder=options.runs)


def paths(scheme: str, options: argparse.Namespace) -> tuple[Path, Path, Path]:
    """Return run folder, ONNX file and program of a scheme."""
    run = options.runs / "-".join(filter(None, ["cifar10-resnet20", scheme, options.form]))
    return run, run / "net.onnx", run / "net.plum"


def with_data(arguments: list[str], options: argparse.Namespace) -> list[str]:
    """Put the real folder where the recorded command says DIR."""
    return [options.data if argument == "DIR" else argument for argument in arguments]


def plumline(*arguments: Any, folder: Path | None = None) -> dict[str, Any]:
    """Run one command of plumline, in a folder if one is given, and return what it answers."""
    command = [sys.executable, "-m", "plumline.cli", *map(str, arguments), "--json"]
    print("plumline", shlex.join(map(str, arguments)), flush=True)
    done = subprocess.run(command, cwd=folder, stdout=subprocess.PIPE, text=True, check=True)
    answer: dict[str, Any] = json.loads(done.stdout)
    return answer


if __name__ == "__main__":
    main()
