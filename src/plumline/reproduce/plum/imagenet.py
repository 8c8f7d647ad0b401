"""ImageNet: a signed-binary ResNet-18, where the data is."""

from dataclasses import replace
from typing import TYPE_CHECKING

from plumline.data import open as open_data
from plumline.errors import InputError
from plumline.reproduce.context import Context
from plumline.reproduce.drawing import drawn
from plumline.reproduce.item import Comparison, Outcome, item

if TYPE_CHECKING:
    from matplotlib.figure import Figure

    from plumline.training import FitResult

TEACHER, STUDENT = "imagenet-resnet18-float", "imagenet-resnet18-signed-binary"
SMOKE = {
    **{"train.epochs": "1", "augment.resized_crop": "0", "data.options.size": "32"},
    **{"augment.saturation": "0", "train.workers": "0"},
}
"""Small grey images."""


BUDGETS = ("smoke", "full")
"""It trains for weeks on GPUs, or on small grey images."""


@item("plum", "imagenet", "table", "top-1 of ResNet-18 on ImageNet", trains=True, budgets=BUDGETS)
def make(context: Context) -> Outcome:
    """Train the teacher, then the released configuration, as long as the recipes say."""
    from plumline.training import Recipe, run

    budget = context.budget
    changes = {**budget.changes, **SMOKE} if budget.smoke else {}
    recipe = Recipe.load(TEACHER).override(changes)
    try:
        open_data(recipe.data.name, context.data, **recipe.data.options)
    except InputError as error:
        raise InputError(f"item 'imagenet' needs ImageNet in class folders: {error}") from None
    prefix = f"{recipe.data.name}-" if changes else ""
    teacher = run(recipe, context.runs / f"{prefix}{TEACHER}", context.data)
    student = Recipe.load(STUDENT).override(changes)
    student = replace(student, distill=replace(student.distill, teacher=str(teacher.out)))
    result = run(student, context.runs / f"{prefix}{STUDENT}", context.data)
    rows = [
        {"network": name, "dataset": recipe.data.name, "epochs": final["epoch"]}
        | {key: final[key] for key in ("test_top1", "test_top5", "density")}
        for name, final in ((TEACHER, teacher.final), (STUDENT, result.final))
    ]
    conditions = (
        f"{recipe.data.name}, {student.train.epochs} epochs, one seed, "
        f"{student.scheme.options['gradient']} gradient, {student.train.precision}"
    )
    comparisons = [
        Comparison("imagenet-top1", f"{result.final['test_top1']:.2f} %", conditions),
        Comparison("density", f"{1 / result.final['density']:.2f}x", conditions),
    ]
    return Outcome(rows, comparisons, drawn(lambda figure: _draw(figure, teacher, result)))


def _draw(figure: "Figure", teacher: "FitResult", student: "FitResult") -> None:
    axes = figure.subplots()
    for label, run in (("float teacher", teacher), ("signed-binary", student)):
        epochs = [record["epoch"] for record in run.history]
        axes.plot(epochs, [record["test_top1"] for record in run.history], ".-", label=label)
    axes.set(xlabel="epoch", ylabel="top-1, %")
    axes.legend()
