"""Let a convolution or a linear layer add the other branch to its result itself."""

from plumline.compiler.graph import Graph, Step, Value


def run(graph: Graph) -> None:
    """Apply the pass in place.

    The layer moves to the place of the addition: its own inputs are still there, the other branch
    is complete, and nobody else reads its result.
    """
    producers, uses = graph.producers(), graph.uses()
    order = {id(step): number for number, step in enumerate(graph.steps)}
    replaced: dict[int, Step] = {}
    for step in graph.steps:
        if step.op != "add" or step.inputs[0].shape != step.inputs[1].shape:
            continue
        candidates = [
            (order[id(producers[value])], value, other)
            for value, other in (step.inputs, step.inputs[::-1])
            if value in producers and _takes_residual(producers[value]) and uses[value] == 1
        ]
        if candidates:
            # The later of two layers: it moves least, so its input lives on least.
            _, value, other = max(candidates, key=lambda candidate: candidate[0])
            layer = producers[value]
            _fuse(layer, other, step)
            producers[step.output] = layer
            order[id(layer)] = order[id(step)]
            replaced[id(step)] = layer
    moved = {id(layer) for layer in replaced.values()}
    graph.steps = [replaced.get(id(step), step) for step in graph.steps if id(step) not in moved]


def _takes_residual(layer: Step) -> bool:
    return (
        layer.op in ("conv", "linear")
        and layer.attributes["activation"] == "none"
        and len(layer.inputs) == 1
    )


def _fuse(layer: Step, residual: Value, addition: Step) -> None:
    layer.inputs.append(residual)
    layer.outputs = [addition.output]
