"""One step of training: what a module learns from one batch."""

from collections.abc import Iterator
from typing import Any

import torch
from lightning_fabric import Fabric
from torch import Tensor, nn

from plumline import schemes
from plumline._metrics import Evaluation
from plumline.data import DataSet
from plumline.training.augment import Augmentation, seed_of
from plumline.training.batches import Batch, batches, share, steps_per_epoch
from plumline.training.check import check_answers
from plumline.training.distill import Loss, load_teacher
from plumline.training.evaluate import evaluate, to_layout
from plumline.training.fabric import share_buffers
from plumline.training.optim import make_optimizer
from plumline.training.recipe import Recipe
from plumline.training.schedule import learning_rate


class Learner:
    """A module on its device, with the optimizer and the loss of a recipe.

    ``model`` and ``optimizer`` are the bare ones: checkpoints want them unwrapped.
    """

    def __init__(self, model: nn.Module, dataset: DataSet, recipe: Recipe, fabric: Fabric) -> None:
        train = recipe.train
        self.model, self.dataset, self.recipe, self.fabric = model, dataset, recipe, fabric
        self.steps = steps_per_epoch(dataset, train, fabric.world_size)
        self._part = share(train.batch_size, fabric.global_rank, fabric.world_size)
        self._augmentation = Augmentation(recipe.augment, dataset.mean, dataset.std)
        self._loss = _loss(dataset, recipe, fabric)
        if train.channels_last:
            model.to(memory_format=torch.channels_last)  # type: ignore[call-overload] # missing in the stubs
        self.optimizer = make_optimizer(model, train)
        compiled: Any = torch.compile(model) if train.compile else model
        self._compiled: nn.Module = compiled
        self._network, self._stepper = fabric.setup(compiled, self.optimizer)

    def rate(self, step: int) -> float:
        """Return the learning rate of a step, counted from the beginning of the run."""
        return learning_rate(self.recipe.train, step, self.steps)

    def batches(self, epoch: int, first: int) -> Iterator[Batch]:
        """Yield (step in the epoch, images, labels) on the device, from step ``first`` on."""
        device = self.fabric.device
        for index, images, labels in batches(
            self.dataset, self.recipe.train, epoch, first, self._part
        ):
            yield index, images.to(device), labels.to(device)

    def step(self, epoch: int, index: int, images: Tensor, labels: Tensor) -> tuple[Tensor, Tensor]:
        """Learn from step ``index`` of an epoch; return its loss and its answers (n, classes)."""
        train = self.recipe.train
        done = epoch * self.steps + index
        for group in self.optimizer.param_groups:
            group["lr"] = self.rate(done)
        schemes.set_progress(self.model, done / (train.epochs * self.steps))
        # Dropout and the like draw the same numbers whether or not the run was resumed.
        torch.manual_seed(seed_of(train.seed, epoch, index, 1 + self.fabric.global_rank))
        seen = self._augmentation.train(
            images, (train.seed, epoch, index), self._part, train.batch_size
        )
        seen = to_layout(seen, self.recipe)
        with self.fabric.autocast():
            answers = self._network(seen)
            loss = self._loss(answers, seen, labels)
        self._stepper.zero_grad()
        self.fabric.backward(loss)
        if train.clip_norm:
            self.fabric.clip_gradients(self._network, self._stepper, max_norm=train.clip_norm)
        self._stepper.step()
        return loss, answers

    def evaluate(self) -> Evaluation:
        """Evaluate the module on the test split, all processes together."""
        share_buffers(self.fabric, self.model)
        return evaluate(self._compiled, self.dataset, self.recipe, fabric=self.fabric)


def _loss(dataset: DataSet, recipe: Recipe, fabric: Fabric) -> Loss:
    teacher = load_teacher(recipe.distill, dataset)
    if teacher:
        check_answers(teacher, dataset, recipe, f"the teacher {recipe.distill.teacher}")
        teacher.to(fabric.device)
    return Loss(recipe.train, recipe.distill, teacher)
