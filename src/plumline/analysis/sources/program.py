"""The layers of a compiled program, as its file holds them."""

from collections.abc import Mapping, Sequence
from math import prod

import numpy as np

from plumline._names import unknown
from plumline.analysis import unpack
from plumline.analysis.layer import Layer, Network, linear_size
from plumline.errors import InputError
from plumline.runtime import Program
from plumline.runtime.artifact import Node
from plumline.runtime.plan import PlanStep

Shapes = Mapping[str, Sequence[int]]


def read(program: Program, source: str, kind: str, shapes: Shapes | None = None) -> Network:
    """Return the layers of a program, planned for one sample.

    ``shapes`` gives those inputs a shape that leave sizes open beyond the first one.
    """
    _plan(program, shapes or {})
    nodes = program.artifact.nodes
    steps, candidates = program.plan(), program.candidates()
    batch = _batch(program, source)
    layers = [
        _layer(node, step, found.input_shape, batch)
        for node, step, found in zip(nodes, steps, candidates, strict=True)
        if "weights" in node.attributes
    ]
    return Network(source, kind, tuple(layers))


def _plan(program: Program, shapes: Shapes) -> None:
    """Run the program once where it has to be told sizes: its plan is that of its last run."""
    ports = {port.name: port.shape for port in program.inputs}
    for name in shapes:
        if name not in ports:
            raise unknown("input", name, ports)
    for name, shape in ports.items():
        if name not in shapes and any(isinstance(size, str) for size in shape[1:]):
            raise InputError(
                f"input {name!r} leaves sizes open, ({', '.join(map(str, shape))}): give its "
                f"shape, as in --shape {name}=1,3,224,224"
            )
    if shapes:
        sizes = {name: [s if isinstance(s, int) else 1 for s in ports[name]] for name in ports}
        program.run(
            {name: np.zeros(size, np.float32) for name, size in {**sizes, **shapes}.items()}
        )


def _batch(program: Program, source: str) -> int:
    """Return how many samples the program is planned for: the first size of its first input."""
    shapes = program.shapes()
    if not shapes:
        name = program.inputs[0].name
        raise InputError(
            f"{source} cannot run one sample: give a shape that it can run, as in --shape "
            f"{name}=8,3,224,224"
        )
    shape = shapes[program.artifact.inputs[0].value]
    return max(1, shape[0]) if shape else 1


def _layer(node: Node, step: PlanStep, input_shape: tuple[int, ...], batch: int) -> Layer:
    def numbers(name: str) -> tuple[int, ...]:
        value = node.attributes[name]
        return tuple(map(int, value)) if isinstance(value, tuple) else (int(value),)

    matrix = unpack.weights(node)
    filters = len(matrix)
    held = (str(node.attributes["weights"]), unpack.packed_bytes(node))
    run_as = (step, node.attributes)
    if not node.op.endswith("conv"):
        size = linear_size(input_shape, batch)
        made = (*size[:-1], filters)
        return Layer(node.name, "linear", matrix, 1, size, made, (), (), (), *held, *run_as)
    kernel, groups = numbers("kernel"), numbers("groups")[0]
    window = (numbers("strides"), numbers("dilations"), numbers("pads"))
    size = input_shape[1:]
    made = (filters, *output_sizes(size[1:], kernel, *window))
    weight = matrix.reshape(filters, matrix.shape[1] // prod(kernel), *kernel)
    return Layer(node.name, "conv", weight, groups, size, made, *window, *held, *run_as)


def output_sizes(
    sizes: Sequence[int],
    kernel: Sequence[int],
    strides: Sequence[int],
    dilations: Sequence[int],
    pads: Sequence[int],
) -> tuple[int, ...]:
    """Return the spatial sizes of a convolution's output; ``pads`` are begins, then ends."""
    rank = len(sizes)
    padded = [size + pads[axis] + pads[rank + axis] for axis, size in enumerate(sizes)]
    return tuple(
        (size - dilation * (places - 1) - 1) // stride + 1
        for size, places, stride, dilation in zip(padded, kernel, strides, dilations, strict=True)
    )
