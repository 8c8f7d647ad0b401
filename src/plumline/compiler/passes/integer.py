"""Let layers compute on 8-bit codes where a network is quantized: QDQ graphs become integer ones.

    dequantize -> conv or linear (-> relu or clip) -> quantize     quantized_conv, quantized_linear
    dequantize -> conv or linear                                   the same, giving float32
    dequantize, dequantize -> add (-> relu or clip) -> quantize    quantized_add
    dequantize -> reshape, max_pool, ... -> quantize               the op itself, on codes

Whatever else stands between quantize and dequantize computes in float32, as ONNX defines it. The
weights must be constants made by DequantizeLinear, with one scale a filter or for all. Clipping
codes is the same as quantizing what was clipped, since rounding keeps the order of numbers.
"""

import math
from dataclasses import dataclass

import numpy as np

from plumline.compiler.graph import Array, Codes, Graph, Step, Value, floats
from plumline.compiler.passes.scale import channel_vector

_MOVES = frozenset(
    ("reshape", "flatten", "squeeze", "unsqueeze", "transpose", "concat", "slice", "max_pool")
)
_INT32 = np.iinfo(np.int32)


@dataclass(frozen=True)
class _Scheme:
    """How a tensor is quantized, with one scale."""

    type: str
    scale: np.float32
    zero_point: int

    @property
    def limits(self) -> tuple[int, int]:
        return (-128, 127) if self.type == "int8" else (0, 255)

    def code(self, number: float) -> int:
        """The code of a number (which may be infinite), saturated."""
        low, high = self.limits
        scaled = np.float32(number) / self.scale
        return int(np.clip(np.rint(scaled) + np.float32(self.zero_point), low, high))


@dataclass(frozen=True)
class _Target:
    """Where the result of a layer goes: codes in a range, and the steps that this replaces."""

    output: Value
    replaced: tuple[Step, ...]
    scheme: _Scheme | None = None
    low: int = 0
    high: int = 0


def run(graph: Graph) -> None:
    """Apply the pass in place; what is no longer read is left to the pass for dead steps."""
    _Pass(graph).run()


