"""``plumline reproduce``: the tables and figures of a paper, made again."""

from argparse import ArgumentParser, Namespace
from collections.abc import Sequence
from typing import TYPE_CHECKING

from plumline.cli.registry import Answer, verb
from plumline.cli.text import table
from plumline.cli.values import positive

if TYPE_CHECKING:
    from plumline.reproduce.run import Made


def declare(parser: ArgumentParser) -> None:
    """Add the arguments."""
    parser.add_argument("paper", metavar="PAPER", help="plum")
    parser.add_argument(
        "items", metavar="ITEM", nargs="*", help="names, or `table` or `figure` (all; see --list)"
    )
    parser.add_argument("--list", action="store_true", help="say what there is, make nothing")
    parser.add_argument(
        "--budget",
        choices=("smoke", "cpu", "full"),
        default="smoke",
        help="minutes on small data, days on two cores, or 350 epochs each (smoke)",
    )
    parser.add_argument("--data", metavar="DIR", help="folder of the data sets ($PLUMLINE_DATA)")
    parser.add_argument("--out", metavar="DIR", help="where results go (reproduced/PAPER-BUDGET)")
    parser.add_argument("--runs", metavar="DIR", default="runs", help="run folders (runs)")
    parser.add_argument(
        "--jobs", type=positive, default=1, metavar="N", help="networks to train at a time (1)"
    )


@verb(
    "reproduce",
    "make a paper's tables and figures again, beside its own figures",
    declare,
    example="plumline reproduce plum --budget smoke",
)
def run(options: Namespace) -> Answer:
    """Make the chosen items, or list them."""
    from plumline.reproduce import items, reproduce

    if options.list:
        rows = [
            [entry.name, entry.kind, "yes" if entry.trains else "", entry.title]
            for entry in items(options.paper, options.items)
        ]
        data = [dict(zip(("item", "kind", "trains", "title"), row, strict=True)) for row in rows]
        return Answer({"items": data}, table(("item", "kind", "trains", "title"), rows))
    made = reproduce(
        options.paper,
        options.items,
        budget=options.budget,
        out=options.out,
        runs=options.runs,
        data=options.data,
        jobs=options.jobs,
    )
    lines = [line for entry in made for line in entry.comparisons]
    columns = ("item", "claim", "paper", "here", "conditions")
    notes = [f"{entry.item.name}: {note}" for entry in made for note in entry.notes]
    files = [str(path) for entry in made for path in entry.files]
    text = table(columns, [[line[name] for name in columns] for line in lines])
    text = "\n".join([text, *notes, *files])
    answer = {"comparisons": lines, "notes": notes, "files": files}
    return Answer(answer, text, _unfinished(made))


def _unfinished(made: Sequence["Made"]) -> str:
    """Say which items could not be made; nothing where all were."""
    missing = [entry.item.name for entry in made if entry.left_out]
    if not missing:
        return ""
    names = ", ".join(missing)
    return f"items left out: {names} ({len(missing)} of {len(made)}; the notes say why)"
