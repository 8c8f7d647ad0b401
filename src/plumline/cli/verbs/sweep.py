"""``plumline sweep``: many runs that differ in a few keys, and one table of them."""

from argparse import ArgumentParser, Namespace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from plumline.cli.registry import Answer, verb
from plumline.cli.text import number, table
from plumline.cli.values import pairs, positive

if TYPE_CHECKING:
    from plumline.sweeps import Results, Spec


def declare(parser: ArgumentParser) -> None:
    """Add the arguments."""
    parser.add_argument("sweep", metavar="NAME|SPEC.toml", help="a shipped sweep or a file")
    parser.add_argument("--data", metavar="DIR", help="folder of the data sets ($PLUMLINE_DATA)")
    parser.add_argument("--out", metavar="DIR", help="folder of the sweep (sweeps/NAME)")
    parser.add_argument(
        "--runs", metavar="DIR", help="run folders that several sweeps share (those of --out)"
    )
    parser.add_argument("--jobs", type=positive, default=1, metavar="N", help="processes (1)")
    parser.add_argument(
        "--storage", metavar="URL", help="a database that workers share (a journal in --out)"
    )
    parser.add_argument("--base", metavar="RECIPE", help="start from another recipe")
    parser.add_argument("--form", metavar="NAME", help="a longer form of the base, such as full")
    parser.add_argument(
        *("--set", "-s"),
        action="append",
        default=[],
        metavar="KEY=VALUE",
        dest="changes",
        help="change the recipe of all runs; may be repeated",
    )
    parser.add_argument(
        "--axis",
        action="append",
        default=[],
        metavar="KEY=A,B,...",
        dest="axes",
        help="another axis, or other values of one, such as train.seed=0,1,2",
    )
    parser.add_argument(
        "--device", default="auto", choices=("auto", "cpu", "cuda"), help="where to train (auto)"
    )
    parser.add_argument("--status", action="store_true", help="only say how far it is")


@verb(
    "sweep",
    "train by a recipe many times, along axes; a sweep that was stopped goes on",
    declare,
    example="plumline sweep plum-positive-share --data ~/data --set train.epochs=15 --jobs 2",
)
def run(options: Namespace) -> Answer:
    """Do the runs that are left, or say how far they are."""
    from plumline import sweeps

    out = Path(options.out or Path("sweeps") / Path(options.sweep).stem)
    if options.status:
        found = sweeps.results(out, options.storage)
    else:
        found = sweeps.run(
            _spec(options),
            out,
            options.data,
            runs=options.runs,
            storage=options.storage,
            jobs=options.jobs,
            device=options.device,
        )
    data = {
        "sweep": str(out),
        "about": found.spec.about,
        "runs": list(found.rows),
        "over_seeds": found.over_seeds(),
        "best": found.best,
    }
    return Answer(data, _text(found, out), "" if options.status else found.unfinished)


def _spec(options: Namespace) -> "Spec":
    from plumline.sweeps import Spec
    from plumline.training import tables
    from plumline.training.recipe import split_form

    spec = Spec.load(options.sweep)
    base = options.base or spec.base
    if options.form:
        base = f"{split_form(base)[0]}:{options.form}"
    axes = {
        name: [tables.literal(value.strip()) for value in values.split(",")]
        for name, values in pairs(options.axes, "--axis").items()
    }
    return spec.with_changes(
        base=base,
        set=pairs(options.changes, "--set"),
        axes=axes,
    )


def _text(found: "Results", out: Path) -> str:
    goal = found.spec.goal
    names = [axis.name for axis in found.spec.parsed]
    head = ["state", *(name.rpartition(".")[2] for name in names), goal, "density", "effectual"]
    rows = [
        [
            row["state"],
            *(str(row[name]) for name in names),
            _number(row[goal], 2),
            _number(row["density"], 3),
            _number(row["effectual"], 0),
        ]
        for row in found.rows
    ]
    texts = [table(head, rows)]
    means = found.over_seeds()
    if any(row["runs"] > 1 for row in means):
        rest = [name for name in names if name in means[0]]
        head = [*(name.rpartition(".")[2] for name in rest), "runs", f"mean {goal}", "deviation"]
        texts.append(
            table(
                head,
                [
                    [
                        *(str(row[name]) for name in rest),
                        str(row["runs"]),
                        number(row[goal], 2),
                        number(row["deviation"], 2),
                    ]
                    for row in means
                ],
            )
        )
    left = len(found.rows) - len(found.done)
    errors = [f"{row['run']}: {row['error']}" for row in found.rows if row["state"] == "failed"]
    texts.append("\n".join([*errors, f"{out}: {len(found.done)} done, {left} left"]))
    return "\n\n".join(texts)


def _number(value: Any, digits: int) -> str:
    return "" if value == "" else number(value, digits)
