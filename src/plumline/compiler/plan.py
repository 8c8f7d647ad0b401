"""Pack the weights of every layer and count what the program will compute."""

import math
from collections.abc import Callable
from typing import Any

import numpy as np

from plumline._weights import check_finite
from plumline.compiler import pack
from plumline.compiler.dims import Dim, Expression, evaluate, product
from plumline.compiler.graph import Array, Graph, Step
from plumline.compiler.summerge import SumMerge, takes
from plumline.errors import InputError


def run(graph: Graph, kernels: SumMerge | None = None) -> None:
    """Replace each ``weight`` by its packed form, in place, and note facts for `Program.plan`.

    With ``kernels``, convolutions whose filters repeat a few values are executed so.

    Raises `InputError` where a weight is not finite, or there is no such convolution.
    """
    # Counts are for one sample: an unknown first axis of an input counts as 1.
    sizes = {
        str(value.shape[0]): 1
        for value in graph.inputs.values()
        if value.shape and isinstance(value.shape[0], Expression)
    }
    for step in graph.steps:
        if step.op in ("conv", "linear"):
            _pack(step, sizes, pack.pack, kernels if step.op == "conv" else None)
        elif step.op in ("quantized_conv", "quantized_linear"):
            _pack(step, sizes, pack.pack_integers)
        elif step.op == "matmul":
            columns: Dim = step.inputs[0].shape[-1]
            count = evaluate(product(step.output.shape) * columns, sizes)
            _note(step, dense_operations=count, planned_operations=count)
        else:
            _note(step, dense_operations=0, planned_operations=0)
    if kernels and not any("kernels" in step.attributes for step in graph.steps):
        raise InputError(
            "no float convolution of this network repeats a few values in each filter: leave out "
            f"kernels={kernels.attributes['kernels']!r}"
        )


def _pack(
    step: Step,
    sizes: dict[str, int],
    form: Callable[[Array], pack.Packed],
    kernels: SumMerge | None = None,
) -> None:
    weight = step.tensors.pop("weight")
    check_finite(weight, step.name)
    packed = form(weight)
    step.attributes["weights"] = packed.form
    step.tensors = {**packed.tensors, **step.tensors}
    shape = step.output.shape
    positions = evaluate(
        product([shape[0], *shape[2:]] if step.op.endswith("conv") else shape[:-1]), sizes
    )
    groups, why = step.attributes.get("groups", 1), packed.why
    if kernels and takes(weight):
        step.attributes |= kernels.attributes
        once = kernels.operations(weight, groups, math.prod(step.attributes["kernel"]))
        why = f"{why}; {kernels}"
    else:
        once = operations(packed, weight, groups)
    _note(
        step,
        pattern=packed.pattern,
        density=packed.density,
        why=why,
        weights=weight.size,
        weight_bytes=packed.bytes,
        dense_operations=None if positions is None else weight.size * positions,
        planned_operations=None if positions is None else once * positions,
    )


def operations(packed: pack.Packed, weight: Array, groups: int) -> int:
    """Count additions and multiply-accumulates for one output position.

    Dense: every weight. Sparse: every non-zero. Planes: one addition for every one-bit, one
    multiplication for every plane, and where a filter uses it, the sum of all inputs (made once a
    group) times one factor a filter.
    """
    if packed.form == "dense":
        return int(weight.size)
    if packed.form == "sparse":
        return int(np.unpackbits(packed.tensors["bits"]).sum())
    ones = int(np.unpackbits(packed.tensors["bits"]).sum())
    totals = packed.tensors.get("total_coefficient")
    shared = 0 if totals is None else groups * weight.shape[1] + np.count_nonzero(totals)
    return int(ones + len(packed.tensors["coefficient"]) + shared)


def _note(step: Step, **facts: Any) -> None:
    step.about |= {key: value for key, value in facts.items() if value is not None}
