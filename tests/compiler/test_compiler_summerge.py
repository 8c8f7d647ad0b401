"""``compile(kernels="summerge")``: asked for, kept in the artifact, told by the plan."""

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import onnx
import onnx.parser
import pytest

import plumline
from plumline.errors import ArtifactError, InputError
from plumline.runtime import Artifact, Program

TEXT = """<ir_version: 8, opset_import: ["" : 17]>
agraph (float[N,8,9,9] x) => (float[N,6] y) {
    a = Conv <pads = [1,1,1,1]> (x, float_weights)
    b = Conv <pads = [1,1,1,1]> (a, few_values) c = Relu(b)
    d = Conv <pads = [1,1,1,1], strides = [2,2], group = 2> (c, grouped) e = Relu(d)
    f = GlobalAveragePool(e) g = Flatten(f) y = Gemm(g, matrix)
}"""


def model(**weights: np.ndarray) -> onnx.ModelProto:
    random = np.random.default_rng(0)
    arrays = {
        "float_weights": random.standard_normal((16, 8, 3, 3)),
        "few_values": random.random((32, 16, 3, 3)) < 0.35,
        "grouped": random.choice([-1, 1], (8, 16, 3, 3)) * random.random((8, 1, 1, 1)),
        "matrix": random.choice([-1, 1], (8, 6)),
    }
    proto = onnx.parser.parse_model(TEXT)
    for name, array in (arrays | weights).items():
        tensor = onnx.numpy_helper.from_array(np.asarray(array, np.float32), name)
        proto.graph.initializer.append(tensor)
    return proto


def inputs() -> dict[str, np.ndarray]:
    return {"x": np.random.default_rng(1).standard_normal((2, 8, 9, 9), dtype=np.float32)}


def attributes(program: Program) -> list[dict[str, Any]]:
    names = ("kernels", "tile", "sparsity_support")
    nodes = [node.attributes for node in program.artifact.nodes if node.op == "conv"]
    return [{name: node[name] for name in names if name in node} for node in nodes]


@pytest.mark.parametrize("options", [{}, {"sparsity_support": False}, {"tile": 8}])
def test_layers_of_few_values_are_executed_so_and_the_answers_are_the_same(
    options: dict[str, Any], tmp_path: Path
) -> None:
    program = plumline.compile(model(), kernels="summerge", **options)
    support = int(options.get("sparsity_support", True))
    asked = {"kernels": "summerge", "tile": options.get("tile", 4), "sparsity_support": support}
    assert attributes(program) == [{}, asked, asked]
    expected = plumline.compile(model()).run(inputs())["y"]
    answer = program.run(inputs())["y"]
    np.testing.assert_allclose(answer, expected, atol=1e-4)
    program.save(tmp_path / "net.plum")
    loaded = plumline.load(tmp_path / "net.plum")
    assert attributes(loaded) == attributes(program)
    assert np.array_equal(loaded.run(inputs())["y"], answer)


def test_the_plan_says_so_and_counts_what_is_computed() -> None:
    def layer(**options: Any) -> Any:
        return plumline.compile(model(), kernels="summerge", **options).plan()[1]

    step = layer()
    assert step.kernel.startswith(("summerge/", "reference"))
    assert step.choice == "asked for"
    assert step.why == "every filter is {0,a}; summerge in tiles of 4, zeros left out"
    assert layer(tile=8, sparsity_support=False).why.endswith("in tiles of 8, zeros added up")
    counts = [layer(sparsity_support=support).planned_operations for support in (True, False)]
    assert counts[0] < counts[1] < step.dense_operations
    # Tiles of one column share nothing: an addition for each one but the first of a filter, and a
    # multiplication a filter.
    weight = onnx.numpy_helper.to_array(model().graph.initializer[1])
    assert layer(tile=1).planned_operations == 81 * np.count_nonzero(weight)


def test_without_the_choice_nothing_changes() -> None:
    assert attributes(plumline.compile(model())) == [{}, {}, {}]


def test_values_that_repeat_by_chance_are_not_few() -> None:
    few = np.random.default_rng(2).choice(np.linspace(-1, 1, 16), (32, 16, 3, 3))
    many = np.random.default_rng(2).choice(np.linspace(-1, 1, 17), (32, 16, 3, 3))
    codebook = plumline.compile(model(few_values=few), kernels="summerge")
    assert [bool(found) for found in attributes(codebook)] == [False, True, True]
    dense = plumline.compile(model(few_values=many), kernels="summerge")
    assert [bool(found) for found in attributes(dense)] == [False, False, True]
    expected = plumline.compile(model(few_values=few)).run(inputs())["y"]
    np.testing.assert_allclose(codebook.run(inputs())["y"], expected, rtol=1e-5, atol=1e-4)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"kernels": "sum-merge"}, "unknown kernels 'sum-merge': did you mean 'summerge'"),
        ({"tile": 4}, "tile is an option of kernels='summerge'"),
        ({"sparsity_support": True}, "sparsity_support is an option of kernels='summerge'"),
        ({"kernels": "summerge", "tile": 0}, "tile is 0: it must be a whole number from 1 to 8"),
        ({"kernels": "summerge", "tile": 9}, "tile is 9: it must"),
        ({"kernels": "summerge", "tile": 4.0}, r"tile is 4\.0: it must"),
        ({"kernels": "summerge", "tile": True}, "tile is True: it must"),
        ({"kernels": "summerge", "sparsity_support": 1}, "sparsity_support is 1: it must be True"),
    ],
)
def test_wrong_options_are_refused_in_one_line(options: dict[str, Any], message: str) -> None:
    with pytest.raises(InputError, match=message) as caught:
        plumline.compile(model(), **options)
    assert "\n" not in str(caught.value)


def test_a_network_without_few_values_is_refused() -> None:
    random = np.random.default_rng(3)
    wide = {
        name: random.standard_normal(shape)
        for name, shape in (
            ("few_values", (32, 16, 3, 3)),
            ("grouped", (8, 16, 3, 3)),
        )
    }
    with pytest.raises(InputError, match=r"no float convolution .* leave out kernels='summerge'"):
        plumline.compile(model(**wide), kernels="summerge")


@pytest.mark.parametrize(
    ("wrong", "message"),
    [
        ({"kernels": "fastest"}, "fastest"),
        ({"tile": 1 << 40}, "1 to 8"),
        ({"sparsity_support": 7}, "not 0 or 1"),
    ],
)
def test_a_hostile_choice_is_refused(wrong: dict[str, Any], message: str) -> None:
    artifact = plumline.compile(model(), kernels="summerge").artifact
    nodes = [
        replace(node, attributes={**node.attributes, **wrong})
        if "kernels" in node.attributes
        else node
        for node in artifact.nodes
    ]
    hostile = replace(artifact, nodes=tuple(nodes))
    with pytest.raises(ArtifactError, match=message):
        Program(Artifact.from_bytes(hostile.to_bytes()))


def test_the_choice_for_weights_of_many_values_is_refused() -> None:
    artifact = plumline.compile(model()).artifact
    asked = {"kernels": "summerge", "tile": 4, "sparsity_support": 1}
    first = artifact.nodes[0]
    nodes = (replace(first, attributes={**first.attributes, **asked}), *artifact.nodes[1:])
    with pytest.raises(ArtifactError, match="more than 16 different weights"):
        Program(replace(artifact, nodes=nodes))
