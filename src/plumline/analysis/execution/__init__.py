"""Ways to execute a layer, each with the arithmetic that it takes: one file a way."""

from plumline.analysis.execution import (  # noqa: F401 - registered in this order
    dense,
    plan,
    sparse,
    summerge,
    tables,
    ucnn,
)
from plumline.analysis.execution.operations import Operations
from plumline.analysis.execution.registry import ExecutionModel, execution_model, names, parse

__all__ = ["ExecutionModel", "Operations", "execution_model", "names", "parse"]
