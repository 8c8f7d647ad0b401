"""The method of Four Russians: sums of a few inputs are made once and looked up by all filters."""

from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache
from itertools import product
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from plumline.analysis.execution import rows
from plumline.analysis.execution.check import check_option
from plumline.analysis.execution.graph import (
    CountedGraph,
    GraphBuilder,
    LayerGraph,
    Term,
    WindowGraph,
)
from plumline.analysis.execution.operations import Operations
from plumline.analysis.execution.registry import ExecutionModel, execution_model
from plumline.analysis.layer import Floats, Layer

Words = NDArray[np.int64]


@execution_model("tables")
@dataclass(frozen=True)
class Tables(ExecutionModel):
    """For every ``group`` neighbouring columns, a table of the sums of them that filters ask for.

    A word says which columns are added and which subtracted. A word and its negative share an
    entry. A word of two inputs or more is one addition: the word without its last input, made
    before, and that input. A filter adds up the entries that its words name, for each magnitude
    of its weights apart, and multiplies each sum once.
    """

    group: int = 4

    needs_few_values = True

    def __post_init__(self) -> None:
        check_option(self.name, "group", self.group, 1, 8)

    def count(self, layer: Layer) -> Operations:
        """See `ExecutionModel.count`."""
        once = Operations()
        for matrix in np.split(layer.matrix, layer.groups):
            once += self._count(matrix)
        return once * layer.positions

    def _count(self, matrix: Floats) -> Operations:
        split = rows.split(matrix)
        words, table = np.abs(_words(split.signs, self.group)), _table(self.group)
        used = np.zeros((len(table.signs), words.shape[1]), bool)
        used[words, np.arange(words.shape[1])] = True
        for word in np.argsort(-table.inputs, kind="stable"):
            if table.inputs[word] > 2:
                used[table.parents[word]] |= used[word]
        entries = np.count_nonzero(used[table.inputs >= 2])
        additions = entries + np.count_nonzero(words) - len(np.unique(split.filters))
        return Operations(int(additions), split.multiplications)

    def graph(self, layer: Layer) -> LayerGraph:
        """See `ExecutionModel.graph`."""
        matrices = np.split(layer.matrix, layer.groups)
        return WindowGraph(layer, tuple(self._graph(matrix) for matrix in matrices))

    def _graph(self, matrix: Floats) -> CountedGraph:
        split, builder = rows.split(matrix), GraphBuilder(matrix.shape[1])
        words, table = _words(split.signs, self.group), _table(self.group)
        made: dict[tuple[int, int], int | None] = {}

        def entry(place: int, word: int) -> int | None:
            if (place, word) not in made:
                parent, last = int(table.parents[word]), int(table.last[word])
                terms = [Term(place * self.group + last, float(table.signs[word, last]))]
                if parent and (operand := entry(place, parent)) is not None:
                    terms.insert(0, Term(operand))
                made[place, word] = builder.sum(terms)
            return made[place, word]

        def terms(row: int) -> Iterator[Term]:
            for place, word in enumerate(words[row]):
                operand = entry(place, abs(int(word))) if word else None
                if operand is not None:
                    yield Term(operand, float(np.sign(word)))

        return builder.graph(split.combine(builder, len(matrix), terms))


class _Table(NamedTuple):
    """All words of a table, each with the signs of its inputs.

    A word is written in balanced ternary, the first input leading: the negative of a number is the
    negative of the word, so the numbers from 0 are one of each pair. A word's parent lacks its
    last input, the one at ``last``.
    """

    signs: NDArray[np.int64]
    inputs: NDArray[np.int64]
    last: NDArray[np.int64]
    parents: NDArray[np.int64]


@lru_cache
def _table(group: int) -> _Table:
    signs = np.array(list(product((-1, 0, 1), repeat=group)))
    signs = signs[len(signs) // 2 :]
    last = group - 1 - np.argmax(signs[:, ::-1] != 0, axis=1)
    words = np.arange(len(signs))
    parents = words - signs[words, last] * 3 ** (group - 1 - last)
    return _Table(signs, np.count_nonzero(signs, axis=1), last, parents)


def _words(signs: NDArray[np.int8], group: int) -> Words:
    """Return the word of each row for each table, negative where the entry is subtracted."""
    filled = np.pad(signs, ((0, 0), (0, -signs.shape[1] % group)))
    factors = 3 ** np.arange(group - 1, -1, -1)
    words: Words = filled.reshape(len(signs), filled.shape[1] // group, group) @ factors
    return words
