"""Models that cannot be compiled: one line that says what is wrong."""

import numpy as np
import onnx
import onnx.parser
import pytest
from onnx import TensorProto, helper, numpy_helper

from plumline.compiler import compile_artifact, fold
from plumline.errors import InputError, UnsupportedOperatorError


def model(text, opset=17):
    return onnx.parser.parse_model(
        f'<ir_version: 8, opset_import: ["" : {opset}, "my.ops" : 1]> agraph ' + text
    )


GOOD = model("(float[N,3] x) => (float[N,3] y) { y = Relu(x) }")


def refused(proto, **arguments):
    with pytest.raises(InputError) as error:
        compile_artifact(proto, **arguments)
    assert "\n" not in str(error.value)
    return str(error.value)


def test_every_offending_node_is_listed_with_name_and_type():
    proto = model(
        """(float[1,3,8,8] x) => (float[1,3,8,8] y) {
            a = Sin(x) b = Relu(a) c = Cos(b) d = my.ops.Magic(x)
            e = Conv(x, x) y = Sum(a, c, d, e) }"""
    )
    for node, name in zip(proto.graph.node, ["first", "", "third", "", "", ""], strict=True):
        node.name = name
    with pytest.raises(UnsupportedOperatorError) as error:
        compile_artifact(proto)
    text = str(error.value)
    assert "\n" not in text
    for part in (
        "first (Sin)",
        "third (Cos)",
        "(my.ops.Magic)",
        "Conv_4 (Conv): its weight is not a constant",
        "(Sum)",
    ):
        assert part in text
    assert "Relu" not in text


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("(int64[3] x) => (int64[3] y) { y = Add(x, x) }", "int64, not float32"),
        ("(float[1,3,8,8] x) => (double[1,3,8,8] y) { y = Cast <to=11> (x) }", "only float32"),
        (
            "(float[1,3,2,2,2] x) => (float[1,3,2,2,2] y) { y = MaxPool <kernel_shape=[1,1,1]> "
            "(x) }",
            "1-D and 2-D",
        ),
        ("(float[3] x, float[3] r) => (float[3] y) { y = Clip(x, r) }", "constants="),
        (
            "(float[N,3] x) => (float[N,4] y) <float[4,4] w = "
            "{1,2,3,4,1,2,3,4,1,2,3,4,1,2,3,4}> { y = MatMul(x, w) }",
            "3 columns",
        ),
        ("(float[2,3] x) => (float[2,4] y) { y = Softmax <axis=3> (x) }", "axis 3"),
        ("(float[2,3] x) => (float[2,4] y) { y = Transpose <perm=[0,0]> (x) }", "permute"),
        ("(float[N] x) => (int64[1] y) { y = Shape(x) }", "output 'y'"),
        (
            "(float[2,3] x) => (float[6] y) { s = my.ops.Shape(x) y = Reshape(x, s) }",
            "my.ops.Shape",
        ),
        ("(float[3] x) => (float[3] y) { a = Sin(x) y = my.ops.Relu(a) }", "my.ops.Relu"),
        ("(float[3] x) => (float y) <int64 i = {3}> { y = Gather(x, i) }", "axis of 3"),
        ("(float[3] x) => (float y) <double d = {3}> { y = CastLike(x, d) }", "float64"),
        ("(float[2,0] x) => (float[2,3] y) <float[0,3] w = {}> { y = MatMul(x, w) }", "empty"),
        (
            "(float[1,3,8,8] x) => (float[1,0,8,8] y) <float[0,3,1,1] w = {}> { y = Conv(x, w) }",
            "empty",
        ),
        ("(float[2,3] x) => (float[5] y) <int64[1] t = {5}> { y = Reshape(x, t) }", "6 elements"),
    ],
)
def test_uses_of_operators_that_are_not_compiled(text, message):
    assert message in refused(model(text))


@pytest.mark.parametrize("wrong", [np.nan, np.inf])
@pytest.mark.parametrize("options", [{}, {"kernels": "summerge"}])
def test_a_weight_that_is_not_finite_names_its_layer(wrong, options):
    proto = model("(float[1,3,8,8] x) => (float[1,2,8,8] y) { y = Conv(x, w) }")
    weight = np.ones((2, 3, 1, 1), np.float32)
    weight[1, 2] = wrong
    proto.graph.initializer.append(numpy_helper.from_array(weight, "w"))
    proto.graph.node[0].name = "stem"
    message = refused(proto, **options)
    assert message.startswith("layer 'stem' has 1 weights that are NaN or infinite")


def test_not_a_model():
    assert "not an ONNX model" in refused(b"")
    assert "not an ONNX model" in refused(b"hello, world")
    assert "path, bytes or an onnx.ModelProto" in refused(3)


def test_a_missing_file(tmp_path):
    assert "cannot read" in refused(tmp_path / "absent.onnx")
    assert "cannot read" in refused(tmp_path)


