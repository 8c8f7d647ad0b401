"""``plumline bench``: one network, or a suite of them, in several runtimes, in turns."""

import tempfile
from argparse import ArgumentParser, Namespace
from pathlib import Path
from typing import TYPE_CHECKING

from plumline.cli import suites
from plumline.cli.registry import Answer, verb
from plumline.cli.runs import is_run
from plumline.cli.values import check_output, counts, names, positive, seconds, shapes
from plumline.errors import InputError

if TYPE_CHECKING:
    from plumline.bench import Subject


def declare(parser: ArgumentParser) -> None:
    """Add the arguments."""
    parser.add_argument(
        "network", nargs="?", metavar="NET.onnx|NET.plum|RUN", help="network to time"
    )
    parser.add_argument(
        "--against",
        type=names,
        metavar="NAME,...",
        help="onnxruntime, openvino, torch (those installed that can run the network); on request "
        "summerge, summerge:sparsity=off: plumline in the manner of SumMerge",
    )
    parser.add_argument("--run", metavar="RUN", help="run folder of the network, for torch")
    parser.add_argument("--threads", type=counts, metavar="N", help="of each (1; a suite: 1,2)")
    parser.add_argument("--batch", type=counts, metavar="N", help="images a call (1; a suite: 1,8)")
    parser.add_argument(
        "--shape", action="append", default=[], metavar="NAME=1,3,32,32", help="of an open input"
    )
    parser.add_argument(
        "--seconds", type=seconds, metavar="S", help="time for each runtime (2; a suite: 1)"
    )
    parser.add_argument("--repeats", type=positive, metavar="N", help="turns that share it (20)")
    parser.add_argument("--csv", metavar="FILE", help="write the table with machine and versions")
    parser.add_argument("--out", metavar="FILE.json", help="write everything as JSON")
    suites.declare(parser)


@verb(
    "bench",
    "time a network beside other runtimes: equal answers first, then runs in turns",
    declare,
    example="plumline bench net.onnx --against onnxruntime,openvino --threads 1 --csv bench.csv",
)
def run(options: Namespace) -> Answer:
    """Compare, print and write."""
    if options.suite:
        return suites.run(options)
    return _compare(options)


def _compare(options: Namespace) -> Answer:
    from plumline import bench

    for name in suites.SUITE_ONLY:
        if getattr(options, name):
            raise InputError(f"--{name} is for a suite: name one with --suite")
    if not options.network:
        raise InputError("name a network to time, or a suite of them with --suite")
    threads, batch = _one("--threads", options.threads), _one("--batch", options.batch)
    check_output(options.csv, options.network)
    check_output(options.out, options.network)
    subject = _subject(options)
    against = bench.able(subject) if options.against is None else options.against
    comparison = bench.compare(
        subject,
        against,
        threads=threads,
        batch=batch,
        shapes=shapes(options.shape),
        seconds=options.seconds or 2.0,
        turns=options.repeats or 20,
    )
    if options.csv:
        comparison.write_csv(options.csv)
    if options.out:
        comparison.write_json(options.out)
    return Answer(comparison.to_dict(), str(comparison))


def _one(option: str, values: tuple[int, ...] | None) -> int:
    if values is not None and len(values) > 1:
        raise InputError(f"{option} takes one number, unless a suite is timed")
    return values[0] if values else 1


def _subject(options: Namespace) -> "Subject":
    from plumline.bench import Subject

    if is_run(options.network):
        from plumline.cli.runs import export_run

        with tempfile.TemporaryDirectory() as folder:
            path = Path(folder) / "net.onnx"
            export_run(options.network, path)
            return Subject.of_onnx(path.read_bytes(), options.network, _module(options.network))
    return Subject.open(options.network, _module(options.run) if options.run else None)


def _module(folder: str) -> object:
    from plumline.convert import freeze
    from plumline.training import load_run

    model, _ = load_run(folder)
    return freeze(model)
