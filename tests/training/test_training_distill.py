from pathlib import Path

import pytest
import torch
from torch.nn import functional

from plumline import models
from plumline.data import DataSet
from plumline.errors import InputError
from plumline.training import Recipe, build, fit
from plumline.training.distill import Loss, divergence, load_teacher
from plumline.training.recipe import DistillSection, TrainSection


def test_the_divergence_is_kl_of_softened_answers_times_t_squared() -> None:
    student, teacher, t = torch.randn(5, 7), torch.randn(5, 7), 3.0
    p, q = (torch.softmax(logits / t, 1) for logits in (teacher, student))
    expected = sum((p[i] * (p[i] / q[i]).log()).sum() for i in range(5)) / 5 * t * t
    torch.testing.assert_close(divergence(student, teacher, t), expected)
    assert divergence(teacher, teacher, t) == pytest.approx(0, abs=1e-6)


@pytest.mark.parametrize("alpha", [0.0, 0.25, 1.0])
def test_alpha_mixes_labels_and_teacher(alpha: float) -> None:
    student, labels = torch.randn(5, 7), torch.arange(5)
    teacher = torch.nn.Linear(3, 7)
    images = torch.randn(5, 3)
    loss = Loss(TrainSection(), DistillSection(teacher="x", alpha=alpha), teacher)
    expected = (1 - alpha) * functional.cross_entropy(student, labels)
    expected = expected + alpha * divergence(student, teacher(images), 1.0)
    torch.testing.assert_close(loss(student, images, labels), expected)


def test_without_a_teacher_the_loss_is_cross_entropy() -> None:
    student, labels = torch.randn(5, 7), torch.arange(5)
    loss = Loss(TrainSection(label_smoothing=0.1), DistillSection(), None)
    expected = functional.cross_entropy(student, labels, label_smoothing=0.1)
    torch.testing.assert_close(loss(student, torch.empty(0), labels), expected)


def test_a_student_learns_from_a_run_without_seeing_labels(
    digits: DataSet, short: Recipe, tmp_path: Path
) -> None:
    float_recipe = short.override({"scheme.name": "float", "train.epochs": "12"})
    teacher = fit(build(float_recipe, digits), digits, float_recipe, tmp_path / "t", quiet=True)
    frozen = {name: value.clone() for name, value in teacher.model.state_dict().items()}
    recipe = short.override(
        {"train.epochs": "20", "distill.teacher": str(tmp_path / "t"), "distill.alpha": "1"}
    )
    student = fit(build(recipe, digits), digits, recipe, tmp_path / "s", quiet=True)
    assert teacher.final["test_top1"] > 80
    assert student.final["test_top1"] > 60
    again = load_teacher(recipe.distill, digits)
    assert again is not None
    for name, value in again.state_dict().items():
        assert torch.equal(value, frozen[name])


@pytest.mark.parametrize("batch_statistics", [False, True])
def test_a_teacher_is_frozen_and_in_the_asked_mode(
    batch_statistics: bool, digits: DataSet, tmp_path: Path
) -> None:
    model = models.create("digits-cnn", num_classes=10, in_channels=1)
    torch.save(model.state_dict(), tmp_path / "weights.pt")
    section = DistillSection(
        teacher="digits-cnn",
        weights=str(tmp_path / "weights.pt"),
        batch_statistics=batch_statistics,
    )
    teacher = load_teacher(section, digits)
    assert teacher is not None
    assert teacher.training is batch_statistics
    assert not any(parameter.requires_grad for parameter in teacher.parameters())


@pytest.mark.parametrize(
    ("section", "says"),
    [
        (DistillSection(teacher="nowhere"), "neither a run folder nor a model"),
        (DistillSection(teacher="digits-cnn"), "set distill.weights"),
        (DistillSection(teacher="digits-cnn", weights="no.pt"), "there is no file 'no.pt'"),
    ],
)
def test_a_teacher_that_is_not_there_is_one_line(
    section: DistillSection, says: str, digits: DataSet
) -> None:
    with pytest.raises(InputError, match=says):
        load_teacher(section, digits)


def test_damaged_weights_are_to_be_replaced_not_removed(digits: DataSet, tmp_path: Path) -> None:
    (tmp_path / "weights.pt").write_bytes(b"damaged")
    section = DistillSection(teacher="digits-cnn", weights=str(tmp_path / "weights.pt"))
    with pytest.raises(InputError, match=r"put an intact copy in its place$"):
        load_teacher(section, digits)


def test_weights_of_another_network_are_refused(digits: DataSet, tmp_path: Path) -> None:
    torch.save({"x": torch.zeros(1)}, tmp_path / "weights.pt")
    section = DistillSection(teacher="digits-cnn", weights=str(tmp_path / "weights.pt"))
    with pytest.raises(InputError, match="does not fit digits-cnn") as caught:
        load_teacher(section, digits)
    assert "\n" not in str(caught.value)
