"""The engine's own plan: what the kernel that it chose for a layer executes."""

from collections.abc import Callable
from dataclasses import dataclass

from plumline.analysis.execution.dense import Dense
from plumline.analysis.execution.graph import LayerGraph
from plumline.analysis.execution.kernels.merge import IntegerMerge, Merge
from plumline.analysis.execution.kernels.planes import AddOnes
from plumline.analysis.execution.kernels.tables import IntegerTables, SharedTables, WindowTables
from plumline.analysis.execution.kernels.winograd import Winograd
from plumline.analysis.execution.operations import Operations
from plumline.analysis.execution.registry import ExecutionModel, execution_model
from plumline.analysis.execution.sparse import Sparse
from plumline.analysis.execution.summerge import SumMerge
from plumline.analysis.layer import Layer
from plumline.analysis.sources.alone import plan_alone
from plumline.runtime.plan import VISIT_EVERY_WEIGHT

_KERNELS: dict[str, Callable[[Layer, str], ExecutionModel]] = {
    **{kernel: lambda layer, isa: Dense() for kernel in VISIT_EVERY_WEIGHT},
    "winograd": lambda layer, isa: Winograd(),  # visits every weight, and multiplies less often
    "merge": lambda layer, isa: Merge(_vector_bytes(isa)),
    "integer_merge": lambda layer, isa: IntegerMerge(_vector_bytes(isa)),
    "summerge": lambda layer, isa: SumMerge(
        int(str(layer.attributes["tile"])), bool(layer.attributes["sparsity_support"])
    ),
    "shared_tables": lambda layer, isa: SharedTables(),
    "integer_tables": lambda layer, isa: IntegerTables(),
    "tables": lambda layer, isa: WindowTables(),
    "linear_planes": lambda layer, isa: WindowTables(),
}
_FORMS: dict[str, ExecutionModel] = {"dense": Dense(), "sparse": Sparse(), "planes": AddOnes()}


@execution_model("plan")
@dataclass(frozen=True)
class Plan(ExecutionModel):
    """What runs: the kernel of the layer's step in the program.

    Merge programs, SumMerge graphs, tables and Winograd's method are counted as they are executed.
    Of other kernels the count is what the form of the weights asks for: every weight, every entry
    of a sparse matrix, every one-bit of a plane. Tile registers count as the product that they
    compute. A layer outside a program is planned alone, with its own sizes.
    """

    def count(self, layer: Layer) -> Operations | None:
        """See `ExecutionModel.count`."""
        model = executed_as(layer)
        return None if model is None else model.count(layer)

    def graph(self, layer: Layer) -> LayerGraph:
        """See `ExecutionModel.graph`."""
        model = executed_as(layer)
        assert model is not None, "a layer that is not compiled is not counted"
        return model.graph(layer)


def _vector_bytes(isa: str) -> int:
    return 32 if isa == "avx2" else 64


def executed_as(layer: Layer) -> ExecutionModel | None:
    """Return the model of the kernel that the engine chose; None for a layer it cannot run."""
    step = layer.step or plan_alone(layer)
    if step is None:
        return None
    kernel, _, isa = step.kernel.partition("/")
    return _KERNELS[kernel](layer, isa) if kernel in _KERNELS else _FORMS.get(layer.form)
