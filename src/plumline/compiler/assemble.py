"""Number the values of the finished graph and make the artifact."""

from plumline.compiler.dims import Shape
from plumline.compiler.graph import Graph, Step, Value
from plumline.runtime.artifact import Artifact, Node, Port, Size


def assemble(graph: Graph) -> Artifact:
    """Turn the graph into plain data."""
    steps = [*graph.steps]
    outputs = _own_outputs(graph, steps)
    constants = list(dict.fromkeys(v for step in steps for v in step.inputs if v.data is not None))
    made = [value for step in steps for value in step.outputs]
    values = [*graph.inputs.values(), *constants, *made]
    numbers = {value: number for number, value in enumerate(values)}
    return Artifact(
        values=len(values),
        inputs=tuple(
            Port(name, numbers[value], _sizes(value.shape)) for name, value in graph.inputs.items()
        ),
        outputs=tuple(
            Port(name, numbers[value], _sizes(value.shape)) for name, value in outputs.items()
        ),
        constants={numbers[value]: value.data for value in constants if value.data is not None},
        nodes=tuple(_node(step, numbers) for step in steps),
        metadata=graph.metadata,
    )


def _own_outputs(graph: Graph, steps: list[Step]) -> dict[str, Value]:
    """Give every output a value of its own: an input, a constant or another output is copied."""
    taken = set(graph.inputs.values())
    outputs = {}
    for name, value in graph.outputs.items():
        if value in taken or value.data is not None:
            step = Step("copy", name, [value], [Value(value.shape)])
            step.about = {"dense_operations": 0, "planned_operations": 0}
            steps.append(step)
            value = step.output
        taken.add(value)
        outputs[name] = value
    return outputs


def _node(step: Step, numbers: dict[Value, int]) -> Node:
    return Node(
        op=step.op,
        name=step.name,
        inputs=tuple(numbers[value] for value in step.inputs),
        outputs=tuple(numbers[value] for value in step.outputs),
        attributes=step.attributes,
        tensors=step.tensors,
        about=step.about,
    )


def _sizes(shape: Shape) -> tuple[Size, ...]:
    return tuple(size if isinstance(size, int) else str(size) for size in shape)
