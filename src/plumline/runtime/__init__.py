"""Run ``.plum`` programs with numpy and the native module alone."""

from plumline.runtime.artifact import Artifact
from plumline.runtime.plan import Plan, PlanStep
from plumline.runtime.program import Candidates, Program, StepTime, TensorInfo, load

__all__ = [
    "Artifact",
    "Candidates",
    "Plan",
    "PlanStep",
    "Program",
    "StepTime",
    "TensorInfo",
    "load",
]