def test_a_truncated_file(tmp_path):
    proto = onnx.ModelProto()
    proto.CopyFrom(GOOD)
    del proto.opset_import[1:]  # a message cut between two of its last fields is a whole message
    data, path = proto.SerializeToString(), tmp_path / "net.onnx"
    for length in range(len(data)):
        path.write_bytes(data[:length])
        refused(path)


@pytest.mark.parametrize(("opset", "message"), [(6, "version_converter"), (999, "upgrade onnx")])
def test_operator_set_outside_the_range(opset, message):
    assert message in refused(model("(float[3] x) => (float[3] y) { y = Relu(x) }", opset))


def test_functions_of_the_model_are_expanded():
    proto = onnx.parser.parse_model(
        """<ir_version: 8, opset_import: ["" : 17, "local" : 1]>
        agraph (float[N,3] x) => (float[N,3] y) { y = local.twice(x) }
        <domain: "local", opset_import: ["" : 17]> twice (a) => (b) { c = Relu(a) b = Tanh(c) }"""
    )
    assert [node.op for node in compile_artifact(proto).nodes] == ["relu", "tanh"]


@pytest.mark.parametrize("operator", ["ConstantOfShape", "Expand", "Tile"])
def test_a_constant_too_large_is_refused_before_it_is_made(operator):
    size = "{100000, 100000}"
    nodes = {
        "ConstantOfShape": "c = ConstantOfShape(s)",
        "Expand": "c = Expand(one, s)",
        "Tile": "c = Tile(one, s)",
    }[operator]
    text = (
        f"(float[1] x) => (float[a,b] y) <int64[2] s = {size}, float[1,1] one = {{1}}> "
        f"{{ {nodes} y = Add(x, c) }}"
    )
    assert "too large" in refused(model(text))


def test_inputs_that_are_not_tensors():
    proto = model("(float[3] x) => (float[3] y) <int64 i = {0}> { y = SequenceAt(x, i) }")
    element = helper.make_tensor_type_proto(TensorProto.FLOAT, [3])
    proto.graph.input[0].type.CopyFrom(helper.make_sequence_type_proto(element))
    assert "not a tensor" in refused(proto)


def test_random_numbers_are_not_constants():
    text = "(float[3] x) => (float[3] y) { r = RandomNormal <shape=[3]> () y = Add(x, r) }"
    assert "RandomNormal" in refused(model(text))
    assert fold.can_fold(helper.make_node("Add", [], []))


# Weights in files beside the model.


def with_external_weight(location, **facts):
    tensor = numpy_helper.from_array(np.arange(6, dtype=np.float32).reshape(3, 2), "w")
    data = tensor.raw_data
    tensor.ClearField("raw_data")
    tensor.data_location = TensorProto.EXTERNAL
    for key, value in {"location": location, **facts}.items():
        tensor.external_data.add(key=key, value=str(value))
    proto = model("(float[N,3] x) => (float[N,2] y) { y = MatMul(x, w) }")
    proto.graph.initializer.append(tensor)
    return proto, data


def save(proto, folder):
    folder.mkdir(exist_ok=True)
    path = folder / "net.onnx"
    path.write_bytes(proto.SerializeToString())
    return path


def test_weights_beside_the_model(tmp_path):
    proto, data = with_external_weight("sub/w.bin", offset=8, length=24)
    path = save(proto, tmp_path / "net")
    (path.parent / "sub").mkdir()
    (path.parent / "sub" / "w.bin").write_bytes(b"\0" * 8 + data)
    node = compile_artifact(path).nodes[0]
    np.testing.assert_array_equal(node.tensors["weight"], [[0, 2, 4], [1, 3, 5]])


@pytest.mark.parametrize(
    "location", ["../w.bin", "/etc/passwd", "", ".", "link.bin", "sub/../../w.bin"]
)
def test_weights_outside_the_folder_are_refused(tmp_path, location):
    proto, data = with_external_weight(location)
    path = save(proto, tmp_path / "net")
    (path.parent / "sub").mkdir()
    (tmp_path / "w.bin").write_bytes(data)
    (path.parent / "link.bin").symlink_to(tmp_path / "w.bin")
    assert "outside the model's folder" in refused(path)


@pytest.mark.parametrize(
    "facts", [{"offset": 20}, {"offset": -4}, {"length": 25}, {"length": -1}, {"offset": "x"}]
)
def test_weights_cut_short_are_refused(tmp_path, facts):
    proto, data = with_external_weight("w.bin", **facts)
    path = save(proto, tmp_path / "net")
    (path.parent / "w.bin").write_bytes(data)
    assert any(words in refused(path) for words in ("cut short", "too small"))


def test_weights_that_are_missing_or_unreachable(tmp_path):
    proto, _ = with_external_weight("w.bin")
    assert "put it beside the model" in refused(save(proto, tmp_path / "net"))
    assert "give its path" in refused(proto.SerializeToString())
