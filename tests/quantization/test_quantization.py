"""Post-training quantization: what is quantized and how, and that the network stays the same."""

import numpy as np
import onnx
import onnxruntime
import pytest
from onnx import numpy_helper

from plumline.compiler import compile, compile_artifact
from plumline.errors import InputError
from plumline.quantization import METHODS, quantize, ranges, read_samples, weights

TEXT = """<ir_version: 8, opset_import: ["" : 17]>
net (float[N,3,12,12] x) => (float[N,5] y) {
    a = Conv <pads = [1,1,1,1]> (x, w1, b1)
    n = BatchNormalization (a, s, o, m, v)
    b = Relu (n)
    c = Conv <pads = [1,1,1,1]> (b, w2)
    d = Add (c, b)
    e = Relu (d)
    f = MaxPool <kernel_shape = [2,2], strides = [2,2]> (e)
    g = Concat <axis = 1> (f, f)
    h = GlobalAveragePool (g)
    i = Flatten (h)
    y = Gemm <transB = 1> (i, w3, b3)
}"""


def network(low_bit=False, seed=0):
    random = np.random.default_rng(seed)
    noise = random.standard_normal
    w2 = noise((8, 8, 3, 3)) / 8
    if low_bit:
        sign = random.choice([-1, 1], (8, 1, 1, 1)) * random.uniform(0.02, 0.3, (8, 1, 1, 1))
        w2 = (random.random((8, 8, 3, 3)) < 0.35) * sign
    arrays = {
        "w1": noise((8, 3, 3, 3)) / 3,
        "b1": noise(8) / 9,
        "s": random.uniform(0.5, 1.5, 8),
        "o": noise(8) / 9,
        "m": noise(8) / 9,
        "v": random.uniform(0.5, 1.5, 8),
        "w2": w2,
        "w3": noise((5, 16)),
        "b3": noise(5),
    }
    proto = onnx.parser.parse_model(TEXT)
    for name, array in arrays.items():
        proto.graph.initializer.append(numpy_helper.from_array(array.astype(np.float32), name))
    proto.metadata_props.add(key="plumline.dataset", value="digits")
    return proto


def samples(n=4, seed=1):
    random = np.random.default_rng(seed)
    feeds = [{"x": random.standard_normal((8, 3, 12, 12), np.float32)} for _ in range(n)]
    return lambda: feeds


def by_onnxruntime(model, x):
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads, options.log_severity_level = 1, 3
    session = onnxruntime.InferenceSession(
        model.SerializeToString(), options, providers=["CPUExecutionProvider"]
    )
    return session.run(None, {"x": x})[0]


@pytest.mark.parametrize("method", METHODS)
def test_the_network_stays_the_same(method):
    model = network()
    made = quantize(model, samples(), method=method)
    assert (made.layers, made.kept) == (3, 0)
    x = samples(1, seed=2)()[0]["x"]
    wanted = by_onnxruntime(model, x)
    bound = 0.1 * np.abs(wanted).max()
    for answer in (compile(made.model)(x), by_onnxruntime(made.model, x)):
        np.testing.assert_allclose(answer, wanted, atol=bound)


def test_every_layer_and_addition_becomes_an_integer_step():
    made = [node.op for node in compile_artifact(quantize(network(), samples()).model).nodes]
    assert made.count("quantized_conv") == 2
    assert made.count("quantized_add") == made.count("quantized_linear") == 1
    assert "affine" not in made
    assert "relu" not in made
    # Maximum and concatenation stay codes: only the mean goes through float32.
    assert made.count("dequantize_linear") == 1
    assert made.count("quantize_linear") == 2


def test_low_bit_weights_lose_nothing():
    made = quantize(network(low_bit=True), samples())
    assert made.kept == 1
    layers = [node for node in compile_artifact(made.model).nodes if node.op == "quantized_conv"]
    assert [layer.attributes["weights"] for layer in layers] == ["dense", "planes"]
    assert set(np.abs(layers[1].tensors["coefficient"])) == {1.0}


def test_metadata_stay():
    made = quantize(network(), samples()).model
    assert [(e.key, e.value) for e in made.metadata_props] == [("plumline.dataset", "digits")]


