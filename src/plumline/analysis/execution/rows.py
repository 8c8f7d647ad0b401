"""Weights as rows of signs: each filter is a few sums of inputs, times a number each."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from plumline.analysis.execution.graph import GraphBuilder, Term
from plumline.analysis.layer import Floats


@dataclass(frozen=True, eq=False)
class SignRows:
    """A matrix whose filters have few values, apart by magnitude.

    ``signs`` (rows, K) are -1, 0 and 1, ``filters`` and ``magnitudes`` (rows,) say whose they are
    and what the sum is multiplied by. Rows of one filter are neighbours, no row is all zero, and a
    filter of zeros has none.
    """

    signs: NDArray[np.int8]
    filters: NDArray[np.int64]
    magnitudes: Floats

    @property
    def multiplications(self) -> int:
        """How many sums a number other than 1 multiplies."""
        return int(np.count_nonzero(self.magnitudes != 1))

    def combine(
        self, builder: GraphBuilder, filters: int, terms: Callable[[int], Iterable[Term]]
    ) -> list[int | None]:
        """Make the operand of each filter; ``terms`` says what the sum of a row is made of."""
        of_filter: list[list[Term]] = [[] for _ in range(filters)]
        for row, (filter, magnitude) in enumerate(zip(self.filters, self.magnitudes, strict=True)):
            operand = builder.sum(terms(row))
            assert operand is not None, "no row is all zero"
            of_filter[filter].append(Term.scaled(operand, float(magnitude)))
        return [builder.sum(products) for products in of_filter]


def split(matrix: Floats) -> SignRows:
    """Take a matrix (M, K) apart."""
    size = np.abs(matrix)
    rest = np.where(size > 0, size, np.inf)
    signs, filters, magnitudes = [], [], []
    while np.isfinite(smallest := rest.min(axis=1)).any():
        having = np.flatnonzero(np.isfinite(smallest))
        here = size[having] == smallest[having, None]
        signs.append(np.where(here, np.sign(matrix[having]), 0).astype(np.int8))
        filters.append(having)
        magnitudes.append(smallest[having])
        rest[having] = np.where(here, np.inf, rest[having])
    if not filters:
        return SignRows(
            np.zeros((0, matrix.shape[1]), np.int8), np.zeros(0, int), np.zeros(0, np.float32)
        )
    order = np.argsort(np.concatenate(filters), kind="stable")
    return SignRows(
        np.concatenate(signs)[order],
        np.concatenate(filters)[order],
        np.concatenate(magnitudes)[order],
    )
