"""The suites of `plumline bench`, as the tables of the documents show them.

    python benchmarks/suites.py --data DIR [--weights NET.onnx ...] [--quick]

Each run below is one command of plumline and one file of `results/suites`, with its summary beside
it. A run that was stopped goes on where it was; files that are whole already stay as they are.
"""

import argparse
import shlex
import subprocess
import sys
from pathlib import Path

RESULTS = Path(__file__).parent / "results" / "suites"
LAYERS = ("--seconds", "0.4", "--repeats", "12")
NETWORKS = ("--seconds", "0.6", "--repeats", "6")
"""Long enough for turns that agree, and for minutes in all."""
RUNS = {
    "resnet18-conv": ["resnet18-conv", "--isa", "avx2,avx512", *LAYERS],
    "resnet18-conv-int8": [
        *("resnet18-conv", "--activations", "int8", "--isa", "avx2,avx512_vnni"),
        *("--schemes", "signed-binary,binary,ternary", *LAYERS),
    ],
    "plum-speed": ["plum-speed", "--isa", "avx2,avx512", *LAYERS],
    "models": ["models", "--isa", "avx2,avx512", *NETWORKS],
    "models-int8": [
        *("models", "--activations", "int8", "--isa", "avx2,avx512_vnni", *NETWORKS),
        *("--only", "resnet[12][80]@", "--schemes", "signed-binary,float"),
    ],
    "footprint": ["footprint", "--isa", "avx512"],
}
"""Name of the file, and the suite with its options."""


def main() -> None:
    """Make every file of `RUNS`."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawTextHelpFormatter
    )
    parser.add_argument("--data", help="folder with weights/compressed_SqueezeNet.net")
    parser.add_argument(
        "--weights", action="append", default=[], help="trained network, for the suites of layers"
    )
    parser.add_argument("--only", choices=RUNS, help="one of the files")
    parser.add_argument("--quick", action="store_true", help="fewer and shorter turns")
    options = parser.parse_args()
    for name, arguments in RUNS.items():
        if options.only in (None, name):
            trained = options.weights if arguments[0] in ("resnet18-conv", "plum-speed") else []
            more = [part for path in trained for part in ("--weights", path)]
            more += ["--data", options.data] if options.data else []
            more += ["--quick"] if options.quick else []
            plumline("--suite", *arguments, *more, "--csv", f"{RESULTS / name}.csv", "--resume")


def plumline(*arguments: str) -> None:
    """Run one `plumline bench`."""
    print("plumline bench", shlex.join(arguments), flush=True)
    subprocess.run([sys.executable, "-m", "plumline.cli", "bench", *arguments], check=True)


if __name__ == "__main__":
    main()
