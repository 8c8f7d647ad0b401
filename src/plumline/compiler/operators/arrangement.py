"""Operators that move numbers without changing them: Concat, Split, Slice, Gather, Pad."""

from collections.abc import Sequence

from plumline.compiler.dims import Dim
from plumline.compiler.graph import Value
from plumline.compiler.lowering import Context, RefusedError, lowers
from plumline.compiler.operators.reshaping import reshape_to

_LAST = (1 << 63) - 1


@lowers("Concat")
def concat(context: Context) -> Value:
    """Join along an axis."""
    values = [context.value(position) for position in range(len(context.inputs))]
    axis = context.axis(context.attributes.get("axis", 1), len(values[0].shape))
    return values[0] if len(values) == 1 else context.emit("concat", values, axis=axis)


@lowers("Split")
def split(context: Context) -> Sequence[Value]:
    """Cut along an axis: in the given sizes, or in equal parts (the last may be smaller)."""
    x, parts = context.value(0), len(context.used_outputs)
    axis = context.axis(context.attributes.get("axis", 0), len(x.shape))
    sizes = context.integers(1, "split") if context.has(1) else context.attributes.get("split")
    if sizes is None:
        total = x.shape[axis]
        if not isinstance(total, int):
            raise RefusedError(f"it splits the size {total}: fix it with shapes=")
        part = -(-total // parts)
        sizes = [min(part, max(total - part * number, 0)) for number in range(parts)]
    if len(sizes) != parts:
        raise RefusedError(f"it has {parts} outputs and {len(sizes)} sizes")
    return context.emit_many("split", [x], parts, axis=axis, sizes=tuple(sizes))


@lowers("Slice")
def slice_(context: Context) -> Value:
    """Take a range of each given axis: attributes before opset 10, then constant inputs."""
    x = context.value(0)
    if context.opset < 10:
        starts, ends = list(context.attributes["starts"]), list(context.attributes["ends"])
        axes, steps = context.attributes.get("axes"), None
    else:
        axes = context.integers(3, "axes") if context.has(3) else None
        steps = context.integers(4, "steps") if context.has(4) else None
        starts, ends = _sizes(context, 1, "starts"), _sizes(context, 2, "ends")
    axes = [
        context.axis(axis, len(x.shape)) for axis in (range(len(starts)) if axes is None else axes)
    ]
    steps = [1] * len(starts) if steps is None else steps
    if not len(starts) == len(ends) == len(axes) == len(steps) or 0 in steps:
        raise RefusedError("its starts, ends, axes and steps do not fit together")
    chosen = [
        _bound(size, x.shape[axis])
        for size, axis in zip([*starts, *ends], [*axes, *axes], strict=True)
    ]
    return context.emit(
        "slice",
        [x],
        axes=tuple(axes),
        starts=tuple(chosen[: len(axes)]),
        ends=tuple(chosen[len(axes) :]),
        steps=tuple(steps),
    )


def _sizes(context: Context, position: int, what: str) -> list[Dim]:
    value = context.value(position)
    if value.data is None:
        raise RefusedError(f"its {what} are not constants: give them with constants=")
    return [int(size) if value.is_constant else size for size in value.data.flat]


def _bound(bound: Dim, size: Dim) -> int:
    if isinstance(bound, int):
        return bound
    if bound == size:  # up to the whole of an unknown axis
        return _LAST
    raise RefusedError(
        f"it slices at {bound}, which is known only at run time: fix it with shapes="
    )


@lowers("Gather")
def gather(context: Context) -> Value:
    """Take constant places of an axis: a slice for each run of neighbours, joined."""
    x, indices = context.value(0), context.array(1, "indices")
    axis = context.axis(context.attributes.get("axis", 0), len(x.shape))
    size, places = x.shape[axis], [int(index) for index in indices.flat]
    if isinstance(size, int):
        if not all(-size <= place < size for place in places):
            raise RefusedError(f"its indices {places} do not fit an axis of {size}")
        places = [place % size for place in places]
    parts = [
        context.emit("slice", [x], axes=(axis,), starts=(first,), ends=(end or _LAST,), steps=(1,))
        for first, end in _runs(places)
    ]
    if not parts:
        raise RefusedError("its indices are empty")
    y = parts[0] if len(parts) == 1 else context.emit("concat", parts, axis=axis)
    if indices.ndim == 0:
        return context.emit("squeeze", [y], axes=(axis,))
    if indices.ndim == 1:
        return y
    shape = reshape_to(context, y, [*x.shape[:axis], *indices.shape, *x.shape[axis + 1 :]])
    if shape is None:
        raise RefusedError("more than one size is known only at run time: fix them with shapes=")
    return shape


def _runs(places: list[int]) -> list[tuple[int, int]]:
    """Begin and end of each stretch of neighbours."""
    runs: list[tuple[int, int]] = []
    for place in places:
        if runs and place == runs[-1][1] != 0:
            runs[-1] = (runs[-1][0], place + 1)
        else:
            runs.append((place, place + 1))
    return runs


@lowers("Pad")
def pad(context: Context) -> Value:
    """Put numbers around the input, or crop it."""
    x, get = context.value(0), context.attributes
    rank = len(x.shape)
    given = context.integers(1, "pads") if context.opset >= 11 else list(get.get("pads", ()))
    value = context.scalar(2, "constant_value") if context.has(2) else float(get.get("value", 0.0))
    axes = context.integers(3, "axes") if context.has(3) else list(range(rank))
    if len(given) != 2 * len(axes):
        raise RefusedError(f"it has {len(given)} pads for {len(axes)} axes")
    pads = [0] * (2 * rank)
    for position, axis in enumerate(axes):
        pads[context.axis(axis, rank)] = given[position]
        pads[context.axis(axis, rank) + rank] = given[position + len(axes)]
    if not any(pads):
        return x
    mode = get.get("mode", "constant")
    if mode not in ("constant", "reflect", "edge", "wrap"):
        raise RefusedError(f"its mode {mode!r} is unknown")
    return context.emit("pad", [x], pads=tuple(pads), mode=mode, value=value)