@pytest.mark.parametrize("axis", [0, 1])
def test_codes_of_weights(axis):
    rows = np.array([[0.5, -0.5, 0], [0, 0, 0], [1.27, 0.01, -1.27], [3, 3, 3]], np.float32)
    codes, scales = weights.quantize_weight(rows if axis == 0 else rows.T.copy(), axis)
    codes = codes if axis == 0 else codes.T
    assert codes.tolist() == [[1, -1, 0], [0, 0, 0], [127, 1, -127], [1, 1, 1]]
    np.testing.assert_allclose(scales, [0.5, 1, 0.01, 3])


def test_a_bias_beyond_int32_stays_float32():
    assert weights.quantize_bias(np.float32([1]), np.float32([1e-12])) is None
    assert weights.quantize_bias(np.float32([-7]), np.float32([0.5])).tolist() == [-14]


def test_ranges_of_a_distribution_with_an_outlier():
    x = np.random.default_rng(0).standard_normal(100_000).astype(np.float32)
    x[0] = 100
    histogram = ranges.Histogram(float(x.min()), float(x.max()))
    histogram.add(x)
    assert ranges.whole(histogram) == (float(x.min()), 100)
    low, high = ranges.percentile(histogram, 99.9)
    assert -4 < low < -3
    assert 3 < high < 4
    assert ranges.mse(histogram)[1] < 100


def test_zero_is_exact():
    made = quantize(network(), samples()).model
    zeros = {
        tensor.name: int(numpy_helper.to_array(tensor))
        for tensor in made.graph.initializer
        if tensor.name.endswith("_zero_point") and not tensor.dims
    }
    assert zeros["e_zero_point"] == zeros["b_zero_point"] == 0  # after a relu
    assert 0 < zeros["x_zero_point"] < 255


def test_what_cannot_be_quantized_is_refused():
    proto = onnx.parser.parse_model(
        '<ir_version: 8, opset_import: ["" : 17]> net (float[N,3] x) => (float[N,3] y)'
        "{ y = Relu (x) }"
    )
    with pytest.raises(InputError, match="no Conv, Gemm or MatMul"):
        quantize(proto, samples())
    with pytest.raises(InputError, match="no calibration inputs"):
        quantize(network(), lambda: [])
    with pytest.raises(InputError, match="not finite"):
        quantize(network(), lambda: [{"x": np.full((1, 3, 12, 12), np.nan, np.float32)}])
    with pytest.raises(InputError, match="unknown method 'max'"):
        quantize(network(), samples(), method="max")


def test_samples_from_files(tmp_path):
    inputs = {"x": ("N", 3, 12, 12)}
    x = samples(1)()[0]["x"]
    np.savez(tmp_path / "a.npz", x=x)
    np.save(tmp_path / "b.npy", x[:2])
    (tmp_path / "note.txt").write_text("not an input")
    first, second = read_samples(str(tmp_path), inputs)()
    np.testing.assert_array_equal(first["x"], x)
    np.testing.assert_array_equal(second["x"], x[:2])
    (alone,) = read_samples(str(tmp_path / "a.npz"), inputs)()
    np.testing.assert_array_equal(alone["x"], x)


def test_samples_that_do_not_fit_are_refused(tmp_path):
    inputs = {"x": (1, 3), "z": (1, 3)}
    np.savez(tmp_path / "a.npz", x=np.zeros((1, 3)))
    with pytest.raises(InputError, match="has the arrays x: the network takes x, z"):
        read_samples(str(tmp_path / "a.npz"), inputs)
    (tmp_path / "b.npz").write_bytes(b"nothing")
    with pytest.raises(InputError, match="cannot read"):
        read_samples(str(tmp_path / "b.npz"), inputs)
    with pytest.raises(InputError, match=r"neither a \.npz nor a \.npy"):
        read_samples(str(tmp_path / "c.txt"), inputs)
    (tmp_path / "empty").mkdir()
    with pytest.raises(InputError, match="holds no"):
        read_samples(str(tmp_path / "empty"), inputs)
