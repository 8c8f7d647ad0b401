"""From ONNX nodes to steps of the runtime: the walk over the graph, and the registry."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np
import onnx

from plumline.compiler import frontend, shapes, symbolic
from plumline.compiler.dims import Dim, Expression, Shape, symbol
from plumline.compiler.fold import NotFoldableError, can_fold, fold
from plumline.compiler.graph import Array, Codes, Graph, Step, Value
from plumline.errors import InputError, UnsupportedOperatorError


class RefusedError(Exception):
    """This use of an operator is not compiled; the text says why."""


class Context:
    """One ONNX node being lowered: attributes, inputs, and `emit` for the steps that replace it."""

    def __init__(
        self,
        node: onnx.NodeProto,
        name: str,
        opset: int,
        inputs: list[Value | None],
        used: list[bool],
    ) -> None:
        self.name = name
        self.operator: str = node.op_type
        self.opset = opset
        self.inputs = inputs
        self.used_outputs = used
        self.attributes: dict[str, Any] = read_attributes(node)
        self.steps: list[Step] = []

    def has(self, position: int) -> bool:
        """Whether the node has an input at this position."""
        return position < len(self.inputs) and self.inputs[position] is not None

    def value(self, position: int) -> Value:
        """Return an input that is needed."""
        value = self.inputs[position] if position < len(self.inputs) else None
        if value is None:
            raise RefusedError(f"its input {position} is missing")
        return value

    def shape(self, position: int) -> Shape:
        """Return the shape of an input."""
        return self.value(position).shape

    def array(self, position: int, what: str) -> Array:
        """Return an input that has to be a constant; ``what`` names it to the user."""
        value = self.value(position)
        if not value.is_constant:
            raise RefusedError(f"its {what} is not a constant: give it with constants=")
        assert value.data is not None
        return value.data

    def float_array(self, position: int, what: str) -> Array:
        """Return an input that has to be a float32 constant."""
        data = self.array(position, what)
        if data.dtype != np.float32:
            raise RefusedError(f"its {what} is {data.dtype}: only float32 is compiled")
        return data

    def scalar(self, position: int, what: str) -> float:
        """Return the one number of a constant input."""
        data = self.array(position, what)
        if data.size != 1:
            raise RefusedError(f"its {what} is not one number")
        return float(data.reshape(())[()])

    def integers(self, position: int, what: str) -> list[int]:
        """Return the numbers of a constant integer input."""
        return [int(item) for item in self.array(position, what).flat]

    def axis(self, axis: int, rank: int) -> int:
        """Count an axis from the front."""
        if not -rank <= axis < rank:
            raise RefusedError(f"axis {axis} is outside a tensor of {rank} axes")
        return axis % rank

    def emit(
        self,
        op: str,
        inputs: Sequence[Value],
        tensors: Mapping[str, Array] | None = None,
        **attributes: Any,
    ) -> Value:
        """Append a step with one output and return this output."""
        return self.emit_many(op, inputs, 1, tensors, **attributes)[0]

    def emit_many(
        self,
        op: str,
        inputs: Sequence[Value],
        outputs: int,
        tensors: Mapping[str, Array] | None = None,
        **attributes: Any,
    ) -> list[Value]:
        """Append a step and return its outputs."""
        for value in inputs:
            if value.data is not None and value.data.dtype != np.float32:
                kind = "sizes" if value.is_symbolic else str(value.data.dtype)
                raise RefusedError(f"it computes with {kind}: only float32 is compiled")
        step = Step(op, self.name, list(inputs), [], attributes, dict(tensors or {}))
        kind = shapes.infer_type(step)
        step.outputs = [Value(shape, dtype=kind) for shape in shapes.infer(step)]
        assert len(step.outputs) == outputs
        self.steps.append(step)
        return step.outputs


Lowering = Callable[[Context], Value | Sequence[Value]]
_LOWERINGS: dict[str, Lowering] = {}
_NOT_COMPILED = "the operator is not among those compiled"


def lowers(*operators: str) -> Callable[[Lowering], Lowering]:
    """Register the lowering of ONNX operators: a function that returns the node's output values."""

    def register(function: Lowering) -> Lowering:
        _LOWERINGS.update(dict.fromkeys(operators, function))
        return function

    return register


def operators() -> list[str]:
    """List the ONNX operators that are compiled."""
    return sorted(_LOWERINGS)


