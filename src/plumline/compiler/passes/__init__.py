"""Rewrites of the graph that keep its answers: one file each, run once in this order."""

from collections.abc import Callable

from plumline.compiler.graph import Graph
from plumline.compiler.passes import (
    activation,
    compose,
    dead,
    integer,
    padding,
    residual,
    scale,
    shift,
    whole,
)

PASSES: tuple[Callable[[Graph], None], ...] = (
    integer.run,
    compose.run,
    padding.run,
    scale.run,
    residual.run,
    shift.run,
    activation.run,
    whole.run,
    dead.run,
)


def run(graph: Graph) -> None:
    """Apply all passes in place."""
    for rewrite in PASSES:
        rewrite(graph)
