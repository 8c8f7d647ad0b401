"""The windows of Conv and of pooling: kernel, strides, dilations, pads and automatic padding."""

from typing import Any

from plumline.compiler.dims import Shape
from plumline.compiler.lowering import Context, RefusedError


def spatial(context: Context) -> Shape:
    """Return the sizes of the input's spatial axes, of which there must be one or two."""
    sizes = context.shape(0)[2:]
    if len(context.shape(0)) not in (3, 4):
        raise RefusedError(
            f"its input has {len(context.shape(0))} axes: only 1-D and 2-D forms are compiled "
            f"(3 or 4)"
        )
    return sizes


def read(context: Context, kernel: list[int]) -> dict[str, Any]:
    """Return `kernel`, `strides`, `dilations` and `pads` with all defaults written out."""
    sizes, get = spatial(context), context.attributes
    rank = len(sizes)
    strides = list(get.get("strides") or [1] * rank)
    dilations = list(get.get("dilations") or [1] * rank)
    if not len(kernel) == len(strides) == len(dilations) == rank:
        raise RefusedError(
            f"its kernel, strides and dilations must have one number for each of {rank} axes"
        )
    if min([*kernel, *strides, *dilations]) < 1:
        raise RefusedError("its kernel, strides and dilations must be positive")
    spans = [dilation * (size - 1) + 1 for size, dilation in zip(kernel, dilations, strict=True)]
    pads = _pads(
        get.get("auto_pad", "NOTSET"),
        list(get.get("pads") or [0] * (2 * rank)),
        sizes,
        spans,
        strides,
    )
    return {
        "kernel": tuple(kernel),
        "strides": tuple(strides),
        "dilations": tuple(dilations),
        "pads": tuple(pads),
    }


def _pads(
    mode: str, given: list[int], sizes: Shape, spans: list[int], strides: list[int]
) -> list[int]:
    if mode == "NOTSET":
        if len(given) != 2 * len(sizes) or min(given) < 0:
            raise RefusedError(
                f"its pads {given} must be two numbers from 0 for each of {len(sizes)} axes"
            )
        return given
    if mode == "VALID":
        return [0] * (2 * len(sizes))
    if mode not in ("SAME_UPPER", "SAME_LOWER"):
        raise RefusedError(f"its auto_pad {mode!r} is unknown")
    begins, ends = [], []
    for size, span, stride in zip(sizes, spans, strides, strict=True):
        if stride == 1:
            total = span - 1
        elif isinstance(size, int):
            total = max((-(-size // stride) - 1) * stride + span - size, 0)
        else:
            raise RefusedError(f"auto_pad needs the size {size}: fix it with shapes=")
        less, more = total // 2, total - total // 2
        begins.append(less if mode == "SAME_UPPER" else more)
        ends.append(more if mode == "SAME_UPPER" else less)
    return begins + ends
