"""A tiny network in every form that weights are held in, beside a plain numpy evaluation."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from plumline.errors import InputError
from plumline.runtime import native

Floats = NDArray[np.float32]

CHANNELS, FILTERS, SIZE = 5, 7, 9


def errors() -> dict[str, float]:
    """Return the largest relative error of each available instruction set."""
    x = _random(0).standard_normal((2, CHANNELS, SIZE, SIZE), dtype=np.float32)
    found = {}
    for isa in native.module().available_isas():
        worst = 0.0
        for weights, tensors in FORMS.items():
            matrix, held = tensors()
            expected = _convolve(x, matrix)
            try:
                actual = _run(isa, x, weights, held)
            except native.module().NativeError as error:
                raise InputError(f"the native module refuses its self-test: {error}") from error
            worst = max(worst, float(np.abs(actual - expected).max() / np.abs(expected).max()))
        found[isa] = worst
    return found


def _random(seed: int) -> np.random.Generator:
    return np.random.default_rng(seed)


def _dense() -> tuple[Floats, dict[str, NDArray[Any]]]:
    matrix = _random(1).standard_normal((FILTERS, CHANNELS * 9), dtype=np.float32)
    return matrix, {"weight": matrix}


def _sparse() -> tuple[Floats, dict[str, NDArray[Any]]]:
    matrix = np.where(_random(2).random((FILTERS, CHANNELS * 9)) < 0.2, _dense()[0], np.float32(0))
    found = matrix != 0
    bits = np.packbits(found, axis=1, bitorder="little")
    return matrix, {"bits": bits, "value": matrix[found]}


def _planes() -> tuple[Floats, dict[str, NDArray[Any]]]:
    """One plane a filter: weights in {0, a}."""
    ones = _random(3).random((FILTERS, CHANNELS * 9)) < 0.4
    coefficient = np.linspace(-1.5, 1.5, FILTERS, dtype=np.float32)
    bits = np.packbits(ones, axis=1, bitorder="little")
    return ones * coefficient[:, None], {"bits": bits, "coefficient": coefficient}


FORMS = {"dense": _dense, "sparse": _sparse, "planes": _planes}


def _convolve(x: Floats, matrix: Floats) -> NDArray[np.float64]:
    """3x3, padding 1, then relu."""
    padded = np.pad(x.astype(np.float64), ((0, 0), (0, 0), (1, 1), (1, 1)))
    windows = np.lib.stride_tricks.sliding_window_view(padded, (3, 3), axis=(2, 3))
    answer = np.einsum("nchwij,mcij->nmhw", windows, matrix.reshape(FILTERS, CHANNELS, 3, 3))
    activated: NDArray[np.float64] = np.maximum(answer, 0)
    return activated


def _run(isa: str, x: Floats, weights: str, tensors: dict[str, NDArray[Any]]) -> Floats:
    attributes = {
        **{"kernel": [3, 3], "strides": [1, 1], "dilations": [1, 1], "pads": [1, 1, 1, 1]},
        **{"groups": 1, "filters": FILTERS, "columns": CHANNELS * 9},
        **{"weights": weights, "activation": "relu"},
    }
    node = ("conv", f"self-test {weights}", [0], [1], attributes, tensors)
    graph = native.module().Graph(2, [(0, list(x.shape))], [1], {}, [node], isa, 1)
    (shape,) = graph.infer([list(x.shape)])
    answer = np.empty(shape, np.float32)
    graph.run([x], [answer])
    return answer
