"""What changes while a run goes on, its way into a checkpoint and back."""

import math
import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import torch
from lightning_fabric import Fabric
from torch import Tensor, nn
from torch.optim import Optimizer

from plumline._files import write_text
from plumline.data import DataSet
from plumline.errors import InputError
from plumline.training import runs
from plumline.training.checkpoint import Checkpoint, DamagedFile
from plumline.training.latents import keep_epochs
from plumline.training.recipe import Recipe

_RESTART = "--restart, or resume=False"


@dataclass
class State:
    """The moving parts of one run. ``totals`` are sums over this process's images of the epoch."""

    folder: Path
    recipe: Recipe
    dataset: DataSet
    fabric: Fabric
    model: nn.Module
    optimizer: Optimizer
    step: int = 0
    totals: Tensor = field(default_factory=lambda: torch.zeros(3, dtype=torch.float64))
    history: list[dict[str, Any]] = field(default_factory=list)
    started: float = field(default_factory=time.monotonic)

    def open(self, resume: bool) -> None:
        """Go on from the folder's checkpoint if it has one and ``resume``, else begin anew."""
        path = self.folder / runs.CHECKPOINT
        if resume and path.is_file():
            try:
                checkpoint = Checkpoint.load(path)
            except DamagedFile as error:
                raise InputError(f"{error}, or start again ({_RESTART})") from error
            self._restore(checkpoint)
        self.totals = self.totals.to(self.fabric.device)
        if not self.fabric.is_global_zero:
            return
        for leftover in self.folder.glob(".*.part"):  # of a process that was killed while writing
            leftover.unlink()
        if not self.step:
            path.unlink(missing_ok=True)
            (self.folder / runs.LAYERS).unlink(missing_ok=True)
        keep_epochs(self.folder, len(self.history))
        write_text(self.folder / runs.RECIPE, self.recipe.to_toml())
        runs.write_logs(self.folder, self.history)

    def count(self, loss: Tensor, answers: Tensor, labels: Tensor) -> None:
        """Note a finished step's loss and right answers, without waiting for the device."""
        images = len(labels)
        right = (answers.detach().argmax(dim=1) == labels).sum()
        sums = (loss.detach() * images, right, right.new_tensor(images))
        self.totals += torch.stack([value.to(torch.float64) for value in sums])
        self.step += 1

    def close_epoch(self) -> dict[str, float]:
        """Return the epoch's mean training loss and accuracy over all processes; start anew."""
        loss, right, images = self._summed_totals()
        self.totals.zero_()
        if not math.isfinite(loss):
            raise InputError(
                f"the training loss is {loss / images} after {self.step} steps: "
                f"lower train.lr ({self.recipe.train.lr}) or set train.clip_norm"
            )
        return {"train_loss": loss / images, "train_top1": 100 * right / images}

    def seconds(self) -> float:
        """Return how long the run has taken so far, interruptions not counted."""
        return time.monotonic() - self.started

    def save(self) -> None:
        """Write the checkpoint; every process has to call this."""
        totals = self._summed_totals()
        if not self.fabric.is_global_zero:
            return
        checkpoint = Checkpoint(
            recipe=self.recipe.to_toml(),
            dataset=runs.facts(self.dataset),
            model=self.model.state_dict(),
            optimizer=self.optimizer.state_dict(),
            precision=self.fabric.strategy.precision.state_dict(),
            step=self.step,
            totals=totals,
            history=self.history,
            seconds=self.seconds(),
        )
        checkpoint.save(self.folder / runs.CHECKPOINT)

    def _restore(self, checkpoint: Checkpoint) -> None:
        before = Recipe.from_toml(checkpoint.recipe, f"the recipe in {self.folder}")
        cure = f"use another folder, or start this one again ({_RESTART})"
        if changed := self.recipe.differences(before):
            raise InputError(f"{self.folder} holds a run of another recipe: {changed[0]}; {cure}")
        facts = runs.facts(self.dataset)
        if facts | checkpoint.dataset != facts:
            raise InputError(f"{self.folder} holds a run on other data than these; {cure}")
        runs.load_weights(self.model, checkpoint, self.folder)
        self.optimizer.load_state_dict(checkpoint.optimizer)
        self.fabric.strategy.precision.load_state_dict(checkpoint.precision)
        self.step, self.history = checkpoint.step, checkpoint.history
        self.started = time.monotonic() - checkpoint.seconds
        if self.fabric.is_global_zero:  # the sums of all processes; they must count once
            self.totals = torch.tensor(checkpoint.totals, dtype=torch.float64)

    def _summed_totals(self) -> list[float]:
        if self.fabric.world_size == 1:
            return [float(total) for total in self.totals]
        summed = torch.as_tensor(self.fabric.all_reduce(self.totals.clone(), reduce_op="sum"))
        return [float(total) for total in summed]
