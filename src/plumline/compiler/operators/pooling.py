"""Pooling and ReduceMean."""

from plumline.compiler.dims import known
from plumline.compiler.graph import Value
from plumline.compiler.lowering import Context, RefusedError, lowers
from plumline.compiler.operators import windows


@lowers("MaxPool")
def max_pool(context: Context) -> Value:
    """The largest number of each window; padding never wins."""
    attributes = windows.read(context, list(context.attributes["kernel_shape"]))
    ceil_mode = context.attributes.get("ceil_mode", 0)
    return context.emit("max_pool", [context.value(0)], **attributes, ceil_mode=ceil_mode)


@lowers("AveragePool")
def average_pool(context: Context) -> Value:
    """The mean of each window, over the numbers of the input or over padding too."""
    get = context.attributes
    attributes = windows.read(context, list(get["kernel_shape"]))
    sizes = windows.spatial(context)
    bare = not any(attributes["pads"]) and set(attributes["dilations"]) == {1}
    if bare and attributes["kernel"] == sizes:  # one window, the whole input
        axes = tuple(range(2, 2 + len(sizes)))
        return context.emit("reduce_mean", [context.value(0)], axes=axes, keepdims=1)
    return context.emit(
        "average_pool",
        [context.value(0)],
        **attributes,
        ceil_mode=get.get("ceil_mode", 0),
        count_include_pad=get.get("count_include_pad", 0),
    )


@lowers("GlobalAveragePool")
def global_average_pool(context: Context) -> Value:
    """The mean of each channel."""
    axes = tuple(range(2, len(context.shape(0))))
    return (
        context.emit("reduce_mean", [context.value(0)], axes=axes, keepdims=1)
        if axes
        else context.value(0)
    )


@lowers("GlobalMaxPool")
def global_max_pool(context: Context) -> Value:
    """The largest number of each channel: one window of the input's size."""
    kernel = known(windows.spatial(context))
    if kernel is None:
        raise RefusedError("the size of its input is known only at run time: fix it with shapes=")
    attributes = windows.read(context, list(kernel))
    return context.emit("max_pool", [context.value(0)], **attributes, ceil_mode=0)


@lowers("ReduceMean")
def reduce_mean(context: Context) -> Value:
    """The mean over axes; they are an attribute before opset 18, then a constant input."""
    x, get = context.value(0), context.attributes
    rank = len(x.shape)
    axes = context.integers(1, "axes") if context.has(1) else list(get.get("axes", ()))
    if not axes and get.get("noop_with_empty_axes", 0):
        return x
    chosen = {context.axis(axis, rank) for axis in axes} or set(range(rank))
    return context.emit(
        "reduce_mean", [x], axes=tuple(sorted(chosen)), keepdims=get.get("keepdims", 1)
    )