class _Pass:
    def __init__(self, graph: Graph) -> None:
        self.graph = graph
        self.producers = graph.producers()
        self.uses = graph.uses()
        self.readers: dict[Value, list[Step]] = {}
        for step in graph.steps:
            for value in step.inputs:
                self.readers.setdefault(value, []).append(step)
        self.ranges: dict[Value, tuple[int, int]] = {}

    def run(self) -> None:
        if not any(step.op == "dequantize_linear" for step in self.graph.steps):
            return
        steps: list[Step] = []
        gone: set[int] = set()
        for step in self.graph.steps:
            if id(step) in gone:
                continue
            made = self._rewrite(step, gone)
            steps += made
            for new in made:
                self.producers |= dict.fromkeys(new.outputs, new)
        self.graph.steps = steps

    def _rewrite(self, step: Step, gone: set[int]) -> list[Step]:
        if step.op == "quantize_linear":
            return self._cancelled(step)
        if step.op in _MOVES:
            return self._moved(step)
        if step.op in ("conv", "linear"):
            made = self._layer(step)
        elif step.op == "add":
            made = self._add(step)
        else:
            return [step]
        if made is None:
            return [step]
        new, target = made
        gone.update(id(old) for old in target.replaced)
        return [new]

    def _source(self, value: Value) -> tuple[Value, _Scheme] | None:
        """Return the codes that a number is made of, and how."""
        step = self.producers.get(value)
        if step is None or step.op != "dequantize_linear":
            return None
        scheme = _scheme(step)
        return None if scheme is None else (step.inputs[0], scheme)

    def _cancelled(self, quantize: Step) -> list[Step]:
        """Codes that are dequantized and quantized alike are the codes themselves."""
        source, scheme = self._source(quantize.inputs[0]), _scheme(quantize)
        if source is None or scheme is None or source[1] != scheme:
            return [quantize]
        codes = source[0]
        for reader in self.readers.get(quantize.output, []):
            reader.inputs = [
                codes if value is quantize.output else value for value in reader.inputs
            ]
        return []

    def _moved(self, step: Step) -> list[Step]:
        """What only moves numbers, or takes the largest, does the same to codes of one scale."""
        sources = [self._source(value) for value in step.inputs]
        schemes = {None if source is None else source[1] for source in sources}
        if len(schemes) != 1 or None in schemes:
            return [step]
        known = [source for source in sources if source is not None]
        scheme, dequantize = known[0][1], self.producers[step.inputs[0]]
        codes = Value(step.output.shape, dtype=scheme.type)
        ranges = [self._range(source[0], scheme) for source in known]
        self.ranges[codes] = (min(r[0] for r in ranges), max(r[1] for r in ranges))
        back = Step(
            "dequantize_linear",
            dequantize.name,
            [codes],
            step.outputs,
            dequantize.attributes,
            dequantize.tensors,
        )
        step.inputs, step.outputs = [source[0] for source in known], [codes]
        return [step, back]

    def _range(self, codes: Value, scheme: _Scheme) -> tuple[int, int]:
        return self.ranges.get(codes, scheme.limits)

    def _target(self, value: Value) -> _Target:
        """Follow a result to the codes that are made of it, over a relu or clip."""
        replaced: tuple[Step, ...] = ()
        low, high = -math.inf, math.inf
        for _ in range(2):
            if self.uses[value] != 1 or len(self.readers.get(value, ())) != 1:
                break
            step = self.readers[value][0]
            if step.op == "quantize_linear":
                scheme = _scheme(step)
                if scheme is None:
                    break
                bounds = scheme.code(low), scheme.code(high)
                return _Target(step.output, (*replaced, step), scheme, *bounds)
            if replaced or step.op not in ("relu", "clip"):
                break
            low = 0.0 if step.op == "relu" else step.attributes["min"]
            high = math.inf if step.op == "relu" else step.attributes["max"]
            if not low <= high:
                break
            replaced, value = (step,), step.output
        return _Target(value, ())

    def _add(self, add: Step) -> tuple[Step, _Target] | None:
        sources = [self._source(value) for value in add.inputs]
        if None in sources or add.inputs[0].shape != add.inputs[1].shape:
            return None
        target = self._target(add.output)
        if target.scheme is None:
            return None
        attributes = {**_output(target), "scale": float(target.scheme.scale)}
        for name, source in zip("ab", sources, strict=True):
            assert source is not None
            attributes |= {
                name: source[1].type,
                f"{name}_scale": float(source[1].scale),
                f"{name}_zero_point": source[1].zero_point,
            }
        inputs = [source[0] for source in sources if source is not None]
        self.ranges[target.output] = target.low, target.high
        return Step("quantized_add", add.name, inputs, [target.output], attributes), target

    def _layer(self, layer: Step) -> tuple[Step, _Target] | None:
        source = self._source(layer.inputs[0])
        weight = _weight(layer)
        if source is None or weight is None:
            return None
        value, extra, biased = self._bias(layer)
        target = self._target(value)
        if target.scheme is None:
            target = _Target(value, ())
        matrix, scales = weight
        codes, scheme = source
        low, high = self._range(codes, scheme)
        low, high = min(low, scheme.zero_point), max(high, scheme.zero_point)
        sums = (scheme.scale * scales).astype(np.float32)
        bias, offset = _bias_parts(biased, sums)
        if not _fits(matrix, bias, low - scheme.zero_point, high - scheme.zero_point):
            return None
        scale = np.float32(1) if target.scheme is None else target.scheme.scale
        tensors: dict[str, Array] = {"weight": matrix, "multiplier": sums / scale}
        if not (np.isfinite(tensors["multiplier"]) & (tensors["multiplier"] > 0)).all():
            return None
        if bias is not None:
            tensors["bias"] = bias
        if offset is not None:
            tensors["offset"] = (offset / scale).astype(np.float32)
        attributes = {
            key: item
            for key, item in layer.attributes.items()
            if key not in ("activation", "activation_parameters")
        }
        attributes |= {
            "input": scheme.type,
            "input_zero_point": scheme.zero_point,
            "input_low": low,
            "input_high": high,
            **_output(target),
        }
        if target.scheme is not None:
            self.ranges[target.output] = target.low, target.high
        op = f"quantized_{layer.op}"
        new = Step(op, layer.name, [codes], [target.output], attributes, tensors)
        return new, _Target(target.output, (*extra, *target.replaced))

    def _bias(self, layer: Step) -> tuple[Value, tuple[Step, ...], "_Bias | None"]:
        """Return the layer's result with its bias, the addition that this takes in, the bias."""
        tensor = layer.tensors.get("bias")
        if tensor is not None:
            return layer.output, (), _Bias(tensor, layer.codes.get("bias"))
        readers = self.readers.get(layer.output, [])
        if layer.op == "linear" and self.uses[layer.output] == 1 and len(readers) == 1:
            add, shape = readers[0], layer.output.shape
            others = [value for value in add.inputs if value is not layer.output]
            if add.op == "add" and len(others) == 1 and add.output.shape == shape:
                numbers = floats(others[0])
                vector = None if numbers is None else channel_vector(numbers, shape, len(shape) - 1)
                if vector is not None:
                    return add.output, (add,), _Bias(vector.copy(), others[0].codes)
        return layer.output, (), None


