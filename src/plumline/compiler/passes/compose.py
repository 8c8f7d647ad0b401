"""Recognise hard-sigmoid and hard-swish in the forms that exporters spell out.

clip(x + 3, 0, 6) / 6             is hard_sigmoid(x), alpha = 1/6, beta = 1/2
x * hard_sigmoid(x)               is hard_swish(x)
x * clip(x + 3, 0, 6) / 6         is hard_swish(x)
"""

import math

from plumline.compiler.graph import Graph, Step, Value, floats


def run(graph: Graph) -> None:
    """Apply the pass in place; what is no longer read is left to the pass for dead steps."""
    producers = graph.producers()
    for step in graph.steps:
        x = _hard_sigmoid_input(step, producers)
        if x is not None and x.shape == step.output.shape:
            step.op, step.inputs = "hard_sigmoid", [x]
            step.attributes = {"alpha": 1 / 6, "beta": 0.5}
            continue
        x = _hard_swish_input(step, producers)
        if x is not None and x.shape == step.output.shape:
            step.op, step.inputs, step.attributes = "hard_swish", [x], {}


def _hard_sigmoid_input(step: Step, producers: dict[Value, Step]) -> Value | None:
    sixfold = _divided_by_six(step)
    return None if sixfold is None else _clip_input(sixfold, producers)


def _hard_swish_input(step: Step, producers: dict[Value, Step]) -> Value | None:
    if step.op == "mul":
        for x, gate in (step.inputs, step.inputs[::-1]):
            inner = producers.get(gate)
            if inner is not None and inner.op == "hard_sigmoid" and inner.inputs[0] is x:
                alpha, beta = inner.attributes["alpha"], inner.attributes["beta"]
                if math.isclose(alpha, 1 / 6, rel_tol=1e-6) and beta == 0.5:
                    return x
    sixfold = _divided_by_six(step)
    inner = None if sixfold is None else producers.get(sixfold)
    if inner is not None and inner.op == "mul":
        for x, gate in (inner.inputs, inner.inputs[::-1]):
            if _clip_input(gate, producers) is x:
                return x
    return None


def _divided_by_six(step: Step) -> Value | None:
    """Return x when the step computes x / 6."""
    if step.op == "div" and _is_number(step.inputs[1], 6):
        return step.inputs[0]
    if step.op == "mul":
        for x, factor in (step.inputs, step.inputs[::-1]):
            if _is_number(factor, 1 / 6):
                return x
    return None


def _clip_input(value: Value, producers: dict[Value, Step]) -> Value | None:
    """Return x when the value is clip(x + 3, 0, 6)."""
    clip = producers.get(value)
    if (
        clip is None
        or clip.op != "clip"
        or (clip.attributes["min"], clip.attributes["max"]) != (0, 6)
    ):
        return None
    add = producers.get(clip.inputs[0])
    if add is not None and add.op == "add":
        for x, three in (add.inputs, add.inputs[::-1]):
            if _is_number(three, 3):
                return x
    return None


def _is_number(value: Value, number: float) -> bool:
    data = floats(value)
    # One number with at most as many axes as anything else: it does not change the shape of what
    # it meets.
    return (
        data is not None
        and data.shape in ((), (1,))
        and math.isclose(float(data.sum()), number, rel_tol=1e-6)
    )
