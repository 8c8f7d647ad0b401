"""Operators that change nothing at inference: Identity, Dropout, Cast and CastLike to float32."""

import numpy as np
import onnx

from plumline.compiler.graph import Value
from plumline.compiler.lowering import Context, RefusedError, lowers


@lowers("Identity")
def identity(context: Context) -> Value:
    """The input itself."""
    return context.value(0)


@lowers("Dropout")
def dropout(context: Context) -> Value:
    """The input itself, as at inference nothing is dropped."""
    if context.has(2) and context.scalar(2, "training_mode"):
        raise RefusedError("it is in training mode: export the model in evaluation mode")
    return context.value(0)


@lowers("Cast")
def cast(context: Context) -> Value:
    """The input itself: what is not a constant is float32 already."""
    if context.attributes["to"] != onnx.TensorProto.FLOAT:
        kind = onnx.TensorProto.DataType.Name(context.attributes["to"]).lower()
        raise RefusedError(f"it casts a tensor of the network to {kind}: only float32 is compiled")
    return context.value(0)


@lowers("CastLike")
def cast_like(context: Context) -> Value:
    """A constant as float32 beside a tensor of the network, which is float32 itself."""
    x, like = context.value(0), context.value(1)
    if like.data is not None and like.data.dtype != np.float32:
        raise RefusedError(f"it casts to the type of {like.data.dtype}: only float32 is compiled")
    return Value.constant(x.data.astype(np.float32)) if x.data is not None else x
