"""Turn a convolution with one window, which sees its whole input, into a linear layer.

So are 1x1 convolutions of pooled channels (squeeze and excitation), kernels as large as the input,
and padded ones on an input of one pixel, where all but one tap meet only padding. A convolution
works on many pixels at once, of which there is one here.
"""

import numpy as np

from plumline.compiler import shapes
from plumline.compiler.graph import Graph, Step, Value


def run(graph: Graph) -> None:
    """Apply the pass in place."""
    steps = []
    for step in graph.steps:
        taps = _taps(step) if step.op == "conv" and step.attributes["groups"] == 1 else None
        steps += [step] if taps is None else _linear(step, taps)
    graph.steps = steps


def _taps(conv: Step) -> list[list[int]] | None:
    """Say which tap meets each place of the input, axis by axis; None when one window does not."""
    get, rank = conv.attributes, len(conv.attributes["kernel"])
    taps = []
    for axis, size in enumerate(conv.inputs[0].shape[2:]):
        first, step = -get["pads"][axis], get["dilations"][axis]
        places = [first + step * tap for tap in range(get["kernel"][axis])]
        if conv.output.shape[2 + axis] != 1 or not isinstance(size, int):
            return None
        if not set(range(size)).issubset(places):
            return None
        taps.append([places.index(place) for place in range(size)])
    return taps if len(taps) == rank else None


def _linear(conv: Step, taps: list[list[int]]) -> list[Step]:
    get = conv.attributes
    weight = conv.tensors["weight"].reshape(get["filters"], -1, *get["kernel"])
    weight = weight[np.ix_(*map(range, weight.shape[:2]), *taps)].reshape(get["filters"], -1)
    rows = [_step("flatten", conv.name, [value], axis=1) for value in conv.inputs]
    linear = _step(
        "linear",
        conv.name,
        [row.output for row in rows],
        filters=get["filters"],
        columns=weight.shape[1],
        activation=get["activation"],
        activation_parameters=get["activation_parameters"],
    )
    linear.tensors = {**conv.tensors, "weight": weight}
    spatial = tuple(range(2, 2 + len(taps)))
    image = _step("unsqueeze", conv.name, [linear.output], axes=spatial)
    image.outputs = conv.outputs
    return [*rows, linear, image]


def _step(op: str, name: str, inputs: list[Value], **attributes: object) -> Step:
    step = Step(op, name, inputs, [], attributes)
    step.outputs = [Value(shape) for shape in shapes.infer(step)]
    return step
