"""Integer tensors of unknown sizes: what exporters compute from ``x.shape`` to reshape, slice.

A symbolic tensor is a numpy array of objects, each an int or a `dims.Expression`. The few
operators that handle sizes are computed on them here, so that a reshape to (batch, -1) is a
constant by the time it is lowered.
"""

from collections.abc import Callable
from typing import Any

import numpy as np
import onnx

from plumline.compiler.dims import Expression, Shape, product
from plumline.compiler.graph import Array, Value

_Rule = Callable[[dict[str, Any], list[Array | None]], Array]
_RULES: dict[str, _Rule] = {}
_INTEGERS = (onnx.TensorProto.INT64, onnx.TensorProto.INT32)


class NotSymbolicError(Exception):
    """The operator cannot be computed on unknown sizes; the text says why."""


def _rule(*operators: str) -> Callable[[_Rule], _Rule]:
    def register(function: _Rule) -> _Rule:
        _RULES.update(dict.fromkeys(operators, function))
        return function

    return register


def applies(operator: str, inputs: list[Value | None]) -> bool:
    """Whether the node reads a shape, or computes with nothing but sizes, some unknown."""
    given = [value for value in inputs if value is not None]
    is_sizes = all(value.data is not None for value in given)
    return operator in ("Shape", "Size") or (is_sizes and any(v.is_symbolic for v in given))


def knows(operator: str) -> bool:
    """Whether the operator can be computed on unknown sizes."""
    return operator in ("Shape", "Size") or operator in _RULES


def evaluate(operator: str, attributes: dict[str, Any], inputs: list[Value | None]) -> Value:
    """Compute the output of a node on shapes or symbolic tensors."""
    if operator in ("Shape", "Size"):
        assert inputs[0] is not None
        return tensor(_shape(operator, attributes, inputs[0].shape))
    if operator not in _RULES:
        raise NotSymbolicError(
            "it computes with a size that is known only at run time: fix it with shapes="
        )
    arrays = [None if value is None else value.data for value in inputs]
    try:
        return tensor(_RULES[operator](attributes, arrays))
    except (IndexError, ValueError, TypeError, np.exceptions.AxisError) as error:
        raise NotSymbolicError(f"its sizes cannot be computed: {error}") from None


def tensor(array: Array) -> Value:
    """Wrap the result: an ordinary constant as soon as no unknown size is left in it."""
    array = np.asarray(array)
    if any(isinstance(item, Expression) for item in array.flat):
        return Value(tuple(array.shape), array)
    return Value.constant(array.astype(np.int64))


def _shape(operator: str, attributes: dict[str, Any], shape: Shape) -> Array:
    if operator == "Size":
        return _objects(product(shape))
    return _objects(list(shape[slice(attributes.get("start", 0), attributes.get("end"))]))


def _objects(items: Any) -> Array:
    return np.array(items, dtype=object)


_UFUNCS = {"Add": "add", "Sub": "subtract", "Mul": "multiply", "Div": "floor_divide"}


def _axes(attributes: dict[str, Any], inputs: list[Array | None]) -> tuple[int, ...] | None:
    if len(inputs) > 1 and inputs[1] is not None:
        return tuple(int(axis) for axis in inputs[1])
    return tuple(attributes["axes"]) if "axes" in attributes else None


@_rule("Identity")
def _identity(attributes: dict[str, Any], inputs: list[Array | None]) -> Array:
    return np.asarray(inputs[0])


@_rule("Cast")
def _cast(attributes: dict[str, Any], inputs: list[Array | None]) -> Array:
    if attributes["to"] not in _INTEGERS:
        raise TypeError("an unknown size is cast to a type that is not an integer")
    return np.asarray(inputs[0])


@_rule("Add", "Sub", "Mul", "Div")
def _arithmetic(attributes: dict[str, Any], inputs: list[Array | None]) -> Array:
    a, b = (np.asarray(array).astype(object) for array in inputs)
    operator = attributes["operator"]
    function: Callable[[Any, Any], Any] = getattr(np, _UFUNCS[operator])
    return np.asarray(function(a, b), dtype=object)


@_rule("Gather")
def _gather(attributes: dict[str, Any], inputs: list[Array | None]) -> Array:
    data, indices = inputs
    assert data is not None
    assert indices is not None
    return np.asarray(
        np.take(data, indices.astype(np.int64), axis=attributes.get("axis", 0)), dtype=object
    )


@_rule("Concat")
def _concat(attributes: dict[str, Any], inputs: list[Array | None]) -> Array:
    return np.concatenate(
        [np.asarray(array).astype(object) for array in inputs], axis=attributes["axis"]
    )


@_rule("Squeeze")
def _squeeze(attributes: dict[str, Any], inputs: list[Array | None]) -> Array:
    return np.squeeze(np.asarray(inputs[0]), _axes(attributes, inputs))


@_rule("Unsqueeze")
def _unsqueeze(attributes: dict[str, Any], inputs: list[Array | None]) -> Array:
    axes = _axes(attributes, inputs)
    if axes is None:
        raise ValueError("it has no axes")
    return np.expand_dims(np.asarray(inputs[0]), axes)


@_rule("Reshape")
def _reshape(attributes: dict[str, Any], inputs: list[Array | None]) -> Array:
    return np.asarray(inputs[0]).reshape([int(size) for size in np.asarray(inputs[1])])


@_rule("ReduceProd")
def _reduce_prod(attributes: dict[str, Any], inputs: list[Array | None]) -> Array:
    total = product(np.asarray(inputs[0]).flat)
    return _objects([total] if attributes.get("keepdims", 1) else total)


@_rule("Slice")
def _slice(attributes: dict[str, Any], inputs: list[Array | None]) -> Array:
    data = np.asarray(inputs[0])
    given = [attributes.get(key) for key in ("starts", "ends", "axes", "steps")]
    for position, array in enumerate(inputs[1:]):
        given[position] = None if array is None else [int(item) for item in array]
    starts, ends, axes, steps = given
    if (
        data.ndim != 1
        or starts is None
        or ends is None
        or len(starts) != 1
        or (axes or [0])[0] not in (0, -1)
    ):
        raise ValueError("only a list of sizes can be sliced")
    return data[starts[0] : ends[0] : (steps or [1])[0]]
