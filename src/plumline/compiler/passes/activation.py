"""Let a conv, linear or affine step apply the activation function that follows it."""

from typing import Any

from plumline.compiler.graph import Array, Graph, Step, floats
from plumline.compiler.passes.scale import channel_vector

_PARAMETERS = {
    "relu": (),
    "sigmoid": (),
    "tanh": (),
    "hard_swish": (),
    "leaky_relu": ("alpha",),
    "clip": ("min", "max"),
    "hard_sigmoid": ("alpha", "beta"),
    "prelu": (),
}


def run(graph: Graph) -> None:
    """Apply the pass in place."""
    producers, uses = graph.producers(), graph.uses()
    fused = []
    for step in graph.steps:
        layer = producers.get(step.inputs[0]) if step.op in _PARAMETERS else None
        if layer is None or uses[step.inputs[0]] != 1 or not _takes_activation(layer):
            continue
        if step.op == "prelu":
            slope = _slope(step, layer)
            if slope is None:
                continue
            layer.tensors["slope"] = slope
        layer.attributes["activation"] = step.op
        layer.attributes["activation_parameters"] = _parameters(step.op, step.attributes)
        layer.outputs = [step.output]
        producers[step.output] = layer
        fused.append(step)
    graph.remove(fused)


def _takes_activation(layer: Step) -> bool:
    return layer.op in ("conv", "linear", "affine") and layer.attributes["activation"] == "none"


def _parameters(op: str, attributes: dict[str, Any]) -> tuple[float, ...]:
    return tuple(float(attributes[name]) for name in _PARAMETERS[op])


def _slope(step: Step, layer: Step) -> Array | None:
    data, shape = floats(step.inputs[1]), step.inputs[0].shape
    if data is None:
        return None
    vector = channel_vector(data, shape, len(shape) - 1 if layer.op == "linear" else 1)
    return None if vector is None else vector.copy()
