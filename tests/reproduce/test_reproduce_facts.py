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


@pytest.mark.parametrize("key", facts("plum"))
def test_what_is_printed_says_whether_it_was_read(key: str) -> None:
    known = fact("plum", key)
    if not known.value:
        assert str(known) == "unknown"
    elif known.verified:
        assert str(known) == known.value
        assert known.source
    else:
        assert str(known) == f"{known.value} (not verified)"


def test_a_recalled_figure_has_the_remark_beside_it() -> None:
    assert str(Fact("top-1", "90.05 %", False, "recalled")) == "90.05 % (not verified)"


def test_an_unknown_fact_is_named_with_the_nearest() -> None:
    with pytest.raises(InputError, match="'enregy': did you mean 'energy'"):
        fact("plum", "enregy")
