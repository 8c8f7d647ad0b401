"""The loops that measure a machine do what they say, so that their times mean something."""

import numpy as np
import pytest
from native_support import ISAS

from plumline.runtime import _native


@pytest.mark.parametrize("isa", ISAS)
@pytest.mark.parametrize("n", [0, 1, 127, 128, 1000])
def test_every_number_is_read_in_every_round(isa, n):
    numbers = np.random.default_rng(n).integers(-8, 8, n).astype(np.float32)
    assert _native.probe_read(isa, numbers, 3) == 3 * numbers.sum()


@pytest.mark.parametrize("isa", ISAS)
def test_multiply_adds_are_counted_in_proportion(isa):
    once = _native.probe_multiply_adds(isa, 1)
    assert once > 0
    assert _native.probe_multiply_adds(isa, 1000) == 1000 * once


def test_what_cannot_be_run_is_refused():
    numbers = np.ones(3, np.float32)
    with pytest.raises(_native.NativeError, match="mmx"):
        _native.probe_multiply_adds("mmx", 1)
    for rounds in (0, -1, 2**41):
        with pytest.raises(_native.NativeError, match="rounds"):
            _native.probe_read("reference", numbers, rounds)
    with pytest.raises(TypeError):
        _native.probe_read("reference", numbers.astype(np.float64), 1)
