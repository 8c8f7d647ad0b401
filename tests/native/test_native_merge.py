"""Merge programs: what they compute, how much they merge, and the code that is made of them."""

from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray
from x86_machine import Machine

native: Any = pytest.importorskip("plumline.runtime._native")

LANES = {"float32": 16, "int16": 32}
WIDTHS = {32: "avx2", 64: "avx512"}
KINDS = ("signed_binary", "binary", "ternary", "nearly_full", "empty")
# planes, taps, columns
SHAPES = [(1, 1, 1), (3, 9, 1), (1, 1, 64), (1, 9, 200), (17, 1, 5), (16, 9, 64)]
SHAPES += [(33, 10, 31), (5, 25, 130)]

Signs = NDArray[np.int8]
lanes_and_widths = pytest.mark.parametrize(
    ("lanes", "width"), [(lanes, width) for lanes in LANES for width in WIDTHS]
)


def random_signs(rng: np.random.Generator, kind: str, shape: tuple[int, ...]) -> Signs:
    if kind == "ternary":
        return rng.integers(-1, 2, shape).astype(np.int8)
    density = {"signed_binary": 0.35, "binary": 0.5, "nearly_full": 0.9, "empty": 0.0}[kind]
    signs = (rng.random(shape) < density).astype(np.int8)
    if kind == "nearly_full":
        signs[: len(signs) // 2] *= -1  # some filters are subtracted as a whole
    signs[rng.random(shape[:2]) < 0.1] = 0
    return signs


def random_numbers(rng: np.random.Generator, lanes: str, shape: tuple[int, ...]) -> Any:
    if lanes == "int16":
        return rng.integers(-(2**15), 2**15, shape).astype(np.int16)
    return rng.standard_normal(shape).astype(np.float32)


def product(signs: Signs, x: NDArray[Any]) -> NDArray[Any]:
    """The sums in numpy (taps, planes, lanes): floats as doubles, int16 wrapped around."""
    wide = np.int64 if x.dtype == np.int16 else np.float64
    sums = np.einsum("ptc,cl->tpl", signs.astype(wide), x.astype(wide))
    return sums.astype(np.int16) if x.dtype == np.int16 else sums


def budgeted(signs: Signs, width: int = 64) -> Any:
    return native.MergeProgram(signs, *native.merge_budget(signs.shape[2], width))


def expanded(program: Any, columns: int) -> NDArray[np.int64]:
    """The matrix that a program computes, from its lists of terms."""
    lists = program.terms()
    operands = list(np.eye(columns, dtype=np.int64))
    for i, terms in enumerate(lists):
        assert all(term // 2 < columns + min(i, program.temporaries) for term in terms)
        row = sum(
            (operands[term // 2] * (-1 if term % 2 else 1) for term in terms),
            np.zeros(columns, np.int64),
        )
        operands.append(row)
    return np.array(operands[columns + program.temporaries :])


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("shape", SHAPES)
@pytest.mark.parametrize("budget", [(2, 0), (2, 1), (2, 1000), (4, 40)])
def test_programs_compute_their_matrix(
    budget: tuple[int, int], shape: tuple[int, ...], kind: str
) -> None:
    signs = random_signs(np.random.default_rng([*shape, KINDS.index(kind)]), kind, shape)
    program = native.MergeProgram(signs, *budget)
    assert np.array_equal(expanded(program, shape[2]), signs.reshape(-1, shape[2]))
    assert program.temporaries <= budget[1]
    assert all(terms[0] % 2 == 0 for terms in program.terms()[: program.temporaries])


def test_the_same_matrix_gives_the_same_program() -> None:
    signs = random_signs(np.random.default_rng(1), "ternary", (16, 9, 64))
    assert budgeted(signs).terms() == budgeted(signs.copy()).terms()


@pytest.mark.parametrize(
    ("kind", "most"), [("signed_binary", 0.21), ("binary", 0.25), ("ternary", 0.39)]
)
def test_most_additions_are_shared(kind: str, most: float) -> None:
    """Additions a weight, which without sharing are as many as the density."""
    signs = random_signs(np.random.default_rng(2), kind, (64, 9, 64))
    assert budgeted(signs).additions / signs.size < most


def test_nearly_full_rows_are_computed_as_what_they_lack() -> None:
    rng = np.random.default_rng(3)
    full = (rng.random((32, 9, 64)) < 0.9).astype(np.int8)
    without_merging = native.MergeProgram(full, 10**6, 1)
    assert without_merging.additions < 0.15 * full.size
    assert without_merging.temporaries == 1  # the total


@pytest.mark.parametrize("lanes", LANES)
@pytest.mark.parametrize("accumulate", [True, False])
def test_the_interpreter_equals_numpy(accumulate: bool, lanes: str) -> None:
    rng = np.random.default_rng(4)
    for kind, shape in zip(KINDS, SHAPES[-5:], strict=True):
        signs = random_signs(rng, kind, shape)
        x = random_numbers(rng, lanes, (shape[2], LANES[lanes]))
        sums = random_numbers(rng, lanes, (shape[1], shape[0], LANES[lanes]))
        expected = product(signs, x) + accumulate * sums
        budgeted(signs).interpret(x, sums, 0, shape[0], accumulate)
        np.testing.assert_allclose(sums, expected, rtol=0, atol=1e-3 if lanes == "float32" else 0)


@lanes_and_widths
@pytest.mark.parametrize("kind", KINDS)
def test_code_equals_the_interpreter_to_the_bit(kind: str, lanes: str, width: int) -> None:
    if WIDTHS[width] not in native.available_isas():
        pytest.skip(f"this machine has no {WIDTHS[width]}")
    rng = np.random.default_rng([5, KINDS.index(kind), width])
    for shape in [*SHAPES, (140, 2, 20)]:
        signs = random_signs(rng, kind, shape)
        step, tap_step = int(rng.choice([1, 8, 16, 64])), int(rng.integers(1, 10))
        skipped = [tap for tap in range(0, shape[1], tap_step) if rng.random() < 0.2]
        left_out = [tap for tap in range(shape[1]) if tap // tap_step * tap_step in skipped]
        first = int(rng.integers(0, shape[0] // step + 1)) * step
        for program in (budgeted(signs, width), native.MergeProgram(signs, 2, 1000)):
            accumulate = bool(rng.random() < 0.7)
            x = random_numbers(rng, lanes, (shape[2], LANES[lanes]))
            sums = random_numbers(rng, lanes, (shape[1], shape[0], LANES[lanes]))
            before, expected = sums.copy(), sums.copy()
            program.interpret(x, expected, first, shape[0], accumulate)
            expected[left_out] = before[left_out]
            steps = (step, tap_step)
            assert program.run(x, sums, first, shape[0], width, accumulate, steps, skipped)
            assert np.array_equal(sums, expected)


@lanes_and_widths
@pytest.mark.parametrize("shape", [(1, 1, 1), (19, 3, 40), (9, 11, 140)])
def test_code_by_its_instructions(shape: tuple[int, ...], lanes: str, width: int) -> None:
    """On any machine: the same results, no access outside the arrays, registers restored."""
    rng = np.random.default_rng([6, *shape])
    signs = random_signs(rng, "ternary", shape)
    program = native.MergeProgram(signs, 2, 400)
    image = program.code(lanes, width, True, (8, 9))
    x = random_numbers(rng, lanes, (shape[2], LANES[lanes]))
    sums = random_numbers(rng, lanes, (shape[1], shape[0], LANES[lanes]))
    expected = sums.copy()
    program.interpret(x, expected, 0, shape[0], True)

    machine = Machine(image["code"])
    base = machine.map(sums)
    pointers = np.array([base + tap * shape[0] * 64 for tap in range(shape[1])], np.int64)
    temporaries = np.zeros(program.temporaries * width, np.uint8)
    arguments = [machine.map(x), machine.map(temporaries), machine.map(pointers)]
    for offset in range(0, 64, width):
        for entry in [image["temporaries"], *(block[-1] for block in image["blocks"])]:
            machine.call(entry, *arguments, offset)
    assert np.array_equal(sums, expected)


def test_work_is_counted() -> None:
    signs = random_signs(np.random.default_rng(7), "signed_binary", (64, 9, 64))
    program = budgeted(signs)
    image = program.code("float32", 64, True, (16, 9))
    assert image["additions"] == program.additions
    assert image["stores"] == program.temporaries + 64 * 9
    assert image["loads"] < 0.7 * program.additions  # what sums in registers have in common
    assert len(image["code"]) < 10 * program.additions
    image = program.code("float32", 64, True, (48, 3))
    taps = [(0, 3), (3, 6), (6, 9)]
    planes = [(0, 48), (48, 64)]
    assert [block[:4] for block in image["blocks"]] == [p + t for p in planes for t in taps]


@pytest.mark.parametrize("width", WIDTHS)
def test_costs_of_code(width: int) -> None:
    def cost(density: float, positions: int, planes: int = 64) -> float:
        rng = np.random.default_rng(9)
        signs = (rng.random((planes, 9, 64)) < density).astype(np.int8)
        image = budgeted(signs, width).code("float32", width, True, (16, 9))
        work = (image["loads"], image["stores"], image["additions"])
        value: float = native.merge_cost(*work, len(image["code"]), width, positions)
        return value / planes

    assert cost(0.1, 100) < cost(0.35, 100) < cost(0.5, 100)
    assert cost(0.35, 100) < cost(0.35, 4) < cost(0.35, 1)  # fetching the code is shared
    assert cost(0.35, 100) * 1.1 < cost(0.35, 100, planes=1024)  # unless it is too long to stay


@pytest.mark.skipif("avx2" not in native.available_isas(), reason="needs AVX2")
def test_equal_matrices_share_code() -> None:
    a = random_signs(np.random.default_rng(8), "ternary", (4, 9, 16))
    b = a.copy()
    b[0, 0, 0] = 1 - abs(b[0, 0, 0])
    assert native.distinct_merge_codes([a, a.copy(), b, b.copy(), a], 32) == 2


@pytest.mark.parametrize("columns", [1, 64, 128, 192, 300, 1024])
@pytest.mark.parametrize("width", WIDTHS)
def test_budgets_leave_room_in_the_cache(width: int, columns: int) -> None:
    least_uses, most = native.merge_budget(columns, width)
    assert least_uses >= 2
    assert 1 <= most <= 1024
    if columns <= 128:
        assert columns * 64 + most * width <= 16384


@pytest.mark.parametrize(
    ("shape", "budget"),
    [((1, 1, 1025), (2, 0)), ((0, 1, 4), (2, 0)), ((2, 1, 4), (2, 1025)), ((2, 1, 4), (2, -1))],
)
def test_sizes_out_of_range_are_refused(shape: tuple[int, ...], budget: tuple[int, int]) -> None:
    with pytest.raises(native.NativeError, match="merge program"):
        native.MergeProgram(np.zeros(shape, np.int8), *budget)
