"""Fold multiplications and additions by channel constants into the layer before them.

BatchNormalization is an ``affine`` step already. An Add, Sub, Mul or Div by a constant that has
one number a channel becomes a scale and a shift as well. A scale and a shift are folded into the
weights and bias of the `conv` or `linear` they follow, or into the `affine`; alone they stay an
`affine` step.
"""

from typing import NamedTuple

import numpy as np

from plumline.compiler.dims import Shape
from plumline.compiler.graph import Array, Graph, Step, Value, floats


class _Factors(NamedTuple):
    """``x * scale + shift``, each constant broadcastable to x."""

    x: Value
    scale: Array
    shift: Array


def run(graph: Graph) -> None:
    """Apply the pass in place."""
    producers, uses = graph.producers(), graph.uses()
    folded = []
    for step in graph.steps:
        factors = _factors(step)
        if factors is None:
            continue
        layer = producers.get(factors.x)
        if layer is not None and uses[factors.x] == 1 and _fold(layer, factors):
            layer.outputs = [step.output]
            producers[step.output] = layer
            folded.append(step)
        else:
            _make_affine(step, factors)
    graph.remove(folded)


def _factors(step: Step) -> _Factors | None:
    one, zero = np.ones((), np.float64), np.zeros((), np.float64)
    if step.op == "affine":
        column = (-1, *[1] * (len(step.output.shape) - 2))
        scale, shift = (
            step.tensors[role].astype(np.float64).reshape(column) for role in ("scale", "shift")
        )
        return _Factors(step.inputs[0], scale, shift)
    if step.op not in ("add", "sub", "mul", "div"):
        return None
    a, b = step.inputs
    left, right = floats(a), floats(b)
    if right is not None:
        constant = right.astype(np.float64)
        if step.op == "div":
            return _Factors(a, 1 / constant, zero) if constant.all() else None
        return {
            "add": _Factors(a, one, constant),
            "sub": _Factors(a, one, -constant),
            "mul": _Factors(a, constant, zero),
        }[step.op]
    if left is not None and step.op != "div":
        constant = left.astype(np.float64)
        return {
            "add": _Factors(b, one, constant),
            "sub": _Factors(b, -one, constant),
            "mul": _Factors(b, constant, zero),
        }[step.op]
    return None


def _fold(layer: Step, factors: _Factors) -> bool:
    if layer.op not in ("conv", "linear", "affine"):
        return False
    if layer.attributes["activation"] != "none" or len(layer.inputs) > 1:
        return False
    shape = factors.x.shape
    vectors = _vectors(factors, shape, len(shape) - 1 if layer.op == "linear" else 1)
    if vectors is None:
        return False
    scale, shift = vectors
    matrix, offset = ("scale", "shift") if layer.op == "affine" else ("weight", "bias")
    weight = layer.tensors[matrix].astype(np.float64)
    bias = layer.tensors.get(offset, np.zeros(len(weight), np.float32)).astype(np.float64)
    # Equal weights of a filter meet the same factor in double precision and stay equal: patterns
    # survive.
    with np.errstate(all="ignore"):
        new = {
            matrix: (weight * scale.reshape(-1, *[1] * (weight.ndim - 1))).astype(np.float32),
            offset: (bias * scale + shift).astype(np.float32),
        }
    if not all(np.isfinite(array).all() for array in new.values()):
        return False
    layer.tensors |= new
    return True


def _make_affine(step: Step, factors: _Factors) -> None:
    vectors = _vectors(factors, factors.x.shape, 1)
    if step.op == "affine" or vectors is None:
        return
    scale, shift = (vector.astype(np.float32) for vector in vectors)
    if np.isfinite(scale).all():
        step.op, step.inputs = "affine", [factors.x]
        step.tensors = {"scale": scale, "shift": shift}
        step.attributes = {"activation": "none", "activation_parameters": ()}


def _vectors(factors: _Factors, shape: Shape, axis: int) -> tuple[Array, Array] | None:
    scale, shift = (channel_vector(array, shape, axis) for array in factors[1:])
    return None if scale is None or shift is None else (scale, shift)


def channel_vector(array: Array, shape: Shape, axis: int) -> Array | None:
    """Return the numbers of a constant that has one for each index of ``axis``, else None."""
    if array.ndim > len(shape) or not 0 <= axis < len(shape) or len(shape) < 2:
        return None
    channels = shape[axis]
    sizes = [1] * (len(shape) - array.ndim) + list(array.shape)
    if not isinstance(channels, int) or sizes[axis] not in (1, channels):
        return None
    if any(size != 1 for position, size in enumerate(sizes) if position != axis):
        return None
    return np.broadcast_to(array.reshape(-1), (channels,))
