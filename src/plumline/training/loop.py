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

from plumline import data, schemes
from plumline._progress import progress
from plumline.convert import summarize
from plumline.data import DataSet
from plumline.training import runs
from plumline.training.augment import Augmentation, seed_of
from plumline.training.batches import batches, share, steps_per_epoch
from plumline.training.board import Board
from plumline.training.check import (
    check_answers,
    check_compiler,
    check_data,
    check_precision,
)
from plumline.training.distill import Loss, load_teacher
from plumline.training.evaluate import evaluate, to_layout
from plumline.training.fabric import make_fabric, share_buffers
from plumline.training.interrupt import NOTHING, STOP, Watch
from plumline.training.latents import LatentLog
from plumline.training.lock import sole_writer
from plumline.training.optim import make_optimizer
from plumline.training.recipe import Recipe
from plumline.training.schedule import learning_rate
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
        KeyboardInterrupt: After Ctrl-C, once the step is finished and the checkpoint written.
    """
    train, fabric = recipe.train, fabric or make_fabric(recipe)
    check_data(dataset)
    check_answers(model, dataset, recipe, type(model).__name__)
    check_precision(model, recipe)
    check_compiler(recipe, fabric.device)
    steps = steps_per_epoch(dataset, train, fabric.world_size)
    part = share(train.batch_size, fabric.global_rank, fabric.world_size)
    augmentation = Augmentation(recipe.augment, dataset.mean, dataset.std)
    teacher = load_teacher(recipe.distill, dataset)
    if teacher:
        check_answers(teacher, dataset, recipe, f"the teacher {recipe.distill.teacher}")
    loss_of = Loss(train, recipe.distill, teacher.to(fabric.device) if teacher else None)
    if train.channels_last:
        model.to(memory_format=torch.channels_last)  # type: ignore[call-overload] # missing in the stubs
    optimizer = make_optimizer(model, train)
    compiled: Any = torch.compile(model) if train.compile else model
    network, stepper = fabric.setup(compiled, optimizer)
    # The bare model and optimizer stay at hand: checkpoints want them unwrapped.
    state = State(Path(out), recipe, dataset, fabric, model, optimizer)
    say = _silent if quiet or not fabric.is_global_zero else _say
    alone = sole_writer(state.folder) if fabric.is_global_zero else nullcontext()

    with alone, Watch(fabric, train.checkpoint_seconds) as watch, _own_random_numbers(fabric):
        state.open(resume)
        board = Board(state.folder, len(state.history), tensorboard and fabric.is_global_zero)
        latents = LatentLog(
            state.folder, len(state.history), train.latents and fabric.is_global_zero
        )
        for epoch in range(state.step // steps, train.epochs):
            model.train()
            first = state.step % steps
            loader = batches(dataset, train, epoch, first, part)
            label = f"epoch {epoch + 1}/{train.epochs}"
            for index, stored, labels in progress(loader, label, total=steps - first):
                rate = learning_rate(train, state.step, steps)
                for group in optimizer.param_groups:
                    group["lr"] = rate
                schemes.set_progress(model, state.step / (train.epochs * steps))
                # Dropout and the like draw the same numbers whether or not the run was resumed.
                torch.manual_seed(seed_of(train.seed, epoch, index, 1 + fabric.global_rank))

                stored, labels = stored.to(fabric.device), labels.to(fabric.device)
                images = augmentation.train(
                    stored, (train.seed, epoch, index), part, train.batch_size
                )
                images = to_layout(images, recipe)
                with fabric.autocast():
                    answers = network(images)
                    loss = loss_of(answers, images, labels)
                stepper.zero_grad()
                fabric.backward(loss)
                if train.clip_norm:
                    fabric.clip_gradients(network, stepper, max_norm=train.clip_norm)
                stepper.step()

                state.count(loss, answers, labels)
                # The last step's checkpoint waits for the evaluation that belongs to it.
                verdict = watch.verdict(index) if index + 1 < steps else NOTHING
                if verdict != NOTHING:
                    state.save()
                    watch.reset()
                if verdict == STOP:
                    _stop(state)

            share_buffers(fabric, model)
            scores = evaluate(compiled, dataset, recipe, fabric=fabric)
            record: dict[str, Any] = {
                "epoch": epoch + 1,
                "step": state.step,
                "lr": rate,
                **state.close_epoch(),
            }
            record |= {"test_loss": scores.loss, "test_top1": scores.top1, "test_top5": scores.top5}
            record |= {"density": _density(model), "seconds": state.seconds()}
            state.history.append(record)
            latents.add(epoch + 1, model)
            state.save()
            watch.reset()
            board.add(record)
            if fabric.is_global_zero:
                runs.write_logs(state.folder, state.history)
            say(_line(record, train.epochs))
            if watch.verdict(0) == STOP and epoch + 1 < train.epochs:
                _stop(state)

        board.close()
        if fabric.is_global_zero:
            runs.write_report(state.folder, model)
    fabric.barrier()  # the folder is complete when any process returns
    return FitResult(model.eval(), state.history, state.folder)


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


def _silent(line: str) -> None:
    pass
