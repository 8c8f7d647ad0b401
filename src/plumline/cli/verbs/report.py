"""``plumline report``: one HTML page about a network, its weights and where its time goes."""

from argparse import ArgumentParser, Namespace

from plumline.cli.registry import Answer, verb
from plumline.cli.values import check_output, positive, shapes


def declare(parser: ArgumentParser) -> None:
    """Add the arguments."""
    parser.add_argument("network", metavar="RUN|NET.onnx|NET.plum", help="what to report on")
    parser.add_argument(
        "-o", "--out", metavar="REPORT.html", required=True, help="the page to write"
    )
    parser.add_argument(
        "--threads", type=positive, default=1, metavar="N", help="threads to run on (default 1)"
    )
    parser.add_argument(
        "--shape",
        action="append",
        default=[],
        metavar="NAME=1,3,32,32",
        help="the shape of an input that leaves sizes open; may be repeated",
    )


@verb(
    "report",
    "one HTML page: time, weights, patterns, operations and roofline of each layer",
    declare,
    example="plumline report net.onnx -o report.html",
)
def run(options: Namespace) -> Answer:
    """Measure, analyse, write the page and say what stands in its head."""
    from plumline.report import write

    check_output(options.out, options.network)
    report = write(
        options.network, options.out, threads=options.threads, shapes=shapes(options.shape)
    )
    network, made = report.data["network"], report.data["made"]
    packed = network["packed"]
    batch = f" (batch of {made['batch']})" if made["batch"] > 1 else ""
    text = (
        f"{report.path}: {report.bytes:,} bytes. {network['sentence']} Density "
        f"{packed['density']:.3f} of {packed['what']}, {1e3 * network['seconds']:.3f} ms a sample"
        f"{batch} on {made['cpu']}"
    )
    data = {"report": report.path, "bytes": report.bytes, "network": network}
    return Answer(data, text)
