"""Latent weights over training: what a run wrote down after each epoch."""

from typing import Any

from plumline.analysis import draw_latent_history
from plumline.analysis.latent_records import of_layer
from plumline.analysis.latents import POOLED
from plumline.errors import InputError
from plumline.reproduce.context import Context
from plumline.reproduce.item import Comparison, Outcome, Row, item
from plumline.reproduce.plum.training import Wanted, conditions, train

COLUMNS = ("mean", "std", "skewness", "kurtosis", "density")


@item("plum", "latent-history", "figure", "latent weights over training", trains=True)
def make(context: Context) -> Outcome:
    """Read the record of the signed-binary network of the accuracy table."""
    from plumline.training.latents import FILE, read_log

    run = train(context, Wanted("signed-binary"))
    folder = context.runs / run.folder
    records = read_log(folder)
    if not records:
        raise InputError(f"{folder} has no {FILE}: remove the folder to train it again")
    rows = [row for record in records for row in _rows(record)]
    here = ", ".join(_change(records, name) for name in ("density", "kurtosis"))
    comparison = Comparison("latents-history", here, f"{conditions([run])}, layers pooled")
    return Outcome(rows, [comparison], lambda path: draw_latent_history(folder, path))


def _rows(record: dict[str, Any]) -> list[Row]:
    names = [layer["name"] for layer in record["layers"]]
    found = {name: of_layer(name, record["layers"]) for name in (*names, POOLED)}
    return [
        {"epoch": record["epoch"], "layer": name, **{key: layer[key] for key in COLUMNS}}
        for name, layer in found.items()
    ]


def _change(records: list[dict[str, Any]], name: str) -> str:
    first, last = (of_layer(POOLED, records[at]["layers"])[name] for at in (0, -1))
    return f"{name} {first:.2f} after epoch {records[0]['epoch']}, {last:.2f} in the end"
