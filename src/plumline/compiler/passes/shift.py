"""Let the layers around a shift of the channels add it with their biases.

Networks with learned shifts between their layers (PLUM's block has three a convolution) would
otherwise run a step for each. A shift that follows ``layer(x) + residual`` moves back into the
layer's bias; one that only layers read as a residual, and other affine steps, moves on into those.
"""

from collections.abc import Sequence

import numpy as np

from plumline.compiler.graph import Array, Graph, Step

_Change = tuple[Step, str, Array]
"""A step, one of its tensors and what this tensor becomes."""


def run(graph: Graph) -> None:
    """Apply the pass in place."""
    producers, readers = graph.producers(), graph.readers()
    outputs = set(graph.outputs.values())
    moved = []
    for step in graph.steps:
        if not _is_shift(step):
            continue
        x, y = step.inputs[0], step.output
        layer, after = producers.get(x), readers.get(y, [])
        alone = readers[x] == [step] and x not in outputs
        if layer is not None and alone and _apply([_back(layer, step)]):
            layer.outputs = [y]
            producers[y] = layer
            moved.append(step)
        elif y not in outputs and _apply([_on(reader, step) for reader in after]):
            for reader in after:
                reader.inputs = [x if value is y else value for value in reader.inputs]
            readers[x] = [reader for reader in readers[x] if reader is not step] + after
            moved.append(step)
    graph.remove(moved)


def _is_shift(step: Step) -> bool:
    if step.op != "affine" or step.attributes["activation"] != "none":
        return False
    return bool((step.tensors["scale"] == 1).all())


def _back(layer: Step, shift: Step) -> _Change | None:
    """Return how the layer that makes the shift's input adds the shift too."""
    if not _has_bias(layer) or layer.attributes["activation"] != "none":
        return None
    return _with_bias(layer, shift)


def _on(reader: Step, shift: Step) -> _Change | None:
    """Return how a step that reads the shift's output makes the same from its input."""
    if reader.op == "affine":
        scale, more = reader.tensors["scale"], shift.tensors["shift"]
        # Where an input leaves its channels open, two steps of an unsound model may differ.
        if scale.shape != more.shape:
            return None
        return reader, "shift", _sum(reader.tensors["shift"], more, scale)
    if not _has_bias(reader) or reader.inputs[0] is shift.output:
        return None
    return _with_bias(reader, shift)


def _has_bias(layer: Step) -> bool:
    """Whether a step adds a number to each channel: axis 1, along which a shift goes."""
    return layer.op == "conv" or (layer.op == "linear" and len(layer.output.shape) == 2)


def _with_bias(layer: Step, shift: Step) -> _Change:
    bias = layer.tensors.get("bias", np.zeros(layer.attributes["filters"], np.float32))
    return layer, "bias", _sum(bias, shift.tensors["shift"])


def _sum(shift: Array, more: Array, scale: Array | float = 1.0) -> Array:
    with np.errstate(all="ignore"):
        return (shift + more.astype(np.float64) * scale).astype(np.float32)


def _apply(changes: Sequence[_Change | None]) -> bool:
    """Make all changes, or none where one is impossible."""
    possible = [change for change in changes if change and np.isfinite(change[2]).all()]
    if len(possible) < len(changes):
        return False
    for step, role, array in possible:
        step.tensors[role] = array
    return True
