"""A view of an ONNX graph: constants, makers and readers of each tensor."""

from collections.abc import Iterable
from typing import Any

import numpy as np
import onnx
from numpy.typing import NDArray
from onnx import helper, numpy_helper

from plumline.compiler.frontend import to_array

Array = NDArray[np.float32]

MIN_OPSET = 13
"""The first with a scale for each channel."""


class Model:
    """An ONNX model that is being rewritten."""

    def __init__(self, proto: onnx.ModelProto) -> None:
        opset = max(entry.version for entry in proto.opset_import if entry.domain == "")
        if opset < MIN_OPSET:
            proto = onnx.version_converter.convert_version(proto, MIN_OPSET)
        self.proto = proto
        self.graph = proto.graph
        self.constants: dict[str, Array] = {
            tensor.name: to_array(tensor) for tensor in self.graph.initializer
        }
        for node in self.graph.node:
            if node.op_type == "Constant" and node.attribute[0].name == "value":
                self.constants[node.output[0]] = to_array(node.attribute[0].t)
        self.outputs = {entry.name for entry in self.graph.output}
        self.inputs = [e.name for e in self.graph.input if e.name not in self.constants]
        self._names = {name for node in self.graph.node for name in node.output}
        self._names |= {*self.constants, *self.inputs}

    def readers(self) -> dict[str, list[onnx.NodeProto]]:
        """Map each tensor to the nodes that read it."""
        found: dict[str, list[onnx.NodeProto]] = {}
        for node in self.graph.node:
            for name in node.input:
                found.setdefault(name, []).append(node)
        return found

    def makers(self) -> dict[str, onnx.NodeProto]:
        """Map each tensor to the node that makes it."""
        return {name: node for node in self.graph.node for name in node.output}

    def floats(self, name: str) -> Array | None:
        """Return a float32 constant, or None for anything else."""
        array = self.constants.get(name)
        return array if array is not None and array.dtype == np.float32 else None

    def name(self, wanted: str) -> str:
        """Return a name that no tensor has yet."""
        name, number = wanted, 1
        while name in self._names:
            name, number = f"{wanted}_{number}", number + 1
        self._names.add(name)
        return name

    def constant(self, wanted: str, array: NDArray[Any] | np.generic) -> str:
        """Add a constant and return its name."""
        name = self.name(wanted)
        self.graph.initializer.append(numpy_helper.from_array(np.asarray(array), name))
        self.constants[name] = np.asarray(array)
        return name

    def replace_nodes(self, nodes: Iterable[onnx.NodeProto]) -> None:
        """Set the nodes of the graph, and drop constants that none of them reads."""
        kept = list(nodes)
        read = {name for node in kept for name in node.input} | self.outputs
        kept = [n for n in kept if n.op_type != "Constant" or n.output[0] in read]
        del self.graph.node[:]
        self.graph.node.extend(kept)
        tensors = [tensor for tensor in self.graph.initializer if tensor.name in read]
        del self.graph.initializer[:]
        self.graph.initializer.extend(tensors)


def attribute(node: onnx.NodeProto, name: str, default: float) -> float:
    """Return a number among the attributes of a node."""
    for entry in node.attribute:
        if entry.name == name:
            return float(helper.get_attribute_value(entry))
    return default
