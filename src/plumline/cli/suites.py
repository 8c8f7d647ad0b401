"""``plumline bench --suite``: many networks, two tables, two CSV files."""

import os
import sys
from argparse import ArgumentParser, Namespace
from pathlib import Path
from typing import TYPE_CHECKING

from plumline._files import write_csv
from plumline.cli.registry import Answer
from plumline.cli.text import number, table
from plumline.cli.values import check_output, names
from plumline.errors import InputError

if TYPE_CHECKING:
    from plumline.bench.suite import Settings
    from plumline.bench.summary import Line

SECONDS, TURNS = 1.0, 20
QUICK_SECONDS, QUICK_TURNS = 0.2, 5

WHERE = ("cap", "case", "scheme", "activations", "batch", "threads", "contender", "cap_heeded")
PART = ("cap", "part", "scheme", "activations", "batch", "threads")


def declare(parser: ArgumentParser) -> None:
    """Add the arguments that only a suite takes."""
    suite = parser.add_argument_group("suites: many networks in place of one")
    suite.add_argument(
        "--suite", metavar="NAME", help="resnet18-conv, models, footprint, plum-speed"
    )
    suite.add_argument(
        "--only", metavar="TEXT", help="cases whose name and scheme have TEXT, a shell pattern"
    )
    suite.add_argument("--schemes", type=names, metavar="NAME,...", help="of the weights (all)")
    suite.add_argument("--activations", metavar="KIND", help="fp32 or int8 (fp32)")
    suite.add_argument(
        "--isa",
        type=names,
        metavar="NAME,...",
        help="hold every runtime to avx2, avx512, avx512_vnni, amx: once under each",
    )
    suite.add_argument(
        "--weights", action="append", metavar="NET.onnx", help="a trained network to take too"
    )
    suite.add_argument("--data", metavar="DIR", help="where outside networks are")
    suite.add_argument("--quick", action="store_true", help="fewer and shorter turns")
    suite.add_argument("--resume", action="store_true", help="go on with the file of --csv")


SUITE_ONLY = ("only", "schemes", "activations", "isa", "weights", "data", "quick", "resume")
NETWORK_ONLY = ("network", "against", "run", "shape", "out")


def run(options: Namespace) -> Answer:
    """Measure, print and write."""
    from plumline.bench import suite
    from plumline.bench.suite_run import run_suite
    from plumline.bench.summary import summarize

    for name in NETWORK_ONLY:
        if getattr(options, name):
            raise InputError(f"a suite has its own networks: leave out {name!r}")
    check_output(options.csv, *options.weights or ())
    if options.resume and not options.csv:
        raise InputError("--resume goes on with a file: name it with --csv")
    rows = run_suite(
        options.suite,
        _settings(options),
        isas=options.isa or (),
        csv=options.csv,
        resume=options.resume,
        say=lambda line: print(line, file=sys.stderr, flush=True),
    )
    chosen = suite.look_up(options.suite)
    lines = summarize(rows, chosen.metric)
    if options.csv and lines:
        path = Path(options.csv)
        summary = path.with_name(f"{path.stem}-summary{path.suffix}")
        write_csv(summary, [line.to_dict() for line in lines])
    data = {"rows": rows, "summary": [line.to_dict() for line in lines]}
    return Answer(data, f"{detail(rows, chosen.columns)}\n\n{overview(lines)}")


def _settings(options: Namespace) -> "Settings":
    from plumline.bench.suite import Settings

    usual = (QUICK_SECONDS, QUICK_TURNS) if options.quick else (SECONDS, TURNS)
    return Settings(
        schemes=options.schemes,
        batches=options.batch,
        threads=options.threads,
        only=options.only or "",
        activations=options.activations or "fp32",
        weights=tuple(os.path.abspath(path) for path in options.weights or ()),
        data=options.data,
        seconds=options.seconds or usual[0],
        turns=options.repeats or usual[1],
    )


def detail(rows: list[dict[str, str]], columns: tuple[str, ...]) -> str:
    """Lay out every row: where it was measured, then the columns that are numbers."""
    return table(
        (*(name.replace("_", " ") for name in (*WHERE, *columns)),),
        [
            [
                *(row[name] for name in WHERE),
                *(number(float(row[name]) if row[name] else None) for name in columns),
            ]
            for row in rows
        ],
    )


def overview(lines: "list[Line]") -> str:
    """Lay out one row a part: geometric means of the ratios, and the least over the best other."""
    from plumline.bench.summary import BEST

    parts: dict[tuple[str, ...], dict[str, Line]] = {}
    for line in lines:
        parts.setdefault(tuple(getattr(line, name) for name in PART), {})[line.over] = line
    over = list(dict.fromkeys(line.over for line in lines))
    body = []
    for key, found in parts.items():
        means = [f"{found[name].geomean:.2f}" if name in found else "" for name in over]
        best = found.get(BEST)
        least = (f"{best.minimum:.2f}", best.minimum_case) if best else ("", "")
        body.append([*key, *means, *least])
    head = (*PART, *(f"over {name}" for name in over), "least over best", "which")
    return table(head, body)
