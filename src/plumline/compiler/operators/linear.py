"""Gemm and MatMul."""

from dataclasses import replace

import numpy as np

from plumline.compiler.graph import Array, Codes, Value, floats
from plumline.compiler.lowering import Context, RefusedError, lowers


@lowers("MatMul")
def matmul(context: Context) -> Value:
    """Matrix product: a `linear` when the right side is a constant matrix."""
    a, b = context.value(0), context.value(1)
    weight = floats(b)
    if weight is not None and weight.ndim == 2 and a.shape and not a.is_constant:
        return _linear(context, a, weight.T, _transposed(b.codes))
    if not a.shape or not b.shape:
        raise RefusedError("it multiplies a single number")
    return context.emit("matmul", [a, b])


@lowers("Gemm")
def gemm(context: Context) -> Value:
    """``alpha * A' B' + beta * C``: a `linear` when B is constant."""
    get = context.attributes
    alpha, beta = np.float32(get.get("alpha", 1.0)), np.float32(get.get("beta", 1.0))
    a, b = context.value(0), context.value(1)
    if len(a.shape) != 2 or len(b.shape) != 2:
        raise RefusedError("its inputs are not matrices")
    if get.get("transA", 0):
        a = context.emit("transpose", [a], perm=(1, 0))
    weight = floats(b)
    if weight is not None:
        codes = b.codes if get.get("transB", 0) else _transposed(b.codes)
        weight = weight if get.get("transB", 0) else weight.T
        y = _linear(context, a, weight * alpha, codes if alpha == 1 else None)
    else:
        b = context.emit("transpose", [b], perm=(1, 0)) if get.get("transB", 0) else b
        y = _scaled(context, context.emit("matmul", [a, b]), alpha)
    if not context.has(2) or beta == 0:
        return y
    return context.emit("add", [y, _scaled(context, context.value(2), beta)])


def _transposed(codes: Codes | None) -> Codes | None:
    return None if codes is None else replace(codes, codes=codes.codes.T, axis=1 - codes.axis)


def _linear(context: Context, x: Value, weight: Array, codes: Codes | None) -> Value:
    if not weight.size:
        raise RefusedError("its constant matrix is empty")
    filters, columns = weight.shape
    if isinstance(x.shape[-1], int) and x.shape[-1] != columns:
        raise RefusedError(f"{x.shape[-1]} columns meet {columns} rows")
    y = context.emit(
        "linear",
        [x],
        {"weight": np.ascontiguousarray(weight, np.float32)},
        filters=filters,
        columns=columns,
        activation="none",
        activation_parameters=(),
    )
    if codes is not None:
        context.steps[-1].codes["weight"] = codes
    return y


def _scaled(context: Context, value: Value, factor: np.float32) -> Value:
    if factor == 1:
        return value
    data = floats(value)
    if data is not None:
        return Value.constant(np.asarray(data * factor, np.float32))
    return context.emit("mul", [value, Value.constant(np.asarray(factor, np.float32))])
