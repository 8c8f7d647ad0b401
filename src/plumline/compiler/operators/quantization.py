"""QuantizeLinear and DequantizeLinear; QLinearConv and QLinearMatMul as what they stand for."""

import numpy as np

from plumline.compiler.graph import Array, Codes, Value
from plumline.compiler.lowering import Context, Lowering, RefusedError, lowers
from plumline.compiler.operators.conv import conv
from plumline.compiler.operators.linear import matmul

_TYPES = {"uint8": np.uint8, "int8": np.int8}


@lowers("QuantizeLinear")
def quantize_linear(context: Context) -> Value:
    """8-bit codes of float32 numbers, with one scale or one for each place of an axis."""
    if context.attributes.get("output_dtype", 0) and not context.has(2):
        raise RefusedError("its type is given without a zero point: add one")
    return _quantize(context, context.value(0), 1)


@lowers("DequantizeLinear")
def dequantize_linear(context: Context) -> Value:
    """The float32 numbers that 8-bit codes stand for."""
    return _dequantize(context, 0)


@lowers("QLinearConv")
def qlinear_conv(context: Context) -> Value:
    """The convolution of the numbers that the codes stand for, and its codes."""
    x, weight = _dequantize(context, 0), _constant(context, 3, axis=0)
    inputs: list[Value | None] = [x, weight]
    if context.has(8):
        scale = np.float32(context.scalar(1, "x_scale")) * context.float_array(4, "w_scale")
        inputs.append(_integers(context.array(8, "bias"), scale))
    return _around(context, inputs, conv)


@lowers("QLinearMatMul")
def qlinear_matmul(context: Context) -> Value:
    """The product of the matrices that the codes stand for, and its codes."""
    a, b = _dequantize(context, 0), context.value(3)
    right = _constant(context, 3, axis=-1) if b.is_constant else _dequantize(context, 3)
    return _around(context, [a, right], matmul)


def _around(context: Context, inputs: list[Value | None], lowering: Lowering) -> Value:
    given, context.inputs = context.inputs, inputs
    y = lowering(context)
    assert isinstance(y, Value)
    context.inputs = given
    return _quantize(context, y, 6)


def _quantize(context: Context, x: Value, position: int) -> Value:
    if x.dtype != "float32":
        raise RefusedError(f"it quantizes {x.dtype}: only float32 is compiled")
    attributes, tensors = _parameters(context, x, position, "uint8")
    return context.emit("quantize_linear", [x], tensors, **attributes)


def _dequantize(context: Context, position: int) -> Value:
    x = context.value(position)
    if x.dtype not in _TYPES:
        raise RefusedError(f"it dequantizes {x.dtype}: only uint8 and int8 are compiled")
    attributes, tensors = _parameters(context, x, position + 1, x.dtype)
    if attributes["type"] != x.dtype:
        raise RefusedError(f"its zero point is {attributes['type']} and its input {x.dtype}")
    return context.emit("dequantize_linear", [x], tensors, **attributes)


def _parameters(
    context: Context, x: Value, position: int, default: str
) -> tuple[dict[str, object], dict[str, Array]]:
    """Read scale and zero point, checked, in the form that the steps take."""
    if context.attributes.get("block_size", 0):
        raise RefusedError(
            "it has a scale for each block: only one for each place of an axis is compiled"
        )
    scale = np.atleast_1d(context.float_array(position, "scale"))
    zero = (
        np.atleast_1d(context.array(position + 1, "zero point"))
        if context.has(position + 1)
        else np.zeros(scale.shape, _TYPES[default])
    )
    if zero.dtype not in (np.uint8, np.int8):
        raise RefusedError(f"its zero point is {zero.dtype}: only uint8 and int8 are compiled")
    if scale.ndim > 1 or scale.shape != zero.shape or not scale.size:
        raise RefusedError(f"a scale of the shape {scale.shape} meets zero points of {zero.shape}")
    _check_scales(scale)
    axis = 0 if scale.size == 1 else context.axis(context.attributes.get("axis", 1), len(x.shape))
    if scale.size > 1 and isinstance(x.shape[axis], int) and x.shape[axis] != scale.size:
        raise RefusedError(
            f"{scale.size} scales do not fit the {x.shape[axis]} places of its axis {axis}"
        )
    tensors: dict[str, Array] = {"scale": scale, "zero_point": zero.astype(np.int32)}
    return {"type": str(zero.dtype), "axis": axis}, tensors


def _check_scales(scale: Array) -> None:
    wrong = scale[~((scale > 0) & np.isfinite(scale))]
    if wrong.size:
        raise RefusedError(f"its scale {wrong.flat[0]} is not a positive number")


def _constant(context: Context, position: int, axis: int) -> Value:
    """Make the float32 constant of codes, a scale and a zero point beside each other."""
    codes = context.array(position, "weight")
    scale = context.float_array(position + 1, "weight's scale")
    zero = context.array(position + 2, "weight's zero point")
    if codes.dtype not in (np.uint8, np.int8) or zero.dtype != codes.dtype:
        raise RefusedError(f"its weight is {codes.dtype} and the zero point {zero.dtype}")
    if scale.size == 1:
        scale, zero = scale.reshape(()), zero.reshape(-1)[:1].reshape(()) if zero.size else zero
    axis %= codes.ndim
    if scale.shape != zero.shape or scale.ndim > 1:
        raise RefusedError(f"a scale of the shape {scale.shape} meets zero points of {zero.shape}")
    if scale.ndim and scale.size != codes.shape[axis]:
        raise RefusedError(f"{scale.size} scales do not fit a weight of the shape {codes.shape}")
    _check_scales(np.atleast_1d(scale))
    return _made_of(Codes(codes, scale, zero, axis))


def _integers(codes: Array, scale: Array) -> Value:
    """Make the float32 constant of the bias, a vector of int32."""
    if codes.ndim != 1 or scale.size not in (1, codes.size):
        raise RefusedError(f"its bias has the shape {codes.shape}")
    scale = scale.reshape(()) if scale.size == 1 else scale.reshape(-1)
    return _made_of(Codes(codes, scale, np.zeros(scale.shape, np.int32), 0))


def _made_of(codes: Codes) -> Value:
    scale = codes.scale
    if scale.ndim:
        shape = [1] * codes.codes.ndim
        shape[codes.axis] = -1
        scale = scale.reshape(shape)
    value = Value.constant((codes.centred * scale).astype(np.float32))
    value.codes = codes
    return value
