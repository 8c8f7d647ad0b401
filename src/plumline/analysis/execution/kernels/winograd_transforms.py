"""The transforms of Winograd's convolution F(4x4, 3x3), with the sums that the engine shares.

Polynomials are evaluated at 0, +-3/4, +-4/3 and infinity, along each axis by itself.
"""

from collections.abc import Callable, Sequence

import numpy as np

from plumline.analysis.execution.graph import CountedGraph, GraphBuilder, Term

NEAR, FAR = 3 / 4, 4 / 3

Line = Callable[[GraphBuilder, Sequence[int]], list[int]]


def twice(size: int, line: Line) -> CountedGraph:
    """Make the graph that transforms the rows of a square of inputs, then the columns of these."""
    builder = GraphBuilder(size * size)
    half = [line(builder, range(row * size, (row + 1) * size)) for row in range(size)]
    columns = [line(builder, column) for column in zip(*half, strict=True)]
    return builder.graph(at for row in zip(*columns, strict=True) for at in row)


def _sum(builder: GraphBuilder, *terms: tuple[int, float]) -> int:
    """Add up operands times factors."""
    made = builder.sum(Term.scaled(at, factor) for at, factor in terms)
    assert made is not None, "there are terms"
    return made


def to_points(builder: GraphBuilder, x: Sequence[int]) -> list[int]:
    """Transform six inputs: at a point and at its negative, even and odd powers are shared."""
    n, f = NEAR**2, FAR**2
    made = [_sum(builder, (x[2], -(n + f)), (x[4], 1), (x[0], 1))]
    for point, other in ((NEAR, f), (FAR, n)):
        even = _sum(builder, (x[2], -other), (x[4], 1))
        odd = _sum(builder, (_sum(builder, (x[1], -other), (x[3], 1)), point))
        made += _both_signs(builder, even, odd)
    return [*made, _sum(builder, (x[3], -(n + f)), (x[5], 1), (x[1], 1))]


def from_points(builder: GraphBuilder, x: Sequence[int]) -> list[int]:
    """Transform six sums to four outputs: output i has the i-th powers of the points."""
    n, f = NEAR**2, FAR**2
    near, far = 0.5 / (n * (n - f)), 0.5 / (f * (f - n))
    near_even, near_odd = _both_signs(builder, x[1], x[2])
    far_even, far_odd = _both_signs(builder, x[3], x[4])
    return [
        _sum(builder, (near_even, near), (far_even, far), (x[0], 1)),
        _sum(builder, (near_odd, near * NEAR), (far_odd, far * FAR)),
        _sum(builder, (near_even, near * n), (far_even, far * f)),
        _sum(builder, (near_odd, near * n * NEAR), (far_odd, far * f * FAR), (x[5], 1)),
    ]


def of_kernels() -> CountedGraph:
    """Make the graph of a 3 x 3 kernel's 36 places, row by row of places."""
    builder, made = GraphBuilder(9), []
    for point in (0.0, NEAR, -NEAR, FAR, -FAR, np.inf):
        made += _kernel_row(builder, _kernel_at(builder, point))
    return builder.graph(made)


def _kernel_at(builder: GraphBuilder, point: float) -> list[int]:
    """Evaluate a kernel's columns at a point: its first row at 0, its last at infinity."""
    if point == 0:
        return [0, 1, 2]
    if point == np.inf:
        return [6, 7, 8]
    return [_sum(builder, (j, 1), (3 + j, point), (6 + j, point**2)) for j in range(3)]


def _kernel_row(builder: GraphBuilder, w: Sequence[int]) -> list[int]:
    """Evaluate a row of three weights at all six points."""
    made = [w[0]]
    for point in (NEAR, FAR):
        even = _sum(builder, (w[2], point**2), (w[0], 1))
        made += _both_signs(builder, even, _sum(builder, (w[1], point)))
    return [*made, w[2]]


def _both_signs(builder: GraphBuilder, a: int, b: int) -> list[int]:
    return [_sum(builder, (a, 1), (b, 1)), _sum(builder, (a, 1), (b, -1))]
