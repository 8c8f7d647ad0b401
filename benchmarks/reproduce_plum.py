"""PLUM's tables and figures under the budget cpu, as the documents show them.

    python benchmarks/reproduce_plum.py                          what needs neither data nor hours
    python benchmarks/reproduce_plum.py --speed                  the times: nothing else may run
    python benchmarks/reproduce_plum.py --training --data DIR    the rest, which takes days

One command of plumline an item, into `results/plum`. A run that was stopped goes on where it was;
items that are there already stay as they are (`--again` makes them anew).
"""

import argparse
import shlex
import subprocess
import sys
from pathlib import Path

from plumline.reproduce import items
from plumline.reproduce.item import Item

RESULTS = Path(__file__).parent / "results" / "plum"
BUDGET = "cpu"


def main() -> int:
    """Make the chosen items; return 1 if one of them could not be made."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawTextHelpFormatter
    )
    parser.add_argument("--data", help="folder of the data sets")
    parser.add_argument("--runs", default="runs", help="run folders (runs)")
    parser.add_argument("--jobs", default="1", help="networks to train at a time (1)")
    parser.add_argument("--speed", action="store_true", help="the items that measure time")
    parser.add_argument("--training", action="store_true", help="the items that train")
    parser.add_argument("--again", action="store_true", help="also those that are there")
    options = parser.parse_args()
    chosen = [entry for entry in items("plum") if wanted(entry, options)]
    more = ["--data", options.data] if options.data else []
    more += ["--runs", options.runs, "--jobs", options.jobs]
    return max([plumline(entry.name, *more) for entry in chosen], default=0)


def wanted(entry: Item, options: argparse.Namespace) -> bool:
    """Say whether an item is of a chosen kind and still to be made."""
    if (RESULTS / f"{entry.name}.csv").exists() and not options.again:
        return False
    kind = (entry.times, entry.trains) == (options.speed, options.training)
    return kind and entry.fits(BUDGET)


def plumline(*arguments: str) -> int:
    """Run one `plumline reproduce plum`; an item that cannot be made leaves the others be."""
    command = ["reproduce", "plum", *arguments, "--budget", BUDGET, "--out", str(RESULTS)]
    print("plumline", shlex.join(command), flush=True)
    done = subprocess.run([sys.executable, "-m", "plumline.cli", *command], check=False)
    return done.returncode


if __name__ == "__main__":
    sys.exit(main())
