"""Run folders: what a training leaves behind, and how to get the trained model back."""

import json
import os
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from torch import nn

from plumline import models, schemes
from plumline._files import write_csv, write_text
from plumline.convert import PRESETS, convert_, summarize
from plumline.data import DataSet
from plumline.errors import InputError
from plumline.training.augment import input_shape
from plumline.training.checkpoint import Checkpoint
from plumline.training.recipe import Recipe

CHECKPOINT, RECIPE = "checkpoint.pt", "recipe.toml"
METRICS, SUMMARY, LAYERS = "metrics.jsonl", "summary.csv", "layers.csv"


@dataclass(frozen=True)
class Run:
    """A run folder read back; ``dataset`` holds the `facts` of the data set."""

    model: nn.Module
    recipe: Recipe
    dataset: dict[str, Any]
    history: list[dict[str, Any]]
    epochs_left: int

    @property
    def input_shape(self) -> tuple[int, int, int]:
        """(C, H, W) of what the network reads, which may be cut out of the data set's images."""
        channels, height, width = self.dataset["shape"]
        return input_shape(self.recipe.augment, (channels, height, width))


def load_run(folder: str | os.PathLike[str]) -> tuple[nn.Module, Recipe]:
    """Return the trained, converted model of a run folder, in evaluation mode, and its recipe.

    Raises `InputError` as `read_run`.
    """
    run = read_run(folder)
    return run.model, run.recipe


def read_run(folder: str | os.PathLike[str], model: nn.Module | None = None) -> Run:
    """Read a run folder, finished or not.

    Args:
        folder: What `fit` filled.
        model: A converted module of your own to load weights into; the recipe's if None.

    Raises:
        InputError: The folder holds no run, or a damaged one, or its weights do not fit the model.
    """
    path = Path(folder)
    if not (path / CHECKPOINT).is_file():
        raise InputError(f"{os.fspath(folder)!r} is not a run folder: it has no {CHECKPOINT}")
    checkpoint = Checkpoint.load(path / CHECKPOINT)
    recipe = Recipe.from_toml(checkpoint.recipe, f"the recipe in {path / CHECKPOINT}")
    if model is None:
        shape, classes = checkpoint.dataset["shape"], checkpoint.dataset["classes"]
        model = make_model(recipe, len(classes), shape[0])
    load_weights(model, checkpoint, path)
    epochs_left = recipe.train.epochs - len(checkpoint.history)
    return Run(model.eval(), recipe, checkpoint.dataset, checkpoint.history, epochs_left)


def build(recipe: Recipe, dataset: DataSet) -> nn.Module:
    """Make and convert the model of a recipe for a data set; equal recipes give equal weights."""
    return make_model(recipe, len(dataset.classes), dataset.shape[0])


def make_model(recipe: Recipe, classes: int, channels: int) -> nn.Module:
    """Make and convert a recipe's model for images of ``channels`` channels."""
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(recipe.train.seed)
        model = models.create(
            recipe.model.name, num_classes=classes, in_channels=channels, **recipe.model.options
        )
        section = recipe.scheme
        chosen = {"*": schemes.create(section.name, **section.options)}
        for pattern, table in section.layers.items():
            if not isinstance(table, dict):
                raise InputError(f"scheme.layers.{pattern} = {table!r}: it must be a table")
            chosen[pattern] = schemes.from_table(table)
        preset = len(section.keep) == 1 and section.keep[0] in PRESETS
        convert_(model, chosen, keep=section.keep[0] if preset else section.keep)
    return model


def load_weights(model: nn.Module, checkpoint: Checkpoint, folder: Path) -> None:
    """Load a checkpoint's weights into a converted module; `InputError` when they do not fit."""
    try:
        model.load_state_dict(checkpoint.model)
    except RuntimeError as error:
        reason = " ".join(str(error).split())
        raise InputError(
            f"the weights in {folder} do not fit this model: {reason}; train in another folder"
        ) from error


def facts(dataset: DataSet) -> dict[str, Any]:
    """Return what a trained network must know about its data, as plain values.

    The numbers of images are there because a run goes on by its position among them.
    """
    return {
        "name": dataset.name,
        "classes": list(dataset.classes),
        "shape": list(dataset.shape),
        "mean": list(dataset.mean),
        "std": list(dataset.std),
        "images": [len(dataset.train), len(dataset.test)],
    }


def write_logs(folder: Path, history: Sequence[dict[str, Any]]) -> None:
    """Write one record an epoch as ``metrics.jsonl`` and ``summary.csv``.

    Both are written whole from the history that the checkpoint holds, so a run killed between an
    epoch's end and its checkpoint leaves neither a missing nor a double line after it resumes.
    """
    write_text(folder / METRICS, "".join(json.dumps(record) + "\n" for record in history))
    write_csv(folder / SUMMARY, history)


def write_report(folder: Path, model: nn.Module) -> None:
    """Write what the weights of each layer are, as ``layers.csv``."""
    write_csv(folder / LAYERS, [row.to_dict() for row in summarize(model).rows])
