"""Which tensors of a network become 8-bit codes, and which share a scale."""

import onnx

from plumline.quantization.model import Model, attribute

LAYERS = frozenset({"Conv", "Gemm", "MatMul"})
KEEPING = frozenset(("MaxPool", "Reshape", "Flatten", "Transpose", "Squeeze", "Unsqueeze", "Slice"))
"""Their results are some of the numbers that went in: the codes have the same scale."""

MEANS = frozenset({"GlobalAveragePool", "AveragePool"})
ACTIVATIONS = frozenset({"Relu", "Clip"})


class Choice:
    """The chosen tensors, in groups of one scale."""

    def __init__(self, model: Model) -> None:
        self.layers = [node for node in model.graph.node if is_layer(model, node)]
        self.tensors: dict[str, None] = {}
        self._parent: dict[str, str] = {}
        for node in model.graph.node:
            for name in _wanted(model, node):
                self.tensors[name] = None
        # What a chosen tensor is moved, joined or averaged from is chosen too.
        for node in reversed(model.graph.node):
            if node.output[0] not in self.tensors:
                continue
            sources = list(node.input) if node.op_type == "Concat" else list(node.input[:1])
            if node.op_type in KEEPING | MEANS | {"Concat"}:
                floats = [name for name in sources if name not in model.constants]
                self.tensors |= dict.fromkeys(floats)
                if node.op_type not in MEANS:
                    for name in floats:
                        self._join(node.output[0], name)

    def group(self, name: str) -> str:
        """Return the tensor that stands for all that share a scale with this one."""
        while name in self._parent:
            name = self._parent[name]
        return name

    def _join(self, a: str, b: str) -> None:
        a, b = self.group(a), self.group(b)
        if a != b:
            self._parent[a] = b


def is_layer(model: Model, node: onnx.NodeProto) -> bool:
    """Whether the node is a layer with constant weights, which can be integers."""
    if node.op_type not in LAYERS or node.input[0] in model.constants:
        return False
    weight = model.floats(node.input[1])
    if weight is None or not weight.size or (node.op_type != "Conv" and weight.ndim != 2):
        return False
    plain = all(attribute(node, key, 1.0) == 1.0 for key in ("alpha", "beta"))
    return plain and not attribute(node, "transA", 0.0)


def _wanted(model: Model, node: onnx.NodeProto) -> list[str]:
    if is_layer(model, node):
        return [node.input[0]]
    if node.op_type == "Add" and not any(name in model.constants for name in node.input):
        return list(node.input)
    return []
