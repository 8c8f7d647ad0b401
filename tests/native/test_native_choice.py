"""Which method computes a layer: the one that `tuned` names, else the cheapest estimate."""

import re

import numpy as np
import pytest
import quantized
from matrices import Node, assert_close, conv_node, convolve, linear_node
from native_support import ISAS

from plumline.runtime import _native

FAST = [isa for isa in ISAS if isa != "reference"]
SHAPE = (1, 32, 14, 14)


def binary(seed: int = 0) -> Node:
    rng = np.random.default_rng(seed)
    return conv_node(rng, "signed_binary", 24, 32, [3, 3], pads=[1, 1, 1, 1], activation="relu")


def graph_of(node: Node, isa: str, shape: tuple[int, ...], tuned: str = "") -> _native.Graph:
    attributes = node.attributes | ({"tuned": tuned} if tuned else {})
    spec = (node.op, "node", [0], [1], attributes, node.tensors)
    graph = _native.Graph(2, [(0, [-1] * len(shape))], [1], {}, [spec], isa, 1)
    graph.infer([shape])
    return graph


def hint(isa: str, method: str, shape: tuple[int, ...] = SHAPE) -> str:
    return f"{isa} {'x'.join(map(str, shape))} {method}"


@pytest.mark.parametrize("isa", FAST)
@pytest.mark.parametrize("form", ["signed_binary", "ternary", "planes", "sparse"])
def test_whichever_method_is_named_runs_and_is_right(form: str, isa: str) -> None:
    rng = np.random.default_rng(1)
    node = conv_node(rng, form, 24, 32, [3, 3], pads=[1, 1, 1, 1], activation="relu")
    x = rng.standard_normal(SHAPE).astype(np.float32)
    expected = node.finish(convolve(node, x), None)
    ((shape, candidates),) = graph_of(node, isa, SHAPE).candidates()
    assert shape == SHAPE
    assert len(candidates) >= (1 if form == "sparse" else 2)
    for method, _ in candidates:
        graph = graph_of(node, isa, SHAPE, hint(isa, method))
        assert graph.kernels()[0].startswith(f"{method}/")
        if len(candidates) > 1:
            assert graph.reasons() == ["tuned"]
        y = np.full((1, 24, 14, 14), np.nan, np.float32)
        graph.run([x], [y])
        assert_close(node, y, expected)


@pytest.mark.parametrize("isa", FAST)
def test_the_same_on_codes(isa: str) -> None:
    rng = np.random.default_rng(4)
    form, tensors, matrix = quantized.weights(rng, "ternary", 16, 32 * 9)
    tensors["multiplier"] = np.full(16, 0.01, np.float32)
    attributes = {"kernel": [3, 3], "strides": [1, 1], "dilations": [1, 1], "pads": [0, 0, 0, 0]}
    attributes |= {"groups": 1, "filters": 16, "columns": 32 * 9, "weights": form}
    attributes |= {"input": "uint8", "input_zero_point": 7, "output": "float32"}
    x = rng.integers(0, 256, SHAPE).astype(np.uint8)
    sums = quantized.convolve(x.astype(np.int64) - 7, matrix, attributes)
    expected = quantized.finished(sums, attributes, tensors)
    for method in ("integer_tables", "integer_dense"):
        tuned = attributes | {"tuned": hint(isa, method)}
        y, kernel = quantized.run_on_codes(isa, "quantized_conv", [x], tuned, tensors)
        assert kernel.startswith(f"{method}/")
        np.testing.assert_array_equal(y, expected)


@pytest.mark.parametrize("isa", FAST)
def test_without_a_word_the_cheapest_estimate_wins_and_says_by_how_much(isa: str) -> None:
    graph = graph_of(binary(), isa, SHAPE)
    ((_, candidates),) = graph.candidates()
    costs = [cost for _, cost in candidates]
    assert costs == sorted(costs)
    (first, cost), (second, other) = candidates[:2]
    assert graph.kernels()[0].startswith(f"{first}/")
    assert graph.reasons() == [f"estimated {cost / other:.2f}x the cost of {second}"]


