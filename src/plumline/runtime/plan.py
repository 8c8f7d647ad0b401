"""What a program will do, step by step: the compiler's facts, and the kernel chosen."""

from dataclasses import dataclass

from plumline.errors import printable
from plumline.runtime.artifact import Artifact, Node

VISIT_EVERY_WEIGHT = ("dense", "depthwise", "direct", "integer_dense", "limbs", "winograd")
"""Kernels that take each weight, zero or not, in whatever form the file holds it.

So ``winograd`` counts as the product that it computes; what it executes, with a quarter of the
multiplications, is counted by the execution model ``plan`` of an analysis.
"""


@dataclass(frozen=True)
class PlanStep:
    """One step of a program.

    Operations are counted for one sample (an unknown first axis counts as 1) and are None when
    they depend on another unknown size. ``dense_operations`` are the multiply-accumulates of the
    layer as if no weight were zero or repeated; ``planned_operations`` are the additions and
    multiply-accumulates that the weights' form asks for, or all of the dense ones where the native
    module found a kernel faster that visits every weight (see `VISIT_EVERY_WEIGHT`). Both are 0
    for a step without weights other than ``matmul``. ``choice`` says why it is this kernel where
    there may be several, ``why`` why the weights are held as they are.
    """

    node: str
    op: str
    kernel: str
    choice: str
    isa: str
    pattern: str
    density: float | None
    weights: int
    weight_bytes: int
    bytes: int
    dense_operations: int | None
    planned_operations: int | None
    why: str

    @property
    def bits_per_weight(self) -> float | None:
        """Bits spent on each weight, coefficients and indices included; None without weights."""
        return 8 * self.weight_bytes / self.weights if self.weights else None

    def __str__(self) -> str:
        return "  ".join(_cells(self))


class Plan(list[PlanStep]):
    """The steps of a program in the order they run; ``str`` gives a table."""

    def __str__(self) -> str:
        rows = [_HEAD, *(_cells(step) for step in self)]
        widths = [max(len(row[column]) for row in rows) for column in range(len(_HEAD))]
        lines = []
        for row in rows:
            cells = [
                cell.rjust(width) if column in _NUMBERS else cell.ljust(width)
                for column, (cell, width) in enumerate(zip(row, widths, strict=True))
            ]
            lines.append("  ".join(cells).rstrip())
        return "\n".join(lines)


def make(artifact: Artifact, kernels: list[str], choices: list[str], isa: str) -> Plan:
    """Join the facts of each node with the kernel that the native module chose, and its reason."""
    return Plan(
        _step(node, kernel, choice, isa)
        for node, kernel, choice in zip(artifact.nodes, kernels, choices, strict=True)
    )


def _step(node: Node, kernel: str, choice: str, isa: str) -> PlanStep:
    density = node.about.get("density")
    density = None if isinstance(density, str) else density
    visits_all = kernel.partition("/")[0] in VISIT_EVERY_WEIGHT
    return PlanStep(
        node=node.name,
        op=node.op,
        kernel=kernel,
        choice=choice,
        isa=isa,
        pattern=str(node.about.get("pattern", "")),
        density=None if density is None else float(density),
        weights=_count(node, "weights") or 0,
        weight_bytes=_count(node, "weight_bytes") or 0,
        bytes=sum(array.nbytes for array in node.tensors.values()),
        dense_operations=_count(node, "dense_operations"),
        planned_operations=_count(node, "dense_operations" if visits_all else "planned_operations"),
        why=str(node.about.get("why", "")),
    )


def _count(node: Node, fact: str) -> int | None:
    # The facts of a file are not trusted to be of the right type.
    value = node.about.get(fact)
    return value if isinstance(value, int) else None


_HEAD = (
    *("node", "op", "kernel", "choice", "pattern", "density"),
    *("dense ops", "planned ops", "bytes", "why"),
)
_NUMBERS = {5, 6, 7, 8}


def _cells(step: PlanStep) -> tuple[str, ...]:
    def count(value: int | None) -> str:
        return "?" if value is None else f"{value:,}" if value else ""

    density = "" if step.density is None else f"{step.density:.3f}"
    cells = (
        step.node,
        step.op,
        step.kernel,
        step.choice,
        step.pattern,
        density,
        count(step.dense_operations),
        count(step.planned_operations),
        f"{step.bytes:,}" if step.bytes else "",
        step.why,
    )
    return tuple(map(printable, cells))
