"""SumMerge-style execution: its graphs, what they cost, and the kernel that executes them."""

from itertools import combinations
from typing import Any

import numpy as np
import pytest
from conv_cases import random_case
from matrices import Node, assert_close, conv_node, convolve, normal
from native_support import ISAS

from plumline.runtime import _native as native

FEW_VALUES: dict[str, list[float]] = {
    "binary": [-1, 1],
    "scaled": [-0.75, 0.75],
    "signed-binary": [0, 1],
    "negative": [0, -0.5],
    "ternary": [-1, 0, 1],
    "two": [0.25, -3],
    "unequal": [-0.5, 0, 2],
    "codebook": [-3, -2, -1.5, -1, 0, 0.5, 1, 2, 3],
    "zeros": [0],
}


def weights(rng: np.random.Generator, kind: str, filters: int, columns: int) -> np.ndarray:
    return rng.choice(FEW_VALUES[kind], (filters, columns)).astype(np.float32)


def resnet_like(rng: np.random.Generator, kind: str, shape: tuple[int, int]) -> np.ndarray:
    """Weights at the densities that training leaves."""
    if kind == "binary":
        return np.where(rng.random(shape) < 0.5, -1, 1).astype(np.float32)
    density, signs = {
        "signed-binary": (0.35, np.where(np.arange(shape[0]) < shape[0] // 2, 1, -1)[:, None]),
        "ternary": (0.57, np.where(rng.random(shape) < 0.5, -1, 1)),
    }[kind]
    return ((rng.random(shape) < density) * signs).astype(np.float32)


def execute(graph: Any, x: np.ndarray) -> tuple[np.ndarray, int, int]:
    """Execute a graph as its documentation says: results, additions and multiplications."""
    accumulators = graph.accumulators()
    sums = [0.0] * len(accumulators)
    started, additions, multiplications = set(), 0, 0
    for index in range(graph.tiles):
        first, columns, nodes, uses = graph.tile(index)
        operands = list(x[first : first + columns])
        for a, b, coefficient in nodes:
            operands.append((operands[a] if a >= 0 else 0.0) + coefficient * operands[b])
            additions += a >= 0
            multiplications += coefficient == 0
        for accumulator, operand, sign in uses:
            sums[accumulator] += sign * operands[operand]
            additions += accumulator in started
            started.add(accumulator)
    y = np.zeros(graph.filters)
    written = set()
    for (filter, value), total in zip(accumulators, sums, strict=True):
        y[filter] += value * total
        multiplications += 1
        additions += filter in written
        written.add(filter)
    return y, additions, multiplications


@pytest.mark.parametrize("support", [True, False])
@pytest.mark.parametrize("kind", FEW_VALUES)
def test_executing_a_graph_gives_the_product_and_takes_what_is_counted(
    kind: str, support: bool
) -> None:
    rng = np.random.default_rng(0)
    for tile in range(1, 9):
        weight = weights(rng, kind, int(rng.integers(1, 30)), int(rng.integers(1, 30)))
        x = rng.standard_normal(weight.shape[1])
        graph = native.SumMergeGraph(weight, tile, support)
        y, additions, multiplications = execute(graph, x)
        np.testing.assert_allclose(y, weight @ x, atol=1e-9)
        np.testing.assert_allclose(graph.interpret(x), y, atol=1e-9)
        counts = graph.counts()
        assert counts == native.summerge_count(weight, tile, support)
        assert (counts["additions"], counts["multiplications"]) == (additions, multiplications)
        parts = counts["sums"] + counts["combinations"] + counts["accumulations"]
        assert counts["additions"] == parts
        first = {filter for filter, _ in graph.accumulators()}
        tiles = graph.tile_counts()
        assert len(tiles) == -(-weight.shape[1] // tile)
        assert sum(count for count, _ in tiles) == counts["additions"] + len(first)
        assert sum(count for _, count in tiles) + len(graph.accumulators()) == multiplications


@pytest.mark.parametrize("kind", FEW_VALUES)
def test_support_leaves_zeros_out_and_its_lack_adds_up_all_of_them(kind: str) -> None:
    rng = np.random.default_rng(1)
    weight = weights(rng, kind, 12, 20)
    for support in (True, False):
        graph = native.SumMergeGraph(weight, 5, support)
        for index in range(graph.tiles):
            first, columns, nodes, uses = graph.tile(index)
            read = [{k} for k in range(columns)]  # columns that each operand sums
            for a, b, _ in nodes:
                read.append((read[a] if a >= 0 else set()) | read[b])
            assert support is False or all(coefficient for *_, coefficient in nodes)
            seen: dict[int, set[int]] = {m: set() for m in range(12)}
            for accumulator, operand, _ in uses:
                filter = graph.accumulators()[accumulator][0]
                assert not seen[filter] & read[operand]
                seen[filter] |= read[operand]
            for m, columns_read in seen.items():
                nonzero = set(np.flatnonzero(weight[m, first : first + columns]))
                assert columns_read == (nonzero if support else set(range(columns)))


def fewest_additions(sets: set[frozenset[int]]) -> int:
    """The least number of additions that make all sums: brute force over what else is made."""
    inputs = sorted(set().union(*sets))
    single = {frozenset([i]) for i in inputs}
    needed = sets - single
    every = {frozenset(c) for n in range(2, len(inputs) + 1) for c in combinations(inputs, n)}
    for more in range(len(every) + 1):
        for extra in combinations(sorted(every - needed, key=sorted), more):
            made = needed | set(extra)
            known = made | single
            if all(any(a < s and s - a in known for a in known) for s in made):
                return len(made)
    raise AssertionError("everything can be made from everything")


def test_merging_is_close_to_the_fewest_additions() -> None:
    rng = np.random.default_rng(2)
    greedy = best = 0
    for _ in range(60):
        weight = (rng.random((int(rng.integers(1, 7)), 4)) < 0.6).astype(np.float32)
        sets = {frozenset(np.flatnonzero(row).tolist()) for row in weight} - {frozenset()}
        if not sets:
            continue
        found, fewest = native.summerge_count(weight, 4, True)["sums"], fewest_additions(sets)
        assert fewest <= found <= fewest + 1
        greedy, best = greedy + found, best + fewest
    assert greedy <= 1.05 * best


def test_all_sums_of_a_tile_take_an_addition_each() -> None:
    for tile in range(1, 9):
        rows = [[number >> k & 1 for k in range(tile)] for number in range(2**tile)]
        counts = native.summerge_count(np.array(rows, np.float32), tile, True)
        assert counts["sums"] == 2**tile - 1 - tile
        assert counts["combinations"] == 0


@pytest.mark.parametrize("tile", [4, 8])
@pytest.mark.parametrize("filters", [64, 256])
def test_signed_binary_with_support_takes_less_than_binary_and_that_less_than_ternary(
    filters: int, tile: int
) -> None:
    rng = np.random.default_rng(3)

    def additions(kind: str, support: bool) -> int:
        weight = resnet_like(rng, kind, (filters, 576))
        return int(native.summerge_count(weight, tile, support)["additions"])

    binary = additions("binary", True)
    assert additions("signed-binary", True) < 0.85 * binary
    assert additions("signed-binary", False) == pytest.approx(binary, rel=0.1)
    if tile == 4:  # with more columns sums are hardly shared, and zeros count for more
        assert additions("ternary", True) > binary
    assert additions("ternary", False) > 1.15 * binary


def test_equal_weights_give_equal_graphs() -> None:
    weight = resnet_like(np.random.default_rng(4), "ternary", (40, 72))
    graphs = [native.SumMergeGraph(weight.copy(), 8, False) for _ in range(2)]
    assert graphs[0].tile(3) == graphs[1].tile(3)


def test_what_is_no_graph_is_refused() -> None:
    many = np.arange(1, 18, dtype=np.float32).reshape(1, 17)
    for weight, tile, message in (
        (many, 4, "more than 16 different"),
        (many[:, :16] * np.nan, 4, "not finite"),
        (many[:, :4], 0, "1 to 8 columns, not 0"),
        (many[:, :4], 9, "1 to 8 columns, not 9"),
    ):
        with pytest.raises(native.NativeError, match=message):
            native.SumMergeGraph(weight, tile, True)
    with pytest.raises(native.NativeError, match="only 1 tiles"):
        native.SumMergeGraph(many[:, :4], 4, True).tile(1)
    with pytest.raises(native.NativeError, match="takes 4 inputs, not 5"):
        native.SumMergeGraph(many[:, :4], 4, True).interpret(np.zeros(5))


def asked(node: Node, tile: int, support: bool) -> Node:
    node.attributes |= {"kernels": "summerge", "tile": tile, "sparsity_support": int(support)}
    return node


@pytest.mark.parametrize("isa", ISAS)
@pytest.mark.parametrize("form", ["binary", "signed_binary", "two_valued", "ternary", "planes"])
def test_random_convolutions_equal_numpy(form: str, isa: str) -> None:
    rng = np.random.default_rng([5, len(form)])
    for _ in range(25):
        node, shape = random_case(rng, form)
        asked(node, int(rng.integers(1, 9)), bool(rng.random() < 0.5))
        x = normal(rng, shape)
        sums = convolve(node, x)
        residual = normal(rng, sums.shape) if rng.random() < 0.5 else None
        y = node.run(native, isa, x, residual, threads=int(rng.integers(1, 4)))
        assert_close(node, y, node.finish(sums, residual))


@pytest.mark.parametrize("isa", ISAS)
@pytest.mark.parametrize("support", [True, False])
def test_codebooks_in_dense_and_sparse_form_equal_numpy(support: bool, isa: str) -> None:
    rng = np.random.default_rng(6)
    for form in ("dense", "sparse"):
        node = conv_node(rng, form, 24, 10, [3, 3], groups=2, pads=[1, 1, 1, 1])
        node.matrix = weights(rng, "codebook", 24, 90).astype(np.float64)
        if form == "dense":
            node.tensors["weight"] = node.matrix.astype(np.float32)
        else:
            found = node.matrix != 0
            bits = np.packbits(found, axis=1, bitorder="little")
            node.tensors |= {"bits": bits, "value": node.matrix[found].astype(np.float32)}
        x = normal(rng, (2, 20, 9, 11))
        y = asked(node, 6, support).run(native, isa, x)
        assert_close(node, y, node.finish(convolve(node, x), None))


@pytest.mark.parametrize("isa", ISAS)
def test_threads_do_not_change_a_bit(isa: str) -> None:
    rng = np.random.default_rng(7)
    for support in (True, False):
        node = asked(conv_node(rng, "ternary", 48, 32, [3, 3], pads=[1] * 4), 8, support)
        x = normal(rng, (2, 32, 13, 11))
        one = node.run(native, isa, x)
        assert node.kernels[0].startswith("reference" if isa == "reference" else "summerge/")
        for threads in (2, 5):
            assert np.array_equal(one, node.run(native, isa, x, threads=threads))


@pytest.mark.parametrize(
    ("attributes", "message"),
    [
        ({"kernels": "sumerge"}, "sumerge"),
        ({"kernels": 3}, "kernels"),
        ({"tile": 0}, "1 to 8"),
        ({"tile": 2**40}, "1 to 8"),
        ({"tile": "4"}, "tile"),
        ({"sparsity_support": 2}, "not 0 or 1"),
        ({"sparsity_support": -1}, "not 0 or 1"),
    ],
)
def test_hostile_attributes_are_refused(attributes: dict[str, Any], message: str) -> None:
    node = asked(conv_node(np.random.default_rng(8), "ternary", 8, 4, [3, 3]), 4, True)
    node.attributes |= attributes
    with pytest.raises(native.NativeError, match=message):
        node.run(native, ISAS[-1], np.zeros((1, 4, 5, 5), np.float32))


@pytest.mark.parametrize("name", ["tile", "sparsity_support"])
def test_what_is_missing_is_refused(name: str) -> None:
    node = asked(conv_node(np.random.default_rng(8), "ternary", 8, 4, [3, 3]), 4, True)
    del node.attributes[name]
    with pytest.raises(native.NativeError, match=name):
        node.run(native, ISAS[-1], np.zeros((1, 4, 5, 5), np.float32))


def test_hostile_weights_are_refused() -> None:
    rng = np.random.default_rng(9)
    x = np.zeros((1, 4, 5, 5), np.float32)
    many = asked(conv_node(rng, "dense", 8, 4, [3, 3]), 4, True)
    infinite = asked(conv_node(rng, "ternary", 8, 4, [3, 3]), 4, True)
    infinite.tensors["coefficient"][3] = np.inf
    for node, message in ((many, "different weights"), (infinite, "not finite")):
        with pytest.raises(native.NativeError, match=message):
            node.run(native, ISAS[-1], x)
    huge = asked(conv_node(rng, "ternary", 4, 2**20, [1, 1]), 4, True)
    huge.attributes["filters"] = 2000
    huge.tensors = {
        "bits": np.zeros((0, 2**17), np.uint8),
        "coefficient": np.zeros(0, np.float32),
        "row_start": np.zeros(2001, np.int32),
    }
    with pytest.raises(native.NativeError, match="too large"):
        huge.run(native, ISAS[-1], np.zeros((1, 2**20, 1, 1), np.float32))
