"""What is known of a paper, and that hearsay is never printed as its figures."""

import pytest

from plumline.errors import InputError
from plumline.reproduce import Fact, facts
from plumline.reproduce.facts import fact

READ_IN_PRINT = {
    *("imagenet-top1", "speed-binary", "speed-ternary", "energy", "density", "sparsity"),
    *("accuracy-equal-effectual", "accuracy-equal-total", "latents"),
}


def test_only_what_was_read_in_print_is_verified() -> None:
    assert {key for key, known in facts("plum").items() if known.verified} == READ_IN_PRINT


def test_what_was_read_names_its_source() -> None:
    assert all(fact("plum", key).source for key in READ_IN_PRINT)


@pytest.mark.parametrize(
    ("known", "printed"),
    [
        (Fact("top-1", "90.05 %", False, "recalled"), "90.05 % (not verified)"),
        (Fact("speed", "1.26x", True, "abstract"), "1.26x"),
        (Fact("top-1", "", False, ""), "unknown"),
    ],
)
def test_a_recalled_figure_has_the_remark_beside_it(known: Fact, printed: str) -> None:
    assert str(known) == printed


def test_an_unknown_fact_is_named_with_the_nearest() -> None:
    with pytest.raises(InputError, match="'enregy': did you mean 'energy'"):
        fact("plum", "enregy")
