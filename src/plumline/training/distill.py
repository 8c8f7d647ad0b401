"""Knowledge distillation: learn a frozen teacher's softened answers (Hinton, arXiv 1503.02531)."""

from pathlib import Path

import torch
from torch import Tensor, nn
from torch.nn import functional

from plumline import models
from plumline.data import DataSet
from plumline.errors import InputError
from plumline.training.checkpoint import load_tensors
from plumline.training.recipe import DistillSection, TrainSection
from plumline.training.runs import load_run


class Loss:
    """The training loss: cross-entropy with the labels, mixed with a teacher's answers if any.

    loss = (1 - alpha) CE(labels, student)
           + alpha T^2 KL(softmax(teacher / T) || softmax(student / T))

    T^2 keeps the size of the second gradient when the temperature T changes.
    """

    def __init__(
        self, train: TrainSection, distill: DistillSection, teacher: nn.Module | None
    ) -> None:
        self.smoothing = train.label_smoothing
        self.alpha = distill.alpha if teacher else 0.0
        self.temperature = distill.temperature
        self.teacher = teacher

    def __call__(self, student: Tensor, images: Tensor, labels: Tensor) -> Tensor:
        """Return the mean loss of student logits (n, classes) for images and labels (n,)."""
        loss = student.new_zeros(())
        if self.alpha < 1:
            labelled = functional.cross_entropy(student, labels, label_smoothing=self.smoothing)
            loss = loss + (1 - self.alpha) * labelled
        if self.teacher is not None and self.alpha > 0:
            with torch.no_grad():
                answers = self.teacher(images).float()
            loss = loss + self.alpha * divergence(student, answers, self.temperature)
        return loss


def divergence(student: Tensor, teacher: Tensor, temperature: float) -> Tensor:
    """Return T^2 KL(softmax(teacher / T) || softmax(student / T)), the mean over a batch."""
    target = functional.log_softmax(teacher / temperature, dim=1)
    answer = functional.log_softmax(student / temperature, dim=1)
    scaled = functional.kl_div(answer, target, reduction="batchmean", log_target=True)
    return scaled * temperature**2


def load_teacher(section: DistillSection, dataset: DataSet) -> nn.Module | None:
    """Load the frozen teacher of a recipe; None when it asks for none.

    It answers in evaluation mode, or with the statistics of each batch if ``batch_statistics``.
    """
    if not section.teacher:
        return None
    if Path(section.teacher).is_dir():
        teacher, _ = load_run(section.teacher)
    elif section.teacher not in models.names():
        raise InputError(
            f"distill.teacher = {section.teacher!r} is neither a run folder nor a model: "
            f"train the teacher first, then set distill.teacher to its folder"
        )
    else:
        teacher = _with_weights(section, dataset)
    return teacher.train(section.batch_statistics).requires_grad_(False)


def _with_weights(section: DistillSection, dataset: DataSet) -> nn.Module:
    if not section.weights:
        raise InputError(
            f"distill.teacher = {section.teacher!r} is a model without weights: "
            f"set distill.weights to a file with its state dict"
        )
    teacher = models.create(
        section.teacher, num_classes=len(dataset.classes), in_channels=dataset.shape[0]
    )
    try:
        teacher.load_state_dict(load_tensors(section.weights))
    except RuntimeError as error:
        reason = " ".join(str(error).split())
        raise InputError(f"{section.weights} does not fit {section.teacher}: {reason}") from error
    return teacher
