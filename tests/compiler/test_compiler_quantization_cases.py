"""ONNX's own node cases of quantization, between float32: codes go in and come out by scale 1."""

import warnings
from functools import cache
from importlib import import_module

import numpy as np
import onnx
import pytest
from onnx import helper, numpy_helper
from onnx.backend.test.case import node as node_cases

from plumline.compiler import compile

FILES = ("quantizelinear", "dequantizelinear", "qlinearconv", "qlinearmatmul")
OPERATORS = {"QuantizeLinear", "DequantizeLinear", "QLinearConv", "QLinearMatMul"}
TYPES = ("float32", "uint8", "int8")


def array(value):
    return (
        numpy_helper.to_array(value) if isinstance(value, onnx.TensorProto) else np.asarray(value)
    )


@cache
def cases():
    """The cases on float32, uint8 and int8 whose scales are float32 and not in blocks."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        for file in FILES:
            import_module(f"{node_cases.__name__}.{file}")
    found = {}
    for case in node_cases._NodeTestCases:
        node = case.model.graph.node[0]
        if node.op_type not in OPERATORS or any(a.name == "block_size" for a in node.attribute):
            continue
        inputs, outputs = case.data_sets[0]
        kinds = {str(array(item).dtype) for item in (*inputs, *outputs)}
        if kinds <= {*TYPES, "int32"}:
            found[case.name] = case
    return found


def between_floats(case):
    """The model with float32 instead of codes at its ends."""
    model = onnx.ModelProto()
    model.CopyFrom(case.model)
    graph, (inputs, outputs) = model.graph, case.data_sets[0]
    node, ends = graph.node[0], []
    (x, *rest), arrays = node.input, [array(item) for item in inputs]
    opset = max(entry.version for entry in model.opset_import)

    def unit(kind):
        names = [f"one_{kind}", f"zero_{kind}"]
        for name, item in zip(names, (np.float32(1), np.zeros((), kind)), strict=True):
            if name not in [tensor.name for tensor in graph.initializer]:
                graph.initializer.append(numpy_helper.from_array(np.asarray(item), name))
        return names

    for name, item in zip(rest, arrays[1:], strict=True):
        graph.initializer.append(numpy_helper.from_array(item, name))
    if arrays[0].dtype != np.float32:
        ends.append(("QuantizeLinear", "x_in", x, str(arrays[0].dtype)))
    if array(outputs[0]).dtype != np.float32:
        ends.append(("DequantizeLinear", node.output[0], "y_out", str(array(outputs[0]).dtype)))
    nodes = [
        helper.make_node(op, [a, *unit(kind)], [b])
        for op, a, b, kind in ends
        if op == "QuantizeLinear"
    ]
    nodes.append(node)
    nodes += [
        helper.make_node(op, [a, *unit(kind)], [b])
        for op, a, b, kind in ends
        if op == "DequantizeLinear"
    ]
    first, last = nodes[0].input[0], nodes[-1].output[0]
    y = helper.make_tensor_value_info(last, onnx.TensorProto.FLOAT, array(outputs[0]).shape)
    x = helper.make_tensor_value_info(first, onnx.TensorProto.FLOAT, arrays[0].shape)
    made = helper.make_graph(nodes, "case", [x], [y], graph.initializer)
    opsets = [helper.make_opsetid("", opset)]
    return (
        helper.make_model(made, opset_imports=opsets, ir_version=10),
        arrays[0],
        array(outputs[0]),
    )


@pytest.mark.parametrize("name", cases())
def test_case(name, engine):
    model, x, wanted = between_floats(cases()[name])
    y = compile(model)(x.astype(np.float32))
    np.testing.assert_array_equal(y, wanted.astype(np.float32))


def test_there_are_cases_of_each():
    seen = {case.model.graph.node[0].op_type for case in cases().values()}
    assert seen == OPERATORS
