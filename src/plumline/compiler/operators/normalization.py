"""BatchNormalization."""

import numpy as np

from plumline.compiler.graph import Value
from plumline.compiler.lowering import Context, RefusedError, lowers


@lowers("BatchNormalization")
def batch_normalization(context: Context) -> Value:
    """``(x - mean) / sqrt(variance + epsilon) * scale + shift``, as one affine step."""
    get = context.attributes
    if get.get("training_mode", 0) or not get.get("spatial", 1) or any(context.used_outputs[1:]):
        raise RefusedError(
            "only its inference form is compiled: export the model in evaluation mode"
        )
    names = ("scale", "shift", "mean", "variance")
    # In double precision: the two roundings of scale and shift are then the only ones.
    scale, shift, mean, variance = (
        context.float_array(position, name).astype(np.float64)
        for position, name in enumerate(names, 1)
    )
    x = context.value(0)
    if len(x.shape) < 2 or any(
        array.shape != scale.shape or array.ndim != 1 for array in (shift, mean, variance)
    ):
        raise RefusedError("its parameters do not have one number a channel")
    if isinstance(x.shape[1], int) and x.shape[1] != scale.size:
        raise RefusedError(
            f"its parameters are for {scale.size} channels and its input has {x.shape[1]}"
        )
    with np.errstate(all="ignore"):
        factor = scale / np.sqrt(variance + get.get("epsilon", 1e-5))
        tensors = {
            "scale": factor.astype(np.float32),
            "shift": (shift - mean * factor).astype(np.float32),
        }
    return context.emit("affine", [x], tensors, activation="none", activation_parameters=())
