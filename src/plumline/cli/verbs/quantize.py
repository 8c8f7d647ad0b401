"""``plumline quantize``: a float ONNX file becomes one that computes on 8-bit integers."""

from argparse import ArgumentParser, Namespace
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import TYPE_CHECKING, Any

from plumline.cli.registry import Answer, verb
from plumline.cli.values import check_output, numbers, positive

if TYPE_CHECKING:
    from plumline._metrics import Evaluation
    from plumline.bench import Subject
    from plumline.data import DataSet

METHODS = ("mse", "percentile", "minmax")


def declare(parser: ArgumentParser) -> None:
    """Add the arguments."""
    parser.add_argument("network", metavar="NET.onnx", help="any float ONNX file")
    parser.add_argument(
        "--calibrate",
        metavar="DATASET|FILE|DIR",
        required=True,
        help="inputs to find the ranges on: a data set (its training images), an .npz or .npy file "
        "of inputs, or a folder of such files",
    )
    parser.add_argument("-o", "--out", metavar="OUT.onnx", required=True, help="file to write")
    parser.add_argument(
        "--method", choices=METHODS, default="mse", help="how ranges are chosen (mse)"
    )
    parser.add_argument(
        "--images", type=positive, default=256, metavar="N", help="images of a data set (256)"
    )
    parser.add_argument("--data", metavar="DIR", help="folder of the data sets ($PLUMLINE_DATA)")
    parser.add_argument("--mean", type=numbers, help="one a channel, of pixels in [0, 1]")
    parser.add_argument("--std", type=numbers, help="likewise")


@verb(
    "quantize",
    "quantize a trained network to 8-bit integers, as ONNX that any runtime takes",
    declare,
    example="plumline quantize net.onnx --calibrate digits -o net-int8.onnx",
)
def run(options: Namespace) -> Answer:
    """Quantize; score before and after where there are labels."""
    import onnx

    from plumline import _files, bench
    from plumline.quantization import quantize

    check_output(options.out, options.network)
    subject = bench.Subject.open(options.network)
    samples, dataset = _samples(options, subject)
    made = quantize(options.network, samples, method=options.method)
    _files.write_bytes(options.out, made.model.SerializeToString())
    data: dict[str, Any] = {
        "network": options.network,
        "quantized": options.out,
        "method": options.method,
        "layers": made.layers,
        "exact_layers": made.kept,
        "tensors": made.tensors,
        "opset": max(entry.version for entry in made.model.opset_import),
        "onnx": onnx.__version__,
    }
    text = f"{options.out}: {made}"
    if dataset is not None:
        before, after = (
            _score(bench.Subject.open(path), dataset, options)
            for path in (options.network, options.out)
        )
        data |= {"dataset": dataset.name, "images": before.images}
        data |= {"top1_before": before.top1, "top1_after": after.top1}
        text += (
            f"\ntop-1 on {before.images:,} test images of {dataset.name}: {before.top1:.2f} % "
            f"before, {after.top1:.2f} % after"
        )
    return Answer(data, f"{text}\nnext: plumline compile {options.out} -o net.plum")


def _samples(
    options: Namespace, subject: "Subject"
) -> "tuple[Callable[[], Iterable[Any]], DataSet | None]":
    from plumline import bench, data
    from plumline.bench.accuracy import numbers as numbers_of
    from plumline.errors import InputError
    from plumline.quantization import read_samples
    from plumline.quantization.samples import training_images

    if Path(options.calibrate).exists():
        return read_samples(options.calibrate, subject.inputs), None
    if options.calibrate not in data.names():
        raise InputError(
            f"--calibrate {options.calibrate!r} is neither a file, a folder nor a data set: "
            f"{', '.join(data.names())}"
        )
    if len(subject.inputs) != 1:
        raise InputError(f"{subject.name} has several inputs: give them as .npz files")
    dataset = bench.open_dataset(subject, options.data, options.calibrate)
    ((name, shape),) = subject.inputs.items()
    statistics = (
        options.mean or numbers_of(subject, "mean") or dataset.mean,
        options.std or numbers_of(subject, "std") or dataset.std,
    )
    return training_images(dataset, name, shape[0], statistics, options.images), dataset


def _score(subject: "Subject", dataset: "DataSet", options: Namespace) -> "Evaluation":
    from plumline import bench
    from plumline.runtime.native import cores

    return bench.evaluate(
        subject, "plumline", dataset, threads=cores(), mean=options.mean, std=options.std
    )
