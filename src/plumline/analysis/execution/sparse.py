"""Every weight that is not zero multiplies."""

from dataclasses import dataclass

import numpy as np

from plumline.analysis.execution.dense import of_rows
from plumline.analysis.execution.graph import LayerGraph
from plumline.analysis.execution.operations import Operations
from plumline.analysis.execution.registry import ExecutionModel, execution_model
from plumline.analysis.layer import Layer


@execution_model("sparse")
@dataclass(frozen=True)
class Sparse(ExecutionModel):
    """A sparse matrix product that does not know that values repeat."""

    def count(self, layer: Layer) -> Operations:
        """See `ExecutionModel.count`."""
        effectual = np.count_nonzero(layer.matrix, axis=1)
        additions = int(np.maximum(effectual - 1, 0).sum())
        return Operations(additions, int(effectual.sum())) * layer.positions

    def graph(self, layer: Layer) -> LayerGraph:
        """See `ExecutionModel.graph`."""
        return of_rows(layer, np.flatnonzero)
