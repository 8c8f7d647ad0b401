"""The shape of what each op of the runtime gives: one rule an op, on sizes that may be unknown.

The native operators derive shapes again from the arrays of each run; here they serve the decisions
of the compiler, the operation counts and what `Program.outputs` says.
"""

from collections.abc import Callable, Sequence
from itertools import zip_longest

from plumline.compiler.dims import Dim, Expression, Shape, product, symbol
from plumline.compiler.graph import Step

_Rule = Callable[[Step], list[Shape]]
_RULES: dict[str, _Rule] = {}


class ShapeError(Exception):
    """The inputs of a node do not fit together; the text says how."""


def _rule(*ops: str) -> Callable[[_Rule], _Rule]:
    def register(function: _Rule) -> _Rule:
        _RULES.update(dict.fromkeys(ops, function))
        return function

    return register


_MOVING = ("reshape", "flatten", "squeeze", "unsqueeze", "transpose", "concat", "split", "slice")
_ANY_TYPE = frozenset([*_MOVING, "copy", "max_pool"])
"""Ops that take float32, uint8 or int8 and give the same."""


def infer_type(step: Step) -> str:
    """Return the type of the outputs; raise `ShapeError` when the op does not take its inputs."""
    types = {value.dtype for value in step.inputs}
    if step.op in _ANY_TYPE and len(types) == 1:
        return types.pop()
    if step.op == "quantize_linear":
        return str(step.attributes["type"])
    if step.op.startswith("quantized_"):
        return str(step.attributes["output"])
    if step.op != "dequantize_linear" and types - {"float32"}:
        raise ShapeError(
            f"it computes with {', '.join(sorted(types - {'float32'}))}: only float32 is compiled"
        )
    return "float32"


def infer(step: Step) -> list[Shape]:
    """Return the shape of each output; raise `ShapeError` when the inputs cannot be right."""
    return _RULES[step.op](step)


def broadcast(*shapes: Shape) -> Shape:
    """Return the shape that numpy broadcasting gives."""
    reversed_sizes = zip_longest(*(reversed(shape) for shape in shapes), fillvalue=1)
    return tuple(reversed([_broadcast_size(sizes) for sizes in reversed_sizes]))


def _broadcast_size(sizes: Sequence[Dim]) -> Dim:
    wide = {size for size in sizes if size != 1}
    numbers = [size for size in wide if isinstance(size, int)]
    if len(numbers) > 1:
        raise ShapeError(f"sizes {' and '.join(map(str, sorted(numbers)))} cannot be broadcast")
    if numbers:
        return numbers[0]  # an unknown size beside it can only be the same, or 1
    if len(wide) > 1:
        return symbol(f"max({', '.join(sorted(map(str, wide)))})")
    return wide.pop() if wide else 1


@_rule(
    "relu",
    "sigmoid",
    "tanh",
    "hard_swish",
    "leaky_relu",
    "hard_sigmoid",
    "clip",
    "softmax",
    "copy",
    "affine",
    "prelu",
    "quantize_linear",
    "dequantize_linear",
    "quantized_add",
)
def _same(step: Step) -> list[Shape]:
    return [step.inputs[0].shape]


@_rule("add", "sub", "mul", "div")
def _elementwise(step: Step) -> list[Shape]:
    return [broadcast(*(value.shape for value in step.inputs))]


@_rule("conv", "quantized_conv")
def _conv(step: Step) -> list[Shape]:
    x = step.inputs[0].shape
    return [(x[0], step.attributes["filters"], *_windows(step, x[2:]))]


@_rule("linear", "quantized_linear")
def _linear(step: Step) -> list[Shape]:
    return [(*step.inputs[0].shape[:-1], step.attributes["filters"])]


@_rule("max_pool", "average_pool")
def _pool(step: Step) -> list[Shape]:
    x = step.inputs[0].shape
    return [(*x[:2], *_windows(step, x[2:]))]


