"""Programs of one node on 8-bit codes, and what they should compute, in numpy's integers."""

import numpy as np

from plumline.runtime import _native

LIMITS = {"uint8": (0, 255), "int8": (-128, 127)}
UNIT = {"scale": np.ones(1, np.float32), "zero_point": np.zeros(1, np.int32)}


def run_on_codes(isa, op, arrays, attributes, tensors, threads=1):
    """Run a node on arrays of codes; its result as numbers, and its kernel."""
    n, output = len(arrays), attributes["output"]
    nodes = [
        ("quantize_linear", "in", [i], [n + i], {"type": str(array.dtype)}, UNIT)
        for i, array in enumerate(arrays)
    ]
    nodes.append((op, "node", list(range(n, 2 * n)), [2 * n], attributes, tensors))
    back = (
        ("copy", {}, {}) if output == "float32" else ("dequantize_linear", {"type": output}, UNIT)
    )
    nodes.append((back[0], "out", [2 * n], [2 * n + 1], *back[1:]))
    inputs = [(i, list(array.shape)) for i, array in enumerate(arrays)]
    graph = _native.Graph(2 * n + 2, inputs, [2 * n + 1], {}, nodes, isa, threads)
    (shape,) = graph.infer([array.shape for array in arrays])
    y = np.full(shape, np.nan, np.float32)
    graph.run([array.astype(np.float32) for array in arrays], [y])
    return y, graph.kernels()[n]


def rounded(real, attributes):
    """The codes of numbers that the scale has divided."""
    low, high = LIMITS[attributes["output"]]
    low, high = attributes.get("low", low), attributes.get("high", high)
    zero = attributes["zero_point"]
    return np.clip(np.rint(real), low - zero, high - zero) + zero


def convolve(x, matrix, attributes):
    """Exact sums of a convolution of centred codes, (batch, filters, height, width), as int64."""
    (kh, kw), (sh, sw), (dh, dw) = (attributes[k] for k in ("kernel", "strides", "dilations"))
    top, left, bottom, right = attributes["pads"]
    groups = attributes["groups"]
    x = np.pad(x.astype(np.int64), [(0, 0), (0, 0), (top, bottom), (left, right)])
    height = (x.shape[2] - (kh - 1) * dh - 1) // sh + 1
    width = (x.shape[3] - (kw - 1) * dw - 1) // sw + 1
    filters, channels = len(matrix) // groups, x.shape[1] // groups
    weights = matrix.astype(np.int64).reshape(groups, filters, channels, kh, kw)
    y = np.zeros((len(x), groups, filters, height, width), np.int64)
    for i in range(kh):
        for j in range(kw):
            rows = slice(i * dh, i * dh + (height - 1) * sh + 1, sh)
            columns = slice(j * dw, j * dw + (width - 1) * sw + 1, sw)
            part = x[:, :, rows, columns].reshape(len(x), groups, channels, height, width)
            y += np.einsum("gfc,ngchw->ngfhw", weights[..., i, j], part)
    return y.reshape(len(x), groups * filters, height, width)


def finished(sums, attributes, tensors):
    """Bias, multiplier and offset, each rounded to float32; then codes unless float32 is wanted."""
    column = (1, -1, *[1] * (sums.ndim - 2))

    def vector(role, dtype):
        return tensors.get(role, np.zeros(sums.shape[1], dtype)).reshape(column)

    exact = sums + vector("bias", np.int32)
    real = exact.astype(np.float32) * vector("multiplier", np.float32)
    real = real + vector("offset", np.float32)
    return real if attributes["output"] == "float32" else rounded(real, attributes)


def weights(rng, form, filters, columns):
    """Random weights: the attribute ``weights``, the tensors, the int8 matrix that they mean."""
    size = (filters, columns)
    if form == "dense":
        matrix = rng.integers(-128, 128, size).astype(np.int8)
        return "dense", {"weight": matrix}, matrix
    tensors = {}
    if form == "ternary":
        sign = rng.choice([-1, 0, 1], size)
        bits = np.stack([sign > 0, sign < 0], axis=1).reshape(-1, columns)
        tensors["coefficient"] = np.tile([3.0, -3.0], filters).astype(np.float32)
        tensors["row_start"] = np.arange(0, 2 * filters + 1, 2, dtype=np.int32)
        matrix = 3 * sign
    elif form == "binary":
        bits = rng.random(size) < 0.5
        tensors["coefficient"] = np.full(filters, 2, np.float32)
        tensors["total_coefficient"] = np.full(filters, -1, np.float32)
        matrix = np.where(bits, 1, -1)
    else:
        bits = rng.random(size) < 0.35
        sign = rng.choice([-1, 1], filters)
        tensors["coefficient"] = sign.astype(np.float32)
        matrix = bits * sign[:, None]
    tensors["bits"] = np.packbits(bits, axis=1, bitorder="little")
    return "planes", tensors, matrix.astype(np.int8)
