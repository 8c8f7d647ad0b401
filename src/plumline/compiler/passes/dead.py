"""Remove steps whose outputs nobody reads."""

from plumline.compiler.graph import Graph


def run(graph: Graph) -> None:
    """Apply the pass in place."""
    needed = set(graph.outputs.values())
    kept = []
    for step in reversed(graph.steps):
        if needed.intersection(step.outputs):
            needed.update(step.inputs)
            kept.append(step)
    graph.steps = kept[::-1]
