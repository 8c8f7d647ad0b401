"""Every op of the runtime in plain numpy: slow, small, obviously right.

`Graph` has the face of `plumline.runtime._native.Graph`, so a program can run on either, and each
op of the native module is tested against the one here.
"""

from itertools import product

import numpy as np

OPS = {}


class NativeError(ValueError):
    pass


def op(*names):
    def register(function):
        OPS.update(dict.fromkeys(names, function))
        return function

    return register


def available_isas():
    return ["reference"]


def best_isa():
    return "reference"


def operators():
    return sorted(OPS)


class Graph:
    arena_bytes = 0

    def __init__(self, values, inputs, outputs, constants, nodes, isa, threads):
        for node in nodes:
            if node[0] not in OPS:
                raise NativeError(f"unknown op {node[0]!r}")
        self._inputs, self._outputs, self._constants, self._nodes = (
            inputs,
            outputs,
            constants,
            nodes,
        )
        self.threads = threads

    def infer(self, shapes):
        results = self._compute([np.zeros(shape, np.float32) for shape in shapes])
        return [list(array.shape) for array in results]

    def run(self, arrays, outputs):
        for output, result in zip(outputs, self._compute(arrays), strict=True):
            output[...] = result

    def kernels(self):
        return ["reference"] * len(self._nodes)

    def reasons(self):
        return [""] * len(self._nodes)

    def profile(self, arrays, repeats):
        return [0.0] * len(self._nodes)

    def _compute(self, arrays):
        values = dict(self._constants)
        values |= {value: array for (value, _), array in zip(self._inputs, arrays, strict=True)}
        for name, _, inputs, outputs, attributes, tensors in self._nodes:
            with np.errstate(all="ignore"):
                result = OPS[name]([values[value] for value in inputs], attributes, tensors)
            results = result if isinstance(result, list) else [result]
            for value, array in zip(outputs, results, strict=True):
                values[value] = np.asarray(array, np.float32)
        return [values[value] for value in self._outputs]


def activate(kind, x, parameters=(), slope=None):
    if kind == "none":
        return x
    if kind == "relu":
        return np.maximum(x, 0)
    if kind == "leaky_relu":
        return np.where(x < 0, x * np.float32(parameters[0]), x)
    if kind == "clip":
        return np.minimum(np.maximum(x, np.float32(parameters[0])), np.float32(parameters[1]))
    if kind == "sigmoid":
        return 1 / (1 + np.exp(-x.astype(np.float64)))
    if kind == "tanh":
        return np.tanh(x)
    if kind == "hard_sigmoid":
        return np.clip(np.float32(parameters[0]) * x + np.float32(parameters[1]), 0, 1)
    if kind == "hard_swish":
        return x * np.clip(x / 6 + 0.5, 0, 1)
    if kind == "prelu":
        return np.where(x < 0, x * slope, x)
    raise NativeError(f"unknown activation {kind!r}")


def numbers(tensors, role, count):
    """Read the numbers of a role, or those of the table that their places name."""
    if role in tensors:
        return tensors[role].astype(np.float64)
    table = tensors["table"].astype(np.float64)
    width = (len(table) - 1).bit_length()
    bits = np.unpackbits(tensors["code"], bitorder="little")[: count * width]
    return table[bits.reshape(count, width) @ (1 << np.arange(width))]


def weight_matrix(attributes, tensors, columns):
    """Unpack any form of weights to a dense float64 matrix of one row a filter."""
    filters, form = attributes["filters"], attributes["weights"]
    if form == "dense":
        return numbers(tensors, "weight", filters * columns).reshape(filters, columns)
    matrix = np.zeros((filters, columns))
    if form == "sparse":
        found = np.unpackbits(tensors["bits"], axis=1, bitorder="little")[:, :columns]
        matrix[found.astype(bool)] = numbers(tensors, "value", int(found.sum()))
        return matrix
    if form != "planes":
        raise NativeError(f"unknown weights {form!r}")
    starts = tensors.get("row_start", np.arange(filters + 1))
    planes = np.unpackbits(tensors["bits"], axis=1, bitorder="little")[:, :columns]
    if "total_coefficient" in tensors:
        matrix += tensors["total_coefficient"][:, None]
    for row in range(filters):
        for plane in range(starts[row], starts[row + 1]):
            matrix[row] += float(tensors["coefficient"][plane]) * planes[plane]
    return matrix


def finish(y, inputs, attributes, tensors, channel_shape):
    if "bias" in tensors:
        y = y + tensors["bias"].reshape(channel_shape)
    if len(inputs) > 1:
        y = y + inputs[1]
    slope = tensors["slope"].reshape(channel_shape) if "slope" in tensors else None
    return activate(attributes["activation"], y, attributes["activation_parameters"], slope)