def read_attributes(node: onnx.NodeProto) -> dict[str, Any]:
    """Return the attributes of a node as Python values, texts decoded."""
    values = {
        attribute.name: onnx.helper.get_attribute_value(attribute) for attribute in node.attribute
    }
    return {
        key: value.decode(errors="replace") if isinstance(value, bytes) else value
        for key, value in values.items()
    }


def lower(
    model: onnx.ModelProto,
    sizes: Mapping[str, Sequence[int]] | None = None,
    constants: Mapping[str, Any] | None = None,
) -> Graph:
    """Turn a model into a graph of steps.

    Raises `UnsupportedOperatorError` that lists every node that cannot be compiled.
    """
    walk = _Walk(model, dict(constants or {}))
    inputs = walk.add_inputs(dict(sizes or {}))
    for name, node in walk.nodes:
        walk.add(node, name)
    walk.finish()
    outputs = {output.name: walk.values[output.name] for output in model.graph.output}
    for name, value in outputs.items():
        known = value.data is not None and value.data.dtype != np.float32
        if known or value.dtype != "float32":
            raise InputError(
                f"the output {name!r} is not a float32 tensor computed from the inputs: remove it"
            )
    metadata = {entry.key: entry.value for entry in model.metadata_props}
    return Graph(inputs, outputs, walk.steps, metadata)


class _Walk:
    def __init__(self, model: onnx.ModelProto, bound: dict[str, Any]) -> None:
        self.graph = model.graph
        self.opset = frontend.opset(model)
        self.values: dict[str, Value] = {}
        self.steps: list[Step] = []
        self.refused: list[str] = []
        self.lost: set[str] = set()  # outputs of refused nodes
        self.nodes, self.used = _needed(self.graph)
        for tensor in self.graph.initializer:
            self.values[tensor.name] = Value.constant(frontend.to_array(tensor))
        for sparse in self.graph.sparse_initializer:
            self.values[sparse.values.name] = Value.constant(frontend.to_dense(sparse))
        names = [entry.name for entry in self.graph.input]
        for name, array in bound.items():
            if name not in names:
                raise InputError(
                    f"constants= names {name!r}, which is not an input: "
                    f"{', '.join(names) or 'none'}"
                )
            self.values[name] = Value.constant(np.asarray(array))

    def add_inputs(self, sizes: dict[str, Sequence[int]]) -> dict[str, Value]:
        entries = {entry.name: entry for entry in self.graph.input if entry.name not in self.values}
        for name in sizes:
            if name not in entries:
                raise InputError(
                    f"shapes= names {name!r}, which is not an input: {', '.join(entries) or 'none'}"
                )
        fixed: dict[str, int] = {}
        shapes_ = {
            name: _input_shape(entry, sizes.get(name), fixed) for name, entry in entries.items()
        }
        inputs = {}
        for name, entry in entries.items():
            kind = entry.type.tensor_type.elem_type
            if kind != onnx.TensorProto.FLOAT:
                text = onnx.TensorProto.DataType.Name(kind).lower()
                raise InputError(
                    f"the input {name!r} is {text}, not float32: give its value with constants="
                )
            shape = tuple(
                fixed.get(str(size), size) if isinstance(size, Expression) else size
                for size in shapes_[name]
            )
            inputs[name] = self.values[name] = Value(shape)
        return inputs

    def add(self, node: onnx.NodeProto, name: str) -> None:
        if self.lost.intersection(node.input):
            self._lose(node)
            if not _is_standard(node) or not (
                node.op_type in _LOWERINGS or symbolic.knows(node.op_type)
            ):
                self._refuse(node, name, _NOT_COMPILED)
            return
        try:
            outputs = self._outputs(node, name)
        except (
            RefusedError,
            NotFoldableError,
            symbolic.NotSymbolicError,
            shapes.ShapeError,
        ) as error:
            self._refuse(node, name, str(error))
            return
        for output, value in zip(node.output, outputs, strict=False):
            if output and value is not None:
                self.values[output] = value

    def finish(self) -> None:
        if self.refused:
            raise UnsupportedOperatorError(
                f"cannot compile {len(self.refused)} node(s): {'; '.join(self.refused)}"
            )

    def _outputs(self, node: onnx.NodeProto, name: str) -> Sequence[Value | None]:
        inputs = [self.values[key] if key else None for key in node.input]
        if not _is_standard(node):
            raise RefusedError(_NOT_COMPILED)
        if can_fold(node) and all(value is None or value.is_constant for value in inputs):
            arrays = fold(
                node, [None if value is None else value.data for value in inputs], self.opset
            )
            constants = [None if array is None else Value.constant(array) for array in arrays]
            if node.op_type == "DequantizeLinear" and constants[0] is not None:
                constants[0].codes = _codes(node, inputs)
            return constants
        if symbolic.applies(node.op_type, inputs):
            attributes = {**read_attributes(node), "operator": node.op_type}
            return [symbolic.evaluate(node.op_type, attributes, inputs)]
        if node.op_type not in _LOWERINGS:
            raise RefusedError(_NOT_COMPILED)
        used = [key in self.used for key in node.output]
        context = Context(node, name, self.opset, inputs, used)
        result = _LOWERINGS[node.op_type](context)
        outputs = [result] if isinstance(result, Value) else list(result)
        if any(used[len(outputs) :]):
            raise RefusedError(f"only its first {len(outputs)} output(s) can be used")
        self.steps += context.steps
        return outputs

    def _refuse(self, node: onnx.NodeProto, name: str, reason: str) -> None:
        domain = "" if _is_standard(node) else f"{node.domain}."
        self.refused.append(f"{name} ({domain}{node.op_type}): {reason}")
        self._lose(node)

    def _lose(self, node: onnx.NodeProto) -> None:
        self.lost.update(key for key in node.output if key)


