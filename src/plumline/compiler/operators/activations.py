"""Activation functions and Softmax."""

import numpy as np

from plumline.compiler.dims import Shape, product
from plumline.compiler.graph import Value, floats
from plumline.compiler.lowering import Context, RefusedError, lowers
from plumline.compiler.operators.reshaping import reshape_to

_LIMIT = float(np.finfo(np.float32).max)


@lowers("Relu", "Sigmoid", "Tanh")
def plain(context: Context) -> Value:
    """``max(x, 0)``, ``1 / (1 + exp(-x))``, the hyperbolic tangent."""
    return context.emit(context.operator.lower(), [context.value(0)])


@lowers("HardSwish")
def hard_swish(context: Context) -> Value:
    """``x * max(0, min(1, x / 6 + 0.5))``."""
    return context.emit("hard_swish", [context.value(0)])


@lowers("HardSigmoid")
def hard_sigmoid(context: Context) -> Value:
    """``max(0, min(1, alpha * x + beta))``."""
    alpha, beta = context.attributes.get("alpha", 0.2), context.attributes.get("beta", 0.5)
    return context.emit("hard_sigmoid", [context.value(0)], alpha=float(alpha), beta=float(beta))


@lowers("LeakyRelu")
def leaky_relu(context: Context) -> Value:
    """``x`` where it is positive, else ``alpha * x``."""
    return context.emit(
        "leaky_relu", [context.value(0)], alpha=float(context.attributes.get("alpha", 0.01))
    )


@lowers("PRelu")
def prelu(context: Context) -> Value:
    """``x`` where it is positive, else ``slope * x``; one constant slope is a leaky ReLU."""
    x, slope = context.value(0), context.value(1)
    data = floats(slope)
    if data is not None and data.size == 1 and data.ndim <= len(x.shape):
        return context.emit("leaky_relu", [x], alpha=float(data.reshape(())[()]))
    return context.emit("prelu", [x, slope])


@lowers("Clip")
def clip(context: Context) -> Value:
    """``min(max(x, low), high)``; attributes before opset 11, then constant inputs."""
    low = (
        context.scalar(1, "min")
        if context.has(1)
        else float(context.attributes.get("min", -_LIMIT))
    )
    high = (
        context.scalar(2, "max") if context.has(2) else float(context.attributes.get("max", _LIMIT))
    )
    x = context.value(0)
    if low <= -_LIMIT and high >= _LIMIT:
        return x
    if low == 0 and high >= _LIMIT:
        return context.emit("relu", [x])
    return context.emit("clip", [x], min=low, max=high)


@lowers("Softmax")
def softmax(context: Context) -> Value:
    """Softmax along an axis; before opset 13 over all axes from it on."""
    x = context.value(0)
    rank = len(x.shape)
    if context.opset >= 13:
        return context.emit(
            "softmax", [x], axis=context.axis(context.attributes.get("axis", -1), rank)
        )
    axis = context.axis(context.attributes.get("axis", 1), rank)
    if product(x.shape[axis + 1 :]) == 1:
        return context.emit("softmax", [x], axis=axis)
    matrix = context.emit("flatten", [x], axis=axis)
    return _restore(context, context.emit("softmax", [matrix], axis=1), x.shape)


def _restore(context: Context, matrix: Value, shape: Shape) -> Value:
    restored = reshape_to(context, matrix, list(shape))
    if restored is None:
        raise RefusedError("more than one size is known only at run time: fix them with shapes=")
    return restored
