"""Conv."""

from math import prod

from plumline.compiler.graph import Array, Value
from plumline.compiler.lowering import Context, RefusedError, lowers
from plumline.compiler.operators import windows


@lowers("Conv")
def conv(context: Context) -> Value:
    """Convolution with constant weights, in one or two dimensions."""
    sizes = windows.spatial(context)
    weight = context.float_array(1, "weight")
    if len(weight.shape) != 2 + len(sizes):
        raise RefusedError(f"its weight has {weight.ndim} axes and its input {2 + len(sizes)}")
    if not weight.size:
        raise RefusedError(f"its weight of shape {weight.shape} is empty")
    filters, channels, *kernel = weight.shape
    groups, given = context.attributes.get("group", 1), context.shape(0)[1]
    if groups < 1 or filters % groups or (isinstance(given, int) and given != channels * groups):
        raise RefusedError(
            f"a weight of shape {weight.shape} in {groups} groups does not fit {given} channels"
        )
    if list(context.attributes.get("kernel_shape", kernel)) != kernel:
        raise RefusedError("its kernel_shape differs from its weight")
    columns = channels * prod(kernel)
    tensors: dict[str, Array] = {"weight": weight.reshape(filters, columns)}
    if context.has(2):
        tensors["bias"] = context.float_array(2, "bias")
        if tensors["bias"].shape != (filters,):
            raise RefusedError(f"its bias has the shape {tensors['bias'].shape}, not ({filters},)")
    y = context.emit(
        "conv",
        [context.value(0)],
        tensors,
        **windows.read(context, kernel),
        groups=groups,
        filters=filters,
        columns=columns,
        activation="none",
        activation_parameters=(),
    )
    codes = {"weight": context.value(1).codes}
    if context.has(2):
        codes["bias"] = context.value(2).codes
    context.steps[-1].codes = {role: known for role, known in codes.items() if known is not None}
    return y
