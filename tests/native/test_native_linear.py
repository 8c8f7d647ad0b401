"""The step ``linear``: any number of rows, form of weights, activation, instruction set."""

from typing import Any

import numpy as np
import pytest
from matrices import FORMS, assert_close, linear_node, normal, random_activation
from native_support import of_floats

native: Any = pytest.importorskip("plumline.runtime._native")
ISAS = native.available_isas()


@pytest.mark.parametrize("isa", ISAS)
@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize("rows", [1, 2, 7, 16, 33])
def test_random_matrices_equal_numpy(rows: int, form: str, isa: str) -> None:
    rng = np.random.default_rng([rows, FORMS.index(form)])
    for _ in range(6):
        filters, columns = int(rng.choice([1, 10, 64, 131])), int(rng.choice([1, 3, 31, 64, 200]))
        node = linear_node(rng, form, filters, columns, random_activation(rng))
        x = normal(rng, (rows, columns))
        residual = normal(rng, (rows, filters)) if rng.random() < 0.5 else None
        y = node.run(native, isa, x, residual, threads=int(rng.integers(1, 4)))
        assert_close(node, y, node.finish(x.astype(np.float64) @ node.matrix.T, residual))


@pytest.mark.parametrize("isa", ISAS)
@pytest.mark.parametrize("shape", [(12,), (2, 3, 12), (1, 1, 1, 12)])
def test_leading_axes_are_kept(shape: tuple[int, ...], isa: str) -> None:
    rng = np.random.default_rng(1)
    for form in FORMS:
        node = linear_node(rng, form, 5, 12)
        x = normal(rng, shape)
        y = node.run(native, isa, x)
        assert y.shape == (*shape[:-1], 5)
        rows = x.reshape(-1, 12).astype(np.float64)
        assert_close(node, y.reshape(-1, 5), node.finish(rows @ node.matrix.T, None))


@pytest.mark.parametrize("isa", ISAS)
@pytest.mark.parametrize("form", FORMS)
def test_threads_do_not_change_a_bit(form: str, isa: str) -> None:
    rng = np.random.default_rng(2)
    node = linear_node(rng, form, 700, 300)
    x = normal(rng, (3, 300))
    one = node.run(native, isa, x, threads=1)
    for threads in (2, 5):
        assert np.array_equal(one, node.run(native, isa, x, threads=threads))


@pytest.mark.parametrize("isa", [isa for isa in ISAS if isa not in ("reference", "amx")])
@pytest.mark.parametrize(
    ("form", "rows", "kernel"),
    [
        ("dense", 1, "dense"),
        ("sparse", 1, "dense"),  # one row would leave most lanes idle
        ("sparse", 64, "sparse"),
        ("binary", 1, "tables"),
    ],
)
def test_kernel_says_what_runs(form: str, rows: int, kernel: str, isa: str) -> None:
    rng = np.random.default_rng(3)
    node = linear_node(rng, form, 1000, 30)
    node.run(native, isa, normal(rng, (rows, 30)))
    assert node.kernels == [f"{kernel}/{of_floats(isa)}"]


@pytest.mark.parametrize(
    ("shape", "message"), [((2, 11), "last axis"), ((), "last axis"), ((0, 12), "empty")]
)
def test_wrong_input_shapes_are_refused(shape: tuple[int, ...], message: str) -> None:
    rng = np.random.default_rng(4)
    node = linear_node(rng, "dense", 5, 12)
    with pytest.raises(native.NativeError, match=message):
        node.run(native, ISAS[-1], np.zeros(shape, np.float32))


@pytest.mark.parametrize(
    ("attributes", "message"),
    [({"columns": 13}, "weight"), ({"filters": -1}, "filters"), ({"columns": "many"}, "columns")],
)
def test_hostile_attributes_are_refused(attributes: dict[str, Any], message: str) -> None:
    rng = np.random.default_rng(5)
    node = linear_node(rng, "dense", 5, 12)
    node.attributes |= attributes
    with pytest.raises(native.NativeError, match=message):
        node.run(native, ISAS[-1], np.zeros((1, 12), np.float32))
