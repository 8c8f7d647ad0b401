"""``plumline eval``: the score of a run, an ONNX file or a program on its test images."""

from argparse import ArgumentParser, Namespace
from dataclasses import asdict, replace
from typing import TYPE_CHECKING

from plumline.cli.registry import Answer, verb
from plumline.cli.runs import is_run
from plumline.cli.values import numbers, positive

if TYPE_CHECKING:
    from plumline._metrics import Evaluation


def declare(parser: ArgumentParser) -> None:
    """Add the arguments."""
    parser.add_argument("network", metavar="RUN|NET.onnx|NET.plum", help="what to evaluate")
    parser.add_argument("--data", metavar="DIR", help="folder of the data sets ($PLUMLINE_DATA)")
    parser.add_argument(
        "--dataset", metavar="NAME", help="data set (as the network's metadata say)"
    )
    parser.add_argument(
        "--batch", type=positive, default=100, metavar="N", help="images a run (100)"
    )
    parser.add_argument("--threads", type=positive, metavar="N", help="threads (all cores)")
    parser.add_argument("--mean", type=numbers, help="one a channel, of pixels in [0, 1]")
    parser.add_argument("--std", type=numbers, help="likewise")


@verb(
    "eval",
    "score on the test images: a run through PyTorch, .onnx through ONNX Runtime, .plum through us",
    declare,
    example="plumline eval net.plum --data ~/data",
)
def run(options: Namespace) -> Answer:
    """Evaluate."""
    evaluate = _run_folder if is_run(options.network) else _file
    runtime, dataset, scores = evaluate(options)
    data = {"network": options.network, "runtime": runtime, "dataset": dataset, **asdict(scores)}
    top5 = "" if scores.top5 is None else f", top-5 {scores.top5:.2f} %"
    text = (
        f"{options.network} through {runtime} on {scores.images:,} test images of {dataset}: "
        f"top-1 {scores.top1:.2f} %{top5}, loss {scores.loss:.4f}"
    )
    return Answer(data, text)


def _run_folder(options: Namespace) -> "tuple[str, str, Evaluation]":
    import torch

    from plumline import data
    from plumline.training import evaluate, read_run

    run = read_run(options.network)
    if options.threads:
        torch.set_num_threads(options.threads)
    recipe = run.recipe.override({"train.evaluation_batch_size": str(options.batch)})
    name = options.dataset or recipe.data.name
    same = name == recipe.data.name
    dataset = data.open(name, options.data, **(recipe.data.options if same else {}))
    mean, std = (tuple(getattr(options, key) or run.dataset[key]) for key in ("mean", "std"))
    dataset = replace(dataset, mean=mean, std=std)
    return "torch", dataset.name, evaluate(run.model, dataset, recipe)


def _file(options: Namespace) -> "tuple[str, str, Evaluation]":
    from plumline import bench
    from plumline.runtime.native import cores

    subject = bench.Subject.open(options.network)
    runtime = "plumline" if subject.artifact else "onnxruntime"
    dataset = bench.open_dataset(subject, options.data, options.dataset)
    scores = bench.evaluate(
        subject,
        runtime,
        dataset,
        threads=options.threads or cores(),
        batch=options.batch,
        mean=options.mean,
        std=options.std,
    )
    return runtime, dataset.name, scores
