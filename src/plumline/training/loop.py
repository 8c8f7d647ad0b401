"""The training loop, from top to bottom: `fit` a module on a data set by a recipe."""

import os
import sys
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from lightning_fabric import Fabric
from torch import nn

from plumline import data
from plumline._progress import progress
from plumline.convert import summarize
from plumline.data import DataSet
from plumline.training import runs
from plumline.training.board import Board
from plumline.training.check import (
    check_answers,
    check_compiler,
    check_data,
    check_precision,
)
from plumline.training.fabric import make_fabric
from plumline.training.interrupt import NOTHING, STOP, Watch
from plumline.training.latents import LatentLog
from plumline.training.learner import Learner
from plumline.training.lock import sole_writer
from plumline.training.recipe import Recipe
from plumline.training.state import State


@dataclass(frozen=True)
class FitResult:
    """A finished training: the module (in evaluation mode), one record an epoch, and the folder."""

    model: nn.Module
    history: list[dict[str, Any]]
    out: Path

    @property
    def final(self) -> dict[str, Any]:
        """The record of the last epoch: ``test_top1`` (percent), ``test_loss``, ``density``, ..."""
        return self.history[-1]


def fit(
    model: nn.Module,
    dataset: DataSet,
    recipe: Recipe,
    out: str | os.PathLike[str],
    *,
    fabric: Fabric | None = None,
    resume: bool = True,
    tensorboard: bool = False,
    quiet: bool = False,
) -> FitResult:
    """Train a converted module in place and fill the run folder ``out``.

    A run that was killed at any moment goes on from its last checkpoint when called again with the
    same arguments, and ends in the same weights on a CPU, bit for bit. A finished run is loaded.

    Args:
        model: Maps (n, C, H, W) to logits (n, classes); see `build` for the recipe's own.
        dataset: Its ``train`` split is learned, its ``test`` split evaluated after each epoch.
        recipe: Its ``model``, ``scheme`` and ``data`` sections are recorded, not applied, here.
        out: Folder for ``recipe.toml``, ``metrics.jsonl``, ``latents.jsonl``, ``summary.csv``,
            ``layers.csv`` and ``checkpoint.pt``.
        fabric: Where to run; see `make_fabric` if None.
        resume: Go on from the checkpoint in ``out``; False starts again and replaces it.
        tensorboard: Also write event files to ``out/tensorboard``.
        quiet: Say nothing on standard error.

    Raises:
        InputError: The folder holds a run of another recipe, or a value cannot be used.
        KeyboardInterrupt: After Ctrl-C, once the step is finished and the checkpoint written; in
            the last evaluation, once the run is finished.
    """
    fabric = fabric or make_fabric(recipe)
    check_data(dataset)
    check_answers(model, dataset, recipe, type(model).__name__)
    check_precision(model, recipe)
    check_compiler(recipe, fabric.device)
    learner = Learner(model, dataset, recipe, fabric)
    state = State(Path(out), recipe, dataset, fabric, model, learner.optimizer)
    first = fabric.is_global_zero  # of the processes: the one that writes and speaks
    alone = sole_writer(state.folder) if first else nullcontext()
    watch = Watch(fabric, recipe.train.checkpoint_seconds)

    with alone, watch, _own_random_numbers(fabric):
        state.open(resume)
        board = Board(state.folder, len(state.history), tensorboard and first)
        latents = LatentLog(state.folder, recipe.train.latents) if first else None
        for epoch in range(state.step // learner.steps, recipe.train.epochs):
            _learn(learner, state, watch, epoch)
            record = _record(learner, state, epoch)
            if latents:
                latents.add(epoch + 1, model)
            state.save()
            watch.reset()
            board.add(record)
            if first:
                runs.write_logs(state.folder, state.history)
                if not quiet:
                    _say(_line(record, recipe.train.epochs))
            if watch.verdict(0) == STOP and epoch + 1 < recipe.train.epochs:
                _stop(state)
        board.close()
        if first:
            runs.write_report(state.folder, model)
        fabric.barrier()  # the folder is complete when any process returns
    if watch.stopping:  # Ctrl-C during the last evaluation: nothing is left to stop but the caller
        raise KeyboardInterrupt(f"stopped; the run in {state.folder} is finished")
    return FitResult(model.eval(), state.history, state.folder)


def _learn(learner: Learner, state: State, watch: Watch, epoch: int) -> None:
    """Learn from what is left of an epoch; save now and then."""
    learner.model.train()
    steps = learner.steps
    first = state.step % steps
    label = f"epoch {epoch + 1}/{state.recipe.train.epochs}"
    for index, images, labels in progress(
        learner.batches(epoch, first), label, total=steps - first
    ):
        loss, answers = learner.step(epoch, index, images, labels)
        state.count(loss, answers, labels)
        # The last step's checkpoint waits for the evaluation that belongs to it.
        verdict = watch.verdict(index) if index + 1 < steps else NOTHING
        if verdict != NOTHING:
            state.save()
            watch.reset()
        if verdict == STOP:
            _stop(state)


def _record(learner: Learner, state: State, epoch: int) -> dict[str, Any]:
    """Close an epoch: evaluate, and add its record to the history."""
    scores = learner.evaluate()
    record: dict[str, Any] = {
        "epoch": epoch + 1,
        "step": state.step,
        "lr": learner.rate(state.step - 1),
        **state.close_epoch(),
        "test_loss": scores.loss,
        "test_top1": scores.top1,
        "test_top5": scores.top5,
        "density": _density(learner.model),
        "seconds": state.seconds(),
    }
    state.history.append(record)
    return record


def run(
    recipe: Recipe,
    out: str | os.PathLike[str],
    data_root: str | os.PathLike[str] | None = None,
    *,
    fabric: Fabric | None = None,
    resume: bool = True,
    tensorboard: bool = False,
    quiet: bool = False,
) -> FitResult:
    """Open a recipe's data, build its model and `fit` it; arguments as of `fit` and `data.open`."""
    dataset = data.open(recipe.data.name, data_root, **recipe.data.options)
    model = runs.build(recipe, dataset)
    return fit(
        model,
        dataset,
        recipe,
        out,
        fabric=fabric,
        resume=resume,
        tensorboard=tensorboard,
        quiet=quiet,
    )


def _density(model: nn.Module) -> float:
    """Return the density of the quantized weights, or of all when none is."""
    report = summarize(model)
    return (report.quantized if report.quantized.parameters else report.total).density


def _own_random_numbers(fabric: Fabric) -> AbstractContextManager[None]:
    """Give the caller's random numbers back, untouched, when training ends."""
    on_gpu = fabric.device.type == "cuda"
    return torch.random.fork_rng([fabric.device.index] if on_gpu else [])


def _stop(state: State) -> None:
    raise KeyboardInterrupt(
        f"stopped after step {state.step}; the same command goes on from {state.folder}"
    )


def _line(record: dict[str, Any], epochs: int) -> str:
    left = record["seconds"] / record["epoch"] * (epochs - record["epoch"])
    return (
        f"epoch {record['epoch']}/{epochs}  loss {record['train_loss']:.4f}  "
        f"train {record['train_top1']:.2f} %  test {record['test_top1']:.2f} %  "
        f"density {record['density']:.3f}  {record['seconds']:.0f} s, {left:.0f} s left"
    )


def _say(line: str) -> None:
    print(line, file=sys.stderr, flush=True)
