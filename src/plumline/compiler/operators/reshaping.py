"""Operators that only name the axes anew: Reshape, Flatten, Squeeze, Unsqueeze; and Transpose."""

from plumline.compiler.dims import Dim, Expression, product
from plumline.compiler.graph import Value
from plumline.compiler.lowering import Context, RefusedError, lowers


@lowers("Reshape")
def reshape(context: Context) -> Value:
    """Reshape to a constant shape, or to one made of the input's own sizes."""
    target = context.value(1)
    if target.data is None:
        raise RefusedError("its shape is computed from the network's data")
    allow_zero = bool(context.attributes.get("allowzero", 0))
    if target.is_constant:
        sizes = tuple(int(size) for size in target.data.flat)
        return context.emit("reshape", [context.value(0)], shape=sizes, allow_zero=int(allow_zero))
    x = context.value(0)
    dims: list[Dim] = list(target.data.flat)
    if not allow_zero:
        dims = [x.shape[axis] if size == 0 else size for axis, size in enumerate(dims)]
    result = reshape_to(context, x, dims)
    if result is None:
        text = ", ".join(map(str, dims))
        raise RefusedError(
            f"its shape ({text}) has more than one size known only at run time: fix them with "
            f"shapes="
        )
    return result


def reshape_to(context: Context, x: Value, dims: list[Dim]) -> Value | None:
    """Emit a reshape to sizes, some unknown; None when 0 (copy) and -1 (infer) cannot say it."""
    open_axes = [axis for axis, size in enumerate(dims) if size == -1]
    if open_axes:
        rest = product(x.shape) // product(size for size in dims if size != -1)
        if isinstance(rest, int):
            dims = [rest if size == -1 else size for size in dims]
    codes = [_code(axis, size, x) for axis, size in enumerate(dims)]
    if codes.count(-1) > 1 or 0 in [size for size in dims if isinstance(size, int)]:
        return None
    return context.emit("reshape", [x], shape=tuple(codes), allow_zero=0)


def _code(axis: int, size: Dim, x: Value) -> int:
    if not isinstance(size, Expression):
        return size
    return 0 if axis < len(x.shape) and x.shape[axis] == size else -1


@lowers("Flatten")
def flatten(context: Context) -> Value:
    """A matrix: the axes before ``axis`` and those from it on."""
    rank = len(context.shape(0))
    axis = context.attributes.get("axis", 1)
    return context.emit(
        "flatten", [context.value(0)], axis=axis if axis == rank else context.axis(axis, rank)
    )


def _axes(context: Context) -> list[int] | None:
    if context.has(1):
        return context.integers(1, "axes")
    return context.attributes.get("axes")


@lowers("Squeeze")
def squeeze(context: Context) -> Value:
    """Leave out axes of size 1."""
    rank, axes = len(context.shape(0)), _axes(context)
    chosen = tuple(sorted(context.axis(axis, rank) for axis in axes or []))
    if axes == []:
        return context.value(0)
    return context.emit("squeeze", [context.value(0)], axes=chosen)


@lowers("Unsqueeze")
def unsqueeze(context: Context) -> Value:
    """Insert axes of size 1."""
    axes = _axes(context)
    if axes is None:
        raise RefusedError("it has no axes")
    rank = len(context.shape(0)) + len(axes)
    chosen = sorted({context.axis(axis, rank) for axis in axes})
    if len(chosen) != len(axes):
        raise RefusedError(f"its axes {axes} repeat")
    return (
        context.emit("unsqueeze", [context.value(0)], axes=tuple(chosen))
        if chosen
        else context.value(0)
    )


@lowers("Transpose")
def transpose(context: Context) -> Value:
    """Permute the axes."""
    rank = len(context.shape(0))
    perm = tuple(context.attributes.get("perm") or reversed(range(rank)))
    if sorted(perm) != list(range(rank)):
        raise RefusedError(f"its perm {perm} does not permute {rank} axes")
    return context.emit("transpose", [context.value(0)], perm=perm)
