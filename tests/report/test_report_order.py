"""Whether PLUM's order of schemes is that of operations at a density, in words that are true."""

import pytest

from plumline.analysis.scheme_order import Cost
from plumline.report import order


def costs(density: float, signed_binary: float, binary: float, ternary: float) -> order.Costs:
    return {
        "signed-binary": Cost(density, signed_binary),
        "binary": Cost(1.0, binary),
        "ternary": Cost(density, ternary),
    }


def sentences(density: float, here: order.Costs, lines: dict[float, order.Costs]) -> list[str]:
    found = order.sentences(density, here, lines)
    return [sentence.replace(order.NARROW, " ") for sentence in found]


HOLDS = costs(0.8, 0.10, 0.14, 0.16)
SPARSE = costs(0.25, 0.08, 0.14, 0.12)
ELSEWHERE = "trained, each scheme comes to a density of its own."


def test_where_it_holds_a_third_value_costs_more_than_zeros_save() -> None:
    assert sentences(0.8, HOLDS, {0.2: SPARSE, 0.8: HOLDS}) == [
        "PLUM's order, signed-binary < binary < ternary, holds for operations at this network's "
        "density, 80.0 %.",
        "Random weights take 10.0 % (signed-binary), 14.0 % (binary), 16.0 % (ternary) of the "
        "dense operations; binary ones have no zeros.",
        "Signed-binary has 1.25 times fewer weights that are not zero than binary, and shares more "
        "of its sums: each takes 0.89 times the operations, all of them 0.71 times.",
        "Ternary has 1.25 times fewer weights that are not zero than binary, but shares less of "
        "its sums: each takes 1.43 times the operations, all of them 1.14 times.",
        f"On the lines it holds at densities of 80 %; {ELSEWHERE}",
    ]


def test_where_zeros_are_many_ternary_takes_less_than_binary() -> None:
    first, shares, _, ternary, where = sentences(0.25, SPARSE, {0.2: SPARSE})
    assert "does not hold" in first
    assert "8.0 % (signed-binary), 12.0 % (ternary), 14.0 % (binary)" in shares
    assert "4.00 times fewer" in ternary
    assert "each takes 3.43 times" in ternary
    assert "all of them 0.86 times" in ternary
    assert where == f"On the lines it holds at no density; {ELSEWHERE}"


def test_signed_binary_weights_that_share_too_little_are_told() -> None:
    found = costs(0.5, 0.15, 0.14, 0.16)
    first, shares, signed_binary, _, where = sentences(0.5, found, {0.5: HOLDS})
    assert "does not hold" in first
    assert "14.0 % (binary), 15.0 % (signed-binary), 16.0 % (ternary)" in shares
    assert "2.00 times fewer" in signed_binary
    assert "shares less of its sums: each takes 2.14 times" in signed_binary
    assert where == f"On the lines it holds at every density; {ELSEWHERE}"


@pytest.mark.parametrize(
    ("density", "why"),
    [(1.0, "without zeros ternary weights are binary"), (0.0, "nothing left to add")],
)
def test_without_zeros_and_with_nothing_else_there_is_no_order(density: float, why: str) -> None:
    first, where = sentences(density, costs(density, 0.1, 0.14, 0.14), {0.8: HOLDS})
    assert f"means nothing at this network's density, {100 * density:.1f} %: " in first
    assert why in first
    assert where.startswith("On the lines it holds at every density")
