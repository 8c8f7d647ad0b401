"""``plumline train``: a recipe becomes a run folder."""

from argparse import ArgumentParser, Namespace

from plumline.cli.registry import Answer, verb
from plumline.cli.text import number, table
from plumline.cli.values import pairs


def declare(parser: ArgumentParser) -> None:
    """Add the arguments."""
    parser.add_argument("recipe", metavar="RECIPE", help="a shipped recipe or a .toml file")
    parser.add_argument("--data", metavar="DIR", help="folder of the data sets ($PLUMLINE_DATA)")
    parser.add_argument("--out", metavar="DIR", help="run folder (runs/RECIPE)")
    parser.add_argument(
        *("--set", "-s"),
        action="append",
        default=[],
        metavar="KEY=VALUE",
        dest="changes",
        help="change the recipe, such as train.epochs=3; may be repeated",
    )
    parser.add_argument(
        "--form", default="", help="a longer form that the recipe has, such as full"
    )
    parser.add_argument(
        "--device", default="auto", choices=("auto", "cpu", "cuda"), help="where to train (auto)"
    )
    parser.add_argument("--restart", action="store_true", help="start again, do not resume")
    parser.add_argument("--tensorboard", action="store_true", help="also write event files")


@verb(
    "train",
    "train a network by a recipe; a run that was stopped goes on where it was",
    declare,
    example="plumline train cifar10-resnet20-signed-binary --data ~/data --set train.epochs=3",
)
def run(options: Namespace) -> Answer:
    """Train, or go on training."""
    from pathlib import Path

    from plumline import training
    from plumline.convert import summarize

    name = f"{options.recipe}:{options.form}" if options.form else options.recipe
    recipe = training.Recipe.load(name).override(pairs(options.changes, "--set"))
    stem = "-".join([Path(options.recipe).stem, *([options.form] if options.form else [])])
    out = Path(options.out or Path("runs") / stem)
    result = training.run(
        recipe,
        out,
        options.data,
        fabric=training.make_fabric(recipe, options.device),
        resume=not options.restart,
        tensorboard=options.tensorboard,
    )
    layers, final = summarize(result.model), result.final
    weights = layers.quantized if layers.quantized.parameters else layers.total
    data = {"run": str(result.out), "final": final, "layers": layers.to_dict()}
    rows = [
        ["epochs", number(final["epoch"])],
        ["test accuracy, %", number(final["test_top1"], 2)],
        ["test loss", number(final["test_loss"], 4)],
        ["quantized weights", number(layers.quantized.parameters)],
        ["density", number(weights.density)],
        ["bits a quantized weight", number(layers.quantized.bits, 2)],
        ["seconds", number(final["seconds"], 0)],
    ]
    after = f"next: plumline export {result.out} -o net.onnx"
    return Answer(data, f"{table([str(result.out), ''], rows)}\n{after}")
