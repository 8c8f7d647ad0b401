"""Products of matrices of bytes on tile registers, which are emulated: no test machine has them."""

from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray
from test_native_limbs import EMULATED

native: Any = pytest.importorskip("plumline.runtime._native")

LOW, HIGH = -128, 128
WEIGHTS = {"bytes": (LOW, HIGH), "ternary": (-1, 2), "bits": (0, 2)}
INPUTS = {"unsigned": (np.uint8, 0, 256), "signed": (np.int8, LOW, HIGH)}


def multiply(weights: NDArray[Any], inputs: NDArray[Any], isa: str) -> NDArray[Any]:
    sums = native.multiply_int8(weights.astype(np.int8), inputs, isa)
    return np.array(sums).reshape(len(weights), inputs.shape[1])


@pytest.mark.parametrize("isa", EMULATED)
@pytest.mark.parametrize("kind", INPUTS)
@pytest.mark.parametrize("values", WEIGHTS)
def test_products_are_exact(values: str, kind: str, isa: str) -> None:
    rng = np.random.default_rng(30)
    dtype, low, high = INPUTS[kind]
    for rows, columns, width in [
        (1, 1, 1),
        (16, 64, 16),
        (33, 65, 49),
        (20, 513, 17),
        (70, 1100, 5),
    ]:
        weights = rng.integers(*WEIGHTS[values], (rows, columns))
        inputs = rng.integers(low, high, (columns, width)).astype(dtype)
        expected = weights @ inputs.astype(np.int64)
        np.testing.assert_array_equal(multiply(weights, inputs, isa), expected)


@pytest.mark.parametrize("isa", EMULATED)
def test_sums_may_overflow_on_the_way(isa: str) -> None:
    """They wrap around, as integers do: what counts is the end."""
    columns = 70_000
    weights = np.full((1, 2 * columns), -128)
    weights[0, columns:] = 127
    inputs = np.full((2 * columns, 1), 255, np.uint8)
    assert multiply(weights, inputs, isa)[0, 0] == -255 * columns


def test_without_tile_registers_it_is_refused() -> None:
    with pytest.raises(native.NativeError, match="tile registers"):
        native.multiply_int8(np.ones((1, 1), np.int8), np.ones((1, 1), np.uint8), "portable")
