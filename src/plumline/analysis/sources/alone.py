"""The plan of one layer by itself, for layers that come from no program."""

import contextlib

from plumline.analysis.layer import Layer
from plumline.errors import InputError
from plumline.runtime import Program
from plumline.runtime.artifact import Artifact, Attribute, Node, Port
from plumline.runtime.plan import PlanStep


def plan_alone(layer: Layer) -> PlanStep | None:
    """Return the step that a program of only this layer has; None where there can be none."""
    from plumline.compiler.pack import pack

    packed = pack(layer.matrix)
    attributes: dict[str, Attribute] = {
        **{"filters": layer.filters, "columns": layer.columns, "weights": packed.form},
        **{"activation": "none", "activation_parameters": ()},
    }
    if layer.op == "conv":
        attributes |= {
            **{"kernel": layer.kernel, "strides": layer.strides, "dilations": layer.dilations},
            **{"pads": layer.pads, "groups": layer.groups},
        }
    shapes = (1, *layer.input_size), (1, *layer.output_size)
    node = Node(layer.op, layer.name, (0,), (1,), attributes, packed.tensors)
    ports = [(Port(name, value, shapes[value]),) for value, name in enumerate(("x", "y"))]
    with contextlib.suppress(InputError):  # three spatial axes, as one, are not compiled
        return Program(Artifact(2, ports[0], ports[1], {}, (node,))).plan()[0]
    return None
