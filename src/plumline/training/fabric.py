"""Where a recipe runs: one CPU or GPU, or one process of a group that `torchrun` started."""

import atexit
import logging
import os
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import torch
from lightning_fabric import Fabric
from torch import nn

from plumline.errors import InputError
from plumline.training.recipe import Recipe

_PRECISION: dict[str, Any] = {"32": "32-true", "bf16-mixed": "bf16-mixed", "16-mixed": "16-mixed"}


def make_fabric(recipe: Recipe, device: str = "auto") -> Fabric:
    """Make the Fabric that a recipe runs on.

    ``device`` is ``"cpu"``, ``"cuda"`` or ``"auto"``, a GPU if there is one.

    Under ``torchrun`` it is one process of a distributed data-parallel group.
    """
    if device == "cuda" and not torch.cuda.is_available():
        raise InputError("there is no CUDA GPU for device 'cuda': use cpu or auto")
    precision = _PRECISION[recipe.train.precision]
    world = int(os.environ.get("WORLD_SIZE", "1"))
    if world == 1:
        with _without_notes():
            return Fabric(accelerator=device, devices=1, precision=precision)
    local = int(os.environ.get("LOCAL_WORLD_SIZE", world))
    with _without_notes():
        fabric = Fabric(
            accelerator=device,
            strategy="ddp",
            devices=local,
            num_nodes=world // local,
            precision=precision,
        )
        fabric.launch()
    # A process that ends while the group's threads still run is aborted.
    atexit.register(_leave_group)
    return fabric


def share_buffers(fabric: Fabric, model: nn.Module) -> None:
    """Give every process the first one's buffers, so that all evaluate the same network.

    Each process has followed the BatchNorm statistics of its own part of the batches.
    """
    if fabric.world_size > 1:
        for buffer in model.buffers():
            torch.distributed.broadcast(buffer, src=0)


@contextmanager
def _without_notes() -> Iterator[None]:
    """Leave out what Fabric says about choices that the recipe has already made."""
    logger = logging.getLogger("lightning_fabric")
    level = logger.level
    logger.setLevel(logging.WARNING)
    try:
        yield
    finally:
        logger.setLevel(level)


def _leave_group() -> None:
    if torch.distributed.is_initialized():
        torch.distributed.destroy_process_group()