def windows(x, attributes, counts, fill):
    """Yield, for each kernel position, its index and the (N, C, *counts) numbers it meets."""
    kernel, strides, dilations, pads = (
        attributes[k] for k in ("kernel", "strides", "dilations", "pads")
    )
    rank = len(kernel)
    # Enough padding at the end for any ceil_mode window.
    reach = [
        (c - 1) * s + (k - 1) * d + 1
        for c, s, k, d in zip(counts, strides, kernel, dilations, strict=True)
    ]
    ends = [max(r - pads[a] - x.shape[2 + a], 0) for a, r in enumerate(reach)]
    padded = np.pad(
        x, [(0, 0), (0, 0), *((pads[a], ends[a]) for a in range(rank))], constant_values=fill
    )
    for index in product(*(range(k) for k in kernel)):
        begins = [i * d for i, d in zip(index, dilations, strict=True)]
        spans = [
            slice(b, b + (c - 1) * s + 1, s)
            for b, c, s in zip(begins, counts, strides, strict=True)
        ]
        yield index, padded[(slice(None), slice(None), *spans)]


def window_counts(sizes, attributes):
    counts = []
    rank = len(sizes)
    for a, size in enumerate(sizes):
        begin, end, stride = (
            attributes["pads"][a],
            attributes["pads"][a + rank],
            attributes["strides"][a],
        )
        space = size + begin + end - attributes["dilations"][a] * (attributes["kernel"][a] - 1) - 1
        if space < 0:
            raise NativeError("the window is larger than the padded input")
        count = space // stride + 1
        if attributes.get("ceil_mode", 0):
            count = -(-space // stride) + 1
            count -= (count - 1) * stride >= size + begin
        counts.append(count)
    return counts


@op("conv")
def conv(inputs, attributes, tensors):
    x = inputs[0].astype(np.float64)
    groups, filters = attributes["groups"], attributes["filters"]
    channels = x.shape[1] // groups
    counts = window_counts(x.shape[2:], attributes)
    taps = [part for _, part in windows(x, attributes, counts, 0)]
    matrix = weight_matrix(attributes, tensors, channels * len(taps))
    weight = matrix.reshape(groups, filters // groups, channels, len(taps))
    patches = np.stack(taps, axis=2).reshape(len(x), groups, channels, len(taps), -1)
    y = np.einsum("gmct,ngctp->ngmp", weight, patches).reshape(len(x), filters, *counts)
    return finish(y, inputs, attributes, tensors, (-1, *[1] * len(counts)))


@op("linear")
def linear(inputs, attributes, tensors):
    matrix = weight_matrix(attributes, tensors, attributes["columns"])
    return finish(inputs[0].astype(np.float64) @ matrix.T, inputs, attributes, tensors, (-1,))


# Codes are held as float32 here: whole numbers that small are exact.


def centred(x, attributes, prefix):
    return x.astype(np.float64) - attributes[f"{prefix}zero_point"]


def saturate(real, attributes):
    limits = {"uint8": (0, 255), "int8": (-128, 127)}[attributes["output"]]
    low, high = (
        attributes.get(key, limit) for key, limit in zip(("low", "high"), limits, strict=True)
    )
    zero = attributes["zero_point"]
    return np.clip(np.rint(real), low - zero, high - zero) + zero


def per_axis(x, attributes, tensors):
    shape = [1] * x.ndim
    if tensors["scale"].size > 1:
        shape[attributes.get("axis", 1)] = -1
    shape = shape if x.ndim else ()
    return tensors["scale"].reshape(shape), tensors["zero_point"].reshape(shape)


@op("quantize_linear")
def quantize_linear(inputs, attributes, tensors):
    scale, zero = per_axis(inputs[0], attributes, tensors)
    low, high = {"uint8": (0, 255), "int8": (-128, 127)}[attributes["type"]]
    return np.clip(np.rint(inputs[0] / scale) + zero, low, high)


@op("dequantize_linear")
def dequantize_linear(inputs, attributes, tensors):
    scale, zero = per_axis(inputs[0], attributes, tensors)
    return (inputs[0] - zero).astype(np.float32) * scale


@op("quantized_add")
def quantized_add(inputs, attributes, tensors):
    a, b = (
        centred(x, attributes, f"{name}_").astype(np.float32)
        * np.float32(attributes[f"{name}_scale"])
        for x, name in zip(inputs, "ab", strict=True)
    )
    return saturate((a + b) / np.float32(attributes["scale"]), attributes)


@op("quantized_conv", "quantized_linear")
def quantized_layer(inputs, attributes, tensors):
    plain = {"activation": "none", "activation_parameters": [], **attributes}
    layer = conv if "kernel" in attributes else linear
    weights = {k: v for k, v in tensors.items() if k not in ("multiplier", "offset")}
    sums = layer([centred(inputs[0], attributes, "input_")], plain, weights)
    shape = (-1, *[1] * (sums.ndim - 2)) if layer is conv else (-1,)
    real = sums.astype(np.float32) * tensors["multiplier"].reshape(shape)
    if "offset" in tensors:
        real = real + tensors["offset"].reshape(shape)
    return real if attributes["output"] == "float32" else saturate(real, attributes)


@op("affine")
def affine(inputs, attributes, tensors):
    column = (-1, *[1] * (inputs[0].ndim - 2))
    y = inputs[0] * tensors["scale"].reshape(column) + tensors["shift"].reshape(column)
    return finish(
        y, inputs[:1], attributes, {k: v for k, v in tensors.items() if k == "slope"}, column
    )


_PARAMETERS = {
    "relu": (),
    "sigmoid": (),
    "tanh": (),
    "hard_swish": (),
    "leaky_relu": ("alpha",),
    "hard_sigmoid": ("alpha", "beta"),
    "clip": ("min", "max"),
}
for _name, _keys in _PARAMETERS.items():
    OPS[_name] = lambda i, a, t, name=_name, keys=_keys: activate(name, i[0], [a[k] for k in keys])

OPS["add"] = lambda i, a, t: i[0] + i[1]
OPS["sub"] = lambda i, a, t: i[0] - i[1]
OPS["mul"] = lambda i, a, t: i[0] * i[1]
OPS["div"] = lambda i, a, t: i[0] / i[1]
OPS["prelu"] = lambda i, a, t: np.where(i[0] < 0, i[0] * i[1], i[0])
OPS["matmul"] = lambda i, a, t: np.matmul(i[0].astype(np.float64), i[1].astype(np.float64))
OPS["copy"] = lambda i, a, t: i[0].copy()
OPS["transpose"] = lambda i, a, t: i[0].transpose(a["perm"])
OPS["concat"] = lambda i, a, t: np.concatenate(i, axis=a["axis"])


@op("max_pool")
def max_pool(inputs, attributes, tensors):
    counts = window_counts(inputs[0].shape[2:], attributes)
    return np.maximum.reduce([part for _, part in windows(inputs[0], attributes, counts, -np.inf)])


@op("average_pool")
def average_pool(inputs, attributes, tensors):
    x = inputs[0].astype(np.float64)
    counts = window_counts(x.shape[2:], attributes)
    total = sum(part for _, part in windows(x, attributes, counts, 0))
    counted = np.ones_like(x)
    if attributes["count_include_pad"]:
        # The padding that was asked for counts; what ceil_mode reaches beyond it does not.
        rank = x.ndim - 2
        pads = attributes["pads"]
        border = [(0, 0), (0, 0), *((pads[a], pads[a + rank]) for a in range(rank))]
        counted = np.pad(counted, border, constant_values=1)
        attributes = {**attributes, "pads": [0] * (2 * rank)}
    return total / sum(part for _, part in windows(counted, attributes, counts, 0))


@op("reduce_mean")
def reduce_mean(inputs, attributes, tensors):
    axes = tuple(attributes["axes"]) or None
    return np.mean(inputs[0], axis=axes, keepdims=bool(attributes["keepdims"]), dtype=np.float64)


@op("softmax")
def softmax(inputs, attributes, tensors):
    axis = attributes["axis"]
    e = np.exp(inputs[0].astype(np.float64) - inputs[0].max(axis, keepdims=True, initial=-np.inf))
    return e / e.sum(axis, keepdims=True)


@op("reshape")
def reshape(inputs, attributes, tensors):
    x, shape = inputs[0], list(attributes["shape"])
    if not attributes["allow_zero"]:
        shape = [x.shape[axis] if size == 0 else size for axis, size in enumerate(shape)]
    try:
        return x.reshape(shape)
    except ValueError as error:
        raise NativeError(str(error)) from None


@op("flatten")
def flatten(inputs, attributes, tensors):
    shape = inputs[0].shape
    return inputs[0].reshape(
        int(np.prod(shape[: attributes["axis"]])), int(np.prod(shape[attributes["axis"] :]))
    )


@op("squeeze")
def squeeze(inputs, attributes, tensors):
    return np.squeeze(inputs[0], tuple(attributes["axes"]) or None)


@op("unsqueeze")
def unsqueeze(inputs, attributes, tensors):
    return np.expand_dims(inputs[0], tuple(attributes["axes"]))


@op("split")
def split(inputs, attributes, tensors):
    return np.split(inputs[0], np.cumsum(attributes["sizes"])[:-1], axis=attributes["axis"])


@op("slice")
def slice_(inputs, attributes, tensors):
    x = inputs[0]
    for axis, start, end, step in zip(
        *(attributes[k] for k in ("axes", "starts", "ends", "steps")), strict=True
    ):
        size = x.shape[axis]
        start, end = (bound + size if bound < 0 else bound for bound in (start, end))
        low, high = (0, size) if step > 0 else (-1, size - 1)
        start = min(max(start, 0), high)
        end = min(max(end, low), size)
        x = np.take(x, range(start, end, step), axis=axis)
    return x


@op("pad")
def pad(inputs, attributes, tensors):
    x, pads, mode = inputs[0], attributes["pads"], attributes["mode"]
    border = [(pads[axis], pads[axis + x.ndim]) for axis in range(x.ndim)]
    x = x[
        tuple(
            slice(max(-b, 0), size - max(-e, 0))
            for (b, e), size in zip(border, x.shape, strict=True)
        )
    ]
    border = [(max(b, 0), max(e, 0)) for b, e in border]
    extra = {"constant_values": attributes["value"]} if mode == "constant" else {}
    return np.pad(x, border, mode=mode, **extra)