def test_what_was_measured_elsewhere_counts_for_nothing() -> None:
    usual = graph_of(binary(), "portable", SHAPE)
    slowest = usual.candidates()[0][1][-1][0]
    assert not usual.kernels()[0].startswith(f"{slowest}/")
    elsewhere = [
        hint("avx512", slowest),
        hint("portable", slowest, (2, *SHAPE[1:])),
        hint("portable", slowest, SHAPE[1:]),
        hint("portable", "depthwise"),  # a method that this node has not
    ]
    for tuned in (*elsewhere, ", ".join(elsewhere)):
        graph = graph_of(binary(), "portable", SHAPE, tuned)
        assert graph.kernels() == usual.kernels()
        assert graph.reasons() == usual.reasons()
    graph = graph_of(
        binary(), "portable", SHAPE, ", ".join([*elsewhere, hint("portable", slowest)])
    )
    assert graph.kernels()[0].startswith(f"{slowest}/")


@pytest.mark.skipif("avx2" not in ISAS, reason="generated code is x86-64")
def test_generated_code_that_is_wished_for_and_forbidden_is_done_without(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    assert graph_of(binary(), "avx2", SHAPE, hint("avx2", "merge")).kernels() == ["merge/avx2"]
    monkeypatch.setenv("PLUMLINE_JIT", "0")
    graph = graph_of(binary(), "avx2", SHAPE, hint("avx2", "merge"))
    assert "merge" not in graph.kernels()[0]
    assert graph.reasons()[0].startswith("estimated")


def test_a_choice_is_made_for_each_shape() -> None:
    slowest = graph_of(binary(), "portable", SHAPE).candidates()[0][1][-1][0]
    graph = graph_of(binary(), "portable", SHAPE, hint("portable", slowest))
    assert graph.reasons() == ["tuned"]
    graph.infer([(2, *SHAPE[1:])])
    assert graph.reasons()[0].startswith("estimated")
    graph.infer([SHAPE])
    assert graph.reasons() == ["tuned"]


def test_where_there_is_one_way_the_plan_says_so() -> None:
    rng = np.random.default_rng(2)
    node = conv_node(rng, "dense", 4, 1, [3, 3], groups=4)
    graph = graph_of(node, "portable", (1, 4, 9, 9))
    assert graph.reasons() == ["the only method"]
    graph = graph_of(linear_node(rng, "sparse", 30, 40), "portable", (2, 40))
    assert [name for name, _ in graph.candidates()[0][1]] == ["dense", "sparse"]


@pytest.mark.parametrize(
    ("tuned", "why"),
    [
        ("avx2", "must be an instruction set, a shape and a method"),
        ("avx2 1x2 merge ", "must be"),
        ("avx2 1x2 merge,avx2 1x2 merge", "must be"),
        ("avx2 1x2 merge, ", "must be"),
        ("avx9 1x2 merge", "unknown instruction set 'avx9'"),
        ("avx2 1x2 magic", "no method of this name"),
        ("avx2 1x2 merge/avx2", "no method of this name"),
        ("avx2 1xx2 merge", "'1xx2' is not a shape"),
        ("avx2 1x-2 merge", "is not a shape"),
        ("avx2 99999999999 merge", "is not a shape"),
        ("avx2 1x2 merge, " * 5000, "more than 65536 characters"),
    ],
)
def test_what_cannot_be_read_is_refused(tuned: str, why: str) -> None:
    for node in (binary(), linear_node(np.random.default_rng(3), "dense", 3, 4)):
        with pytest.raises(_native.NativeError, match=re.escape(why)):
            graph_of(node, "portable", SHAPE, tuned)


def test_what_is_tuned_is_a_text() -> None:
    node = binary()
    node.attributes["tuned"] = [1, 2]
    with pytest.raises(_native.NativeError, match="'tuned' must be a text"):
        graph_of(node, "portable", SHAPE)
