"""Training by recipe: see docs/training.md."""

from plumline._metrics import Evaluation
from plumline.training.checkpoint import Checkpoint
from plumline.training.evaluate import evaluate
from plumline.training.fabric import make_fabric
from plumline.training.loop import FitResult, fit, run
from plumline.training.processes import side_by_side
from plumline.training.recipe import Recipe
from plumline.training.runs import Run, build, load_run, read_run

__all__ = [
    "Checkpoint",
    "Evaluation",
    "FitResult",
    "Recipe",
    "Run",
    "build",
    "evaluate",
    "fit",
    "load_run",
    "make_fabric",
    "read_run",
    "run",
    "side_by_side",
]