@dataclass(frozen=True)
class _Bias:
    numbers: Array
    codes: Codes | None


def _scheme(step: Step) -> _Scheme | None:
    scale, zero = step.tensors["scale"], step.tensors["zero_point"]
    if scale.size != 1:
        return None
    return _Scheme(step.attributes["type"], np.float32(scale[0]), int(zero[0]))


def _output(target: _Target) -> dict[str, object]:
    scheme = target.scheme
    if scheme is None:
        return {"output": "float32"}
    bounds = {"low": target.low, "high": target.high}
    return {"output": scheme.type, "zero_point": scheme.zero_point, **bounds}


def _weight(layer: Step) -> tuple[Array, Array] | None:
    """Return the int8 matrix of a layer and the scale of each filter."""
    codes = layer.codes.get("weight")
    if codes is None or len(layer.inputs) != 1 or (codes.scale.ndim and codes.axis != 0):
        return None
    filters = layer.attributes["filters"]
    matrix = codes.centred.reshape(filters, -1)
    if matrix.min() < -128 or matrix.max() > 127:
        return None
    scales = np.broadcast_to(codes.scale, (filters,))
    if not ((scales > 0) & np.isfinite(scales)).all():
        return None
    return np.ascontiguousarray(matrix, np.int8), scales


def _bias_parts(bias: _Bias | None, sums: Array) -> tuple[Array | None, Array | None]:
    """Return the bias in units of the sums, when it is made of such integers, or as numbers."""
    if bias is None:
        return None, None
    codes = bias.codes
    if codes is not None and codes.codes.dtype == np.int32 and codes.codes.size == sums.size:
        same = np.allclose(np.broadcast_to(codes.scale, sums.shape), sums, rtol=1e-6, atol=0)
        if same and not codes.zero_point.any():
            return codes.codes.reshape(-1), None
    return None, bias.numbers


def _fits(matrix: Array, bias: Array | None, lowest: int, highest: int) -> bool:
    """Whether no sum leaves int32, whatever the input is in its range."""
    wide = matrix.astype(np.int64)
    least = np.minimum(wide * lowest, wide * highest).sum(axis=1)
    most = np.maximum(wide * lowest, wide * highest).sum(axis=1)
    more = np.zeros(len(wide), np.int64) if bias is None else bias.astype(np.int64)
    return bool(
        np.minimum(least, least + more).min() >= _INT32.min
        and np.maximum(most, most + more).max() <= _INT32.max
    )
