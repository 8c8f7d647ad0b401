"""``plumline bench --suite``: many networks, two tables, two CSV files."""

import os
import sys
from argparse import ArgumentParser, Namespace
from pathlib import Path

from plumline.cli.registry import Answer
from plumline.cli.text import number, table
from plumline.cli.values import check_output, names
from plumline.errors import InputError

QUICK_SECONDS, QUICK_TURNS = 0.2, 5

DETAIL = ("cap", "case", "scheme", "batch", "threads", "contender", "cap_heeded")
SUMMARY = ("cap", "part", "scheme", "activations", "batch", "threads", "over", "cap_heeded")


def declare(parser: ArgumentParser) -> None:
    """Add the arguments that only a suite takes."""
    suite = parser.add_argument_group("suites: many networks in place of one")
    suite.add_argument("--suite", metavar="NAME", help="resnet18-conv, models")
    suite.add_argument(
        "--only", metavar="TEXT", help="cases whose name and scheme have TEXT, a shell pattern"
    )
    suite.add_argument("--schemes", type=names, metavar="NAME,...", help="weights (all)")
    suite.add_argument("--activations", metavar="KIND", help="fp32 or int8 (fp32)")
    suite.add_argument(
        "--isa", type=names, metavar="NAME,...", help="hold all to avx2, avx512: once under each"
    )
    suite.add_argument(
        "--weights", action="append", metavar="NET.onnx", help="trained network to take too"
    )
    suite.add_argument("--data", metavar="DIR", help="where outside networks are")
    suite.add_argument("--quick", action="store_true", help="fewer and shorter turns")
    suite.add_argument("--resume", action="store_true", help="go on with the file of --csv")


SUITE_ONLY = ("only", "schemes", "activations", "isa", "weights", "data", "quick", "resume")


def run(options: Namespace) -> Answer:
    """Measure, print and write."""
    from plumline.bench import records
    from plumline.bench.suite_run import run_suite
    from plumline.bench.suites import Settings
    from plumline.bench.summary import summarize

    for name in ("network", "against", "run", "shape"):
        if getattr(options, name):
            raise InputError(f"a suite has its own networks: leave out {name!r}")
    check_output(options.csv)
    if options.resume and not options.csv:
        raise InputError("--resume goes on with a file: name it with --csv")
    settings = Settings(
        schemes=options.schemes,
        batches=options.batch,
        threads=options.threads,
        only=options.only or "",
        activations=options.activations or "fp32",
        weights=tuple(os.path.abspath(path) for path in options.weights or ()),
        data=options.data,
        seconds=options.seconds or (QUICK_SECONDS if options.quick else 1.0),
        turns=options.repeats or (QUICK_TURNS if options.quick else 20),
    )
    rows = run_suite(
        options.suite,
        settings,
        isas=options.isa or (),
        csv=options.csv,
        resume=options.resume,
        say=lambda line: print(line, file=sys.stderr, flush=True),
    )
    lines = [line.to_dict() for line in summarize(rows)]
    if options.csv and lines:
        path = Path(options.csv)
        records.write(path.with_name(f"{path.stem}-summary{path.suffix}"), lines)
    return Answer({"rows": rows, "summary": lines}, f"{_detail(rows)}\n\n{_summary(lines)}")


def _detail(rows: list[dict[str, str]]) -> str:
    times = [
        [
            *(row[name] for name in DETAIL),
            *(number(float(row[name])) for name in ("layer_ms", "median_ms")),
            *(number(float(row[name]), 2) for name in ("ratio", "unrest")),
        ]
        for row in rows
    ]
    return table((*DETAIL, "layer ms", "median ms", "ratio", "unrest"), times)


def _summary(lines: list[dict[str, object]]) -> str:
    body = [
        [
            *(str(line[name]) for name in SUMMARY),
            *(str(line["cases"]), f"{line['geomean']:.2f}", f"{line['minimum']:.2f}"),
            str(line["minimum_case"]),
        ]
        for line in lines
    ]
    return table((*SUMMARY, "cases", "geomean", "least", "which"), body)