def _codes(node: onnx.NodeProto, inputs: Sequence[Value | None]) -> Codes | None:
    """What a constant is made of that DequantizeLinear gives; None for one in blocks."""
    data = [None if value is None else value.data for value in [*inputs, None][:3]]
    codes, scale, zero = data
    attributes = read_attributes(node)
    if codes is None or scale is None or scale.ndim > 1 or attributes.get("block_size", 0):
        return None
    if codes.dtype not in (np.int8, np.uint8, np.int16, np.uint16, np.int32):
        return None
    zero = np.zeros(scale.shape, codes.dtype) if zero is None else zero
    if scale.size == 1:
        scale, zero = scale.reshape(()), zero.reshape(())
    axis = attributes.get("axis", 1)
    return Codes(codes, scale.astype(np.float32), zero, axis % max(codes.ndim, 1))


def _is_standard(node: onnx.NodeProto) -> bool:
    return node.domain in ("", "ai.onnx")


def _needed(graph: onnx.GraphProto) -> tuple[list[tuple[str, onnx.NodeProto]], set[str]]:
    """Name the nodes that an output depends on, in order, and list the values they read."""
    used = {output.name for output in graph.output}
    nodes = []
    for number, node in reversed(list(enumerate(graph.node))):
        if used.intersection(node.output):
            used.update(node.input)
            nodes.append((node.name or f"{node.op_type}_{number}", node))
    return nodes[::-1], used


def _input_shape(
    entry: onnx.ValueInfoProto, wanted: Sequence[int] | None, fixed: dict[str, int]
) -> Shape:
    """Read the declared shape; note in ``fixed`` which named sizes the wanted shape decides."""
    if not entry.type.HasField("tensor_type"):
        raise InputError(f"the input {entry.name!r} is not a tensor: only tensors are compiled")
    kind = entry.type.tensor_type
    if not kind.HasField("shape"):
        if wanted is None:
            raise InputError(
                f"the input {entry.name!r} has no shape: give one with "
                f"shapes={{{entry.name!r}: (...)}}"
            )
        return tuple(_positive(size, entry.name) for size in wanted)
    declared: list[Dim] = []
    for axis, dimension in enumerate(kind.shape.dim):
        # Some exporters write -1 for a size that is not known.
        is_known = dimension.HasField("dim_value") and dimension.dim_value >= 0
        declared.append(
            dimension.dim_value
            if is_known
            else symbol(dimension.dim_param or f"{entry.name}_{axis}")
        )
    if wanted is None:
        return tuple(declared)
    if len(wanted) != len(declared):
        raise InputError(
            f"shapes= gives {entry.name!r} {len(wanted)} axes and the model gives it "
            f"{len(declared)}"
        )
    for axis, (size, given) in enumerate(zip(declared, wanted, strict=True)):
        number = _positive(given, entry.name)
        known = size if isinstance(size, int) else fixed.setdefault(str(size), number)
        if known != number:
            raise InputError(
                f"shapes= gives axis {axis} of {entry.name!r} the size {number}: it is {known} "
                f"({size})"
            )
    return tuple(declared)


def _positive(size: Any, name: str) -> int:
    if isinstance(size, bool) or not isinstance(size, int | np.integer) or size < 1:
        raise InputError(f"shapes= gives {name!r} the size {size!r}: use a number from 1")
    return int(size)
