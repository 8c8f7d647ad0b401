"""What a run asks of a module and of a data set, looked at once before the first step."""

import os
import shutil

import numpy as np
import torch
from torch import Tensor, nn

from plumline.data import DataSet
from plumline.errors import InputError
from plumline.schemes import StraightThrough
from plumline.training.augment import input_shape
from plumline.training.evaluate import evaluating
from plumline.training.recipe import Recipe


def check_data(dataset: DataSet) -> None:
    """Raise `InputError` where labels or images are not as `plumline.data.Split` says."""
    for part, split in (("train", dataset.train), ("test", dataset.test)):
        where, classes = f"the {part} split of {dataset.name}", len(dataset.classes)
        labels = split.labels
        if not len(split):
            raise InputError(f"{where} has no images")
        if labels.dtype != np.int64 or labels.shape != (len(split),):
            raise InputError(
                f"{where} has labels {labels.dtype} {labels.shape}, not int64 ({len(split)},)"
            )
        if labels.min() < 0 or labels.max() >= classes:
            worst = labels.min() if labels.min() < 0 else labels.max()
            raise InputError(f"{where} has the label {worst}, which is not in 0..{classes - 1}")
        image = split.batch([0])
        if image.dtype != np.uint8 or image.shape != (1, *dataset.shape):
            raise InputError(
                f"{where} gives images {image.dtype} {image.shape}, not uint8 {(1, *dataset.shape)}"
            )


def check_answers(model: nn.Module, dataset: DataSet, recipe: Recipe, who: str) -> None:
    """Raise `InputError` unless ``model`` maps two black images to two rows of logits.

    The images have the size that training and evaluation give them; ``who`` names the model.
    """
    shape = input_shape(recipe.augment, dataset.shape)
    size = "x".join(map(str, shape))
    device = next(model.parameters()).device
    try:
        with evaluating(model), torch.no_grad():
            answers = model(torch.zeros(2, *shape, device=device))
    except Exception as error:
        raise InputError(
            f"{who} fails on images of {size} from {dataset.name}: {' '.join(str(error).split())}"
        ) from error
    wanted = (2, len(dataset.classes))
    if not isinstance(answers, Tensor) or tuple(answers.shape) != wanted:
        given = tuple(answers.shape) if isinstance(answers, Tensor) else type(answers).__name__
        raise InputError(
            f"{who} answers two images of {dataset.name} with {given}, not with logits {wanted}"
        )


def check_precision(model: nn.Module, recipe: Recipe) -> None:
    """Refuse float16 with a gradient that clips, for float16 needs a loss that is scaled up."""
    if recipe.train.precision == "16-mixed":
        for module in model.modules():
            if isinstance(module, StraightThrough):
                raise InputError(
                    "train.precision = '16-mixed' scales the loss up, and the gradient 'ste' would "
                    "clip it: use bf16-mixed, or a scheme with the gradient 'ede'"
                )


def check_compiler(recipe: Recipe, device: torch.device) -> None:
    """Refuse ``train.compile`` on a CPU without the C++ compiler that `torch.compile` calls."""
    if not recipe.train.compile or device.type != "cpu":
        return
    asked = os.environ.get("CXX")
    if not any(map(shutil.which, [asked] if asked else ["g++", "clang++"])):
        raise InputError(
            f"train.compile = true needs a C++ compiler, and there is no "
            f"{asked or 'g++ or clang++'}: install one, or leave it false"
        )
