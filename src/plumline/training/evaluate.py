"""Loss and accuracy of a module on a split, in float32 whatever precision it was trained in."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Literal

import numpy as np
import torch
from lightning_fabric import Fabric
from torch import Tensor, nn

from plumline._metrics import Evaluation, Tally
from plumline._progress import progress
from plumline.data import DataSet
from plumline.training.augment import Augmentation
from plumline.training.recipe import Recipe


@torch.no_grad()
def evaluate(
    model: nn.Module,
    dataset: DataSet,
    recipe: Recipe | None = None,
    *,
    split: Literal["train", "test"] = "test",
    fabric: Fabric | None = None,
) -> Evaluation:
    """Evaluate a module on a split, as the exported network will answer: float32, no augmentation.

    Args:
        model: Maps (n, C, H, W) normalized images to (n, classes) logits; its mode is restored.
        dataset: Where the images come from.
        recipe: Says how test images are cut and how many make a batch; the default recipe if None.
        split: ``"train"`` or ``"test"``.
        fabric: Shares the split among its processes; one process on the model's device if None.
    """
    recipe = recipe or Recipe()
    images = getattr(dataset, split)
    preprocess = Augmentation(recipe.augment, dataset.mean, dataset.std).test
    device = next(model.parameters()).device
    rank, world = (fabric.global_rank, fabric.world_size) if fabric else (0, 1)
    mine = np.arange(len(images))[rank::world]
    size = recipe.train.evaluation_batch_size
    batches = [mine[start : start + size] for start in range(0, len(mine), size)]
    tally = Tally()
    with evaluating(model):
        for batch in progress(batches, f"evaluating {dataset.name}"):
            pixels = torch.from_numpy(images.batch(batch)).to(device)
            logits = model(to_layout(preprocess(pixels), recipe))
            tally.add(logits.float().cpu().numpy(), images.labels[batch])
    if fabric and world > 1:
        sums = torch.from_numpy(tally.sums).to(fabric.device)
        tally.sums = torch.as_tensor(fabric.all_reduce(sums, reduce_op="sum")).cpu().numpy()
    return tally.result()


@contextmanager
def evaluating(model: nn.Module) -> Iterator[None]:
    """Put a module into evaluation mode; afterwards each of its parts has the mode it had."""
    modes = [(module, module.training) for module in model.modules()]
    model.eval()
    try:
        yield
    finally:
        for module, training in modes:
            module.training = training


def to_layout(images: Tensor, recipe: Recipe) -> Tensor:
    """Put a batch into the memory order that the recipe asks for."""
    if recipe.train.channels_last:
        return images.contiguous(memory_format=torch.channels_last)
    return images
