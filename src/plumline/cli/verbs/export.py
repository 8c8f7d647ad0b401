"""``plumline export``: a run becomes a plain ONNX file."""

from argparse import ArgumentParser, Namespace
from dataclasses import asdict

from plumline.cli.registry import Answer, verb
from plumline.cli.values import check_output


def declare(parser: ArgumentParser) -> None:
    """Add the arguments."""
    parser.add_argument("run", metavar="RUN", help="run folder of plumline train")
    parser.add_argument("-o", "--out", metavar="NET.onnx", required=True, help="file to write")


@verb(
    "export",
    "write the network of a run as plain ONNX, checked against the module",
    declare,
    example="plumline export runs/cifar10-resnet20-signed-binary -o net.onnx",
)
def run(options: Namespace) -> Answer:
    """Export."""
    from plumline.cli.runs import export_run

    check_output(options.out)
    report = export_run(options.run, options.out)
    return Answer(asdict(report), f"{report}\nnext: plumline compile {options.out} -o net.plum")
