"""ONNX's own node cases of every operator that is compiled, float32, on both engines."""

import pkgutil
import warnings
from fnmatch import fnmatch
from functools import cache
from importlib import import_module

import numpy as np
import onnx
import pytest
from onnx import numpy_helper
from onnx.backend.test.case import node as node_cases

from plumline.compiler import compile, operators
from plumline.errors import InputError, UnsupportedOperatorError

SKIPS = {
    "test_averagepool_3d_*": "three spatial dimensions are not compiled",
    "test_maxpool_3d_*": "three spatial dimensions are not compiled",
    "test_batchnorm_*_training_mode": "only inference is compiled",
    "test_training_dropout*": "only inference is compiled",
    "test_dropout_default_mask*": "the mask of Dropout is not float32",
    "test_maxpool_with_argmax_*": "the indices of MaxPool are not float32",
    "test_cast_FLOAT_to_*": "what is not a constant stays float32",
    "test_castlike_*FLOAT_to_*": "what is not a constant stays float32",
    "test_cast_*_FLOAT_to_*": "what is not a constant stays float32",
}
CODES = {"QuantizeLinear", "DequantizeLinear", "QLinearConv", "QLinearMatMul"}
"""These are not between float32 and float32: see test_compiler_quantization_cases."""

WEIGHTS = ("Conv", "BatchNormalization", "Clip", "Pad")


def array(value):
    if isinstance(value, onnx.TensorProto):
        return numpy_helper.to_array(value)
    return np.asarray(value) if isinstance(value, np.ndarray | np.generic) else None


def load():
    """Import only the files of these operators: making all of ONNX's cases takes 15 seconds."""
    wanted = {"batchnorm", "constant", *(operator.lower() for operator in operators())}
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        for file in pkgutil.iter_modules(node_cases.__path__):
            if file.name.replace("_", "") in wanted:
                import_module(f"{node_cases.__name__}.{file.name}")
    return list(node_cases._NodeTestCases)


@cache
def cases():
    """The cases whose nodes are all compiled and whose first input is float32."""
    known = {*operators(), "Constant"} - CODES
    found = {}
    for case in load():
        inputs, outputs = case.data_sets[0]
        first = array(inputs[0]) if inputs else array(outputs[0])
        is_float = first is not None and first.dtype == np.float32
        if is_float and {node.op_type for node in case.model.graph.node} <= known:
            found[case.name] = case
    return found


def skip_reason(name):
    return next((reason for pattern, reason in SKIPS.items() if fnmatch(name, pattern)), None)


def check(case):
    operator = case.model.graph.node[0].op_type
    names = [entry.name for entry in case.model.graph.input]
    for inputs, expected in case.data_sets:
        arrays = {name: array(value) for name, value in zip(names, inputs, strict=True)}
        # Weights, and integers such as shapes and axes, are constants of a network.
        bound = {n: a for n, a in arrays.items() if a.dtype != np.float32}
        if operator in WEIGHTS:
            bound |= {name: arrays[name] for name in names[1:]}
        program = compile(case.model, constants=bound)
        results = program.run({name: a for name, a in arrays.items() if name not in bound})
        for result, wanted in zip(results.values(), map(array, expected), strict=True):
            assert result.shape == wanted.shape
            np.testing.assert_allclose(result, wanted, rtol=case.rtol, atol=case.atol)


@pytest.mark.parametrize("name", [name for name in cases() if skip_reason(name) is None])
def test_case(name, engine):
    check(cases()[name])


def test_every_operator_has_cases():
    seen = {
        node.op_type
        for name, case in cases().items()
        for node in case.model.graph.node
        if not skip_reason(name)
    }
    # No case casts float32 to float32; the lowering's own tests do.
    assert seen >= set(operators()) - {"Cast", "CastLike"} - CODES


@pytest.mark.parametrize("pattern", SKIPS)
def test_no_skip_is_stale(pattern, on_numpy):
    names = [name for name in cases() if fnmatch(name, pattern)]
    assert names, "no case has this name any more"
    for name in names:
        with pytest.raises((UnsupportedOperatorError, InputError)):
            check(cases()[name])
