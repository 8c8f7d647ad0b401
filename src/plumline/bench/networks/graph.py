"""Writing ONNX by hand: a graph with one input and one output, node after node."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

OPSET = 18


class Graph:
    """An ONNX graph in the making, whose input is called ``input``."""

    def __init__(self) -> None:
        self._nodes: list[Any] = []
        self._constants: list[Any] = []

    def constant(self, value: NDArray[Any] | np.generic) -> str:
        """Add an initializer and return its name."""
        from onnx import numpy_helper

        name = f"constant_{len(self._constants)}"
        self._constants.append(numpy_helper.from_array(np.asarray(value, order="C"), name))
        return name

    def add(
        self, operator: str, *inputs: str | NDArray[Any] | np.generic, **attributes: Any
    ) -> str:
        """Add a node with one output and return the output's name."""
        from onnx import helper

        names = [value if isinstance(value, str) else self.constant(value) for value in inputs]
        output = f"{operator}_{len(self._nodes)}"
        self._nodes.append(helper.make_node(operator, names, [output], output, **attributes))
        return output

    def model(self, output: str, image: tuple[int, int, int]) -> bytes:
        """Return the whole model, for any number of images (C, H, W)."""
        from onnx import TensorProto, helper

        inputs = [helper.make_tensor_value_info("input", TensorProto.FLOAT, ["batch", *image])]
        shape = ["batch", None, None, None]
        outputs = [helper.make_tensor_value_info(output, TensorProto.FLOAT, shape)]
        graph = helper.make_graph(self._nodes, "network", inputs, outputs, self._constants)
        opset = helper.make_opsetid("", OPSET)
        model = helper.make_model(graph, opset_imports=[opset], ir_version=8)
        data: bytes = model.SerializeToString()
        return data