def _windows(step: Step, sizes: Shape) -> list[Dim]:
    get = step.attributes
    rank = len(sizes)
    result: list[Dim] = []
    for axis, size in enumerate(sizes):
        begin, end = get["pads"][axis], get["pads"][axis + rank]
        stride = get["strides"][axis]
        space = size + begin + end - get["dilations"][axis] * (get["kernel"][axis] - 1) - 1
        if isinstance(space, int) and space < 0:
            raise ShapeError(
                f"its window is larger than its padded input of {size + begin + end} along axis "
                f"{axis + 2}"
            )
        count: Dim = space // stride + 1
        if get.get("ceil_mode", 0):
            count = -(-space // stride) + 1
            # A window must begin inside the input or the padding before it.
            if (
                isinstance(count, int)
                and isinstance(size, int)
                and (count - 1) * stride >= size + begin
            ):
                count -= 1
        result.append(count)
    return result


@_rule("matmul")
def _matmul(step: Step) -> list[Shape]:
    a, b = (value.shape for value in step.inputs)
    left, right = (1, *a) if len(a) == 1 else a, (*b, 1) if len(b) == 1 else b
    inner = left[-1], right[-2]
    if all(isinstance(size, int) for size in inner) and inner[0] != inner[1]:
        raise ShapeError(f"{inner[0]} columns meet {inner[1]} rows")
    rows = () if len(a) == 1 else (left[-2],)
    columns = () if len(b) == 1 else (right[-1],)
    return [(*broadcast(left[:-2], right[:-2]), *rows, *columns)]


@_rule("reduce_mean")
def _reduce_mean(step: Step) -> list[Shape]:
    x = step.inputs[0].shape
    axes = step.attributes["axes"] or range(len(x))
    if step.attributes["keepdims"]:
        return [tuple(1 if axis in axes else size for axis, size in enumerate(x))]
    return [tuple(size for axis, size in enumerate(x) if axis not in axes)]


@_rule("reshape")
def _reshape(step: Step) -> list[Shape]:
    x, target = step.inputs[0].shape, list(step.attributes["shape"])
    copies = not step.attributes["allow_zero"]
    if copies and any(size == 0 and axis >= len(x) for axis, size in enumerate(target)):
        raise ShapeError(f"shape {target} copies an axis that the input does not have")
    sizes: list[Dim] = [
        x[axis] if size == 0 and copies else size for axis, size in enumerate(target)
    ]
    known = product(size for size in sizes if size != -1)
    total = product(x)
    if -1 in target:
        if known == 0:
            raise ShapeError(f"shape {target} leaves the size of an axis open")
        rest = total // known
        if isinstance(rest, int) and rest * known != total:
            raise ShapeError(f"{total} elements do not fit the shape {target}")
        sizes[target.index(-1)] = rest
    elif isinstance(known, int) and isinstance(total, int) and known != total:
        raise ShapeError(f"{total} elements do not fit the shape {target}")
    return [tuple(sizes)]


@_rule("flatten")
def _flatten(step: Step) -> list[Shape]:
    x, axis = step.inputs[0].shape, step.attributes["axis"]
    return [(product(x[:axis]), product(x[axis:]))]


@_rule("squeeze")
def _squeeze(step: Step) -> list[Shape]:
    x = step.inputs[0].shape
    axes = step.attributes["axes"] or [axis for axis, size in enumerate(x) if size == 1]
    if any(isinstance(x[axis], int) and x[axis] != 1 for axis in axes):
        raise ShapeError(f"axes {list(axes)} of {_text(x)} are not all of size 1")
    return [tuple(size for axis, size in enumerate(x) if axis not in axes)]


@_rule("unsqueeze")
def _unsqueeze(step: Step) -> list[Shape]:
    sizes = list(step.inputs[0].shape)
    for axis in sorted(step.attributes["axes"]):
        sizes.insert(axis, 1)
    return [tuple(sizes)]


@_rule("transpose")
def _transpose(step: Step) -> list[Shape]:
    return [tuple(step.inputs[0].shape[axis] for axis in step.attributes["perm"])]


@_rule("concat")
def _concat(step: Step) -> list[Shape]:
    axis, shapes = step.attributes["axis"], [value.shape for value in step.inputs]
    if len({len(shape) for shape in shapes}) != 1:
        raise ShapeError("its inputs have different numbers of axes")
    rest = {shape[:axis] + shape[axis + 1 :] for shape in shapes}
    if len(rest) > 1 and not any(isinstance(size, Expression) for shape in rest for size in shape):
        raise ShapeError("its inputs differ in more than the axis they are joined along")
    total: Dim = 0
    for shape in shapes:
        total = total + shape[axis]
    return [(*shapes[0][:axis], total, *shapes[0][axis + 1 :])]


@_rule("split")
def _split(step: Step) -> list[Shape]:
    x, axis, sizes = step.inputs[0].shape, step.attributes["axis"], step.attributes["sizes"]
    if isinstance(x[axis], int) and x[axis] != sum(sizes):
        raise ShapeError(f"its sizes {list(sizes)} do not add up to {x[axis]}")
    return [(*x[:axis], size, *x[axis + 1 :]) for size in sizes]


@_rule("slice")
def _slice(step: Step) -> list[Shape]:
    get, sizes = step.attributes, list(step.inputs[0].shape)
    for axis, start, end, stride in zip(
        get["axes"], get["starts"], get["ends"], get["steps"], strict=True
    ):
        size = sizes[axis]
        if isinstance(size, int):
            sizes[axis] = len(
                range(*slice(start, _python_end(end, size, stride), stride).indices(size))
            )
        elif (start, stride) != (0, 1) or end < 1 << 31:
            sizes[axis] = symbol(f"{size}[{start}:{end}:{stride}]")
    return [tuple(sizes)]


def _python_end(end: int, size: int, stride: int) -> int | None:
    # Python reads an end of -1 as the last element; in ONNX an end below -size stands before the
    # first one.
    return None if stride < 0 and end < -size else end


@_rule("pad")
def _pad(step: Step) -> list[Shape]:
    x, pads = step.inputs[0].shape, step.attributes["pads"]
    sizes = [size + pads[axis] + pads[axis + len(x)] for axis, size in enumerate(x)]
    if any(isinstance(size, int) and size < 0 for size in sizes):
        raise ShapeError(f"pads {list(pads)} crop more than {_text(x)} has")
    return [tuple(sizes)]


def _text(shape: Shape) -> str:
    return f"({', '.join(map(str, shape))})"
