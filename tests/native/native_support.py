"""Small programs for the native engine."""

import numpy as np

from plumline.runtime import _native

ISAS = _native.available_isas()
THREADS = (1, 3)


def of_floats(isa):
    """The instruction set of the kernels for float32 that run where ``isa`` is the best."""
    return isa.removesuffix("_vnni")


def single(op, shapes, attributes=None, tensors=None, *, outputs=1, isa="reference", threads=1):
    """Make the program of one node."""
    n = len(shapes)
    node = (op, op, list(range(n)), list(range(n, n + outputs)), attributes or {}, tensors or {})
    inputs = [(i, list(shape)) for i, shape in enumerate(shapes)]
    return _native.Graph(n + outputs, inputs, list(range(n, n + outputs)), {}, [node], isa, threads)


def run(graph, arrays):
    """Run a program on arrays, into outputs that nothing else has written to."""
    shapes = graph.infer([array.shape for array in arrays])
    outputs = [np.full(shape, np.nan, np.float32) for shape in shapes]
    graph.run(arrays, outputs)
    return outputs


def compute(op, arrays, attributes=None, tensors=None, **options):
    """Run one operator on arrays; a list of its outputs."""
    shapes = [array.shape for array in arrays]
    return run(single(op, shapes, attributes, tensors, **options), arrays)
