"""The networks of suites: the weights they say, the same network in every form."""

import struct
from pathlib import Path

import numpy as np
import onnx
import pytest
import torch
from onnx import numpy_helper
from torch import nn

from plumline import bench, export_onnx
from plumline.bench.networks import calibrated, chain, deep_compression, untrained, values
from plumline.bench.networks.trained import read_layers
from plumline.errors import InputError

SHAPE = (8, 6, 3, 3)
RANDOM = np.random.default_rng(0)


@pytest.mark.parametrize("scheme", values.schemes())
def test_random_weights_have_the_density_that_is_said(scheme: str) -> None:
    weights = values.draw(scheme, (64, 64, 3, 3), np.random.default_rng(1))
    assert np.count_nonzero(weights) / weights.size == pytest.approx(
        values.density(scheme), abs=0.01
    )


def test_random_weights_have_the_values_of_their_scheme() -> None:
    drawn = {name: values.draw(name, SHAPE, np.random.default_rng(1)) for name in values.schemes()}
    assert set(np.unique(drawn["signed-binary"][:4])) == {0, 1}
    assert set(np.unique(drawn["signed-binary"][4:])) == {-1, 0}
    assert set(np.unique(drawn["binary"])) == {-1, 1}
    assert set(np.unique(drawn["ternary"])) == {-1, 0, 1}
    with pytest.raises(InputError, match="did you mean 'ternary'"):
        values.draw("ternery", SHAPE, RANDOM)


def codes(scheme: str, count: int = 3) -> list[np.ndarray]:
    return [values.draw(scheme, (6, 6, 3, 3), np.random.default_rng(n)) for n in range(count)]


@pytest.mark.parametrize("scheme", values.schemes())
@pytest.mark.parametrize("stride", [1, 2])
def test_a_chain_is_the_same_in_onnx_and_torch_and_keeps_its_variance(
    scheme: str, stride: int
) -> None:
    subject = chain.fp32("chain", codes(scheme, 3 if stride == 1 else 1), stride, (12, 10))
    feed = subject.noise(subject.shapes(3))
    (expected,) = bench.look_up("torch").open(subject, 1)(feed)()
    (answer,) = bench.look_up("onnxruntime").open(subject, 1)(feed)()
    np.testing.assert_allclose(answer, expected, rtol=1e-4, atol=1e-4)
    assert expected.shape[1:] == (6, 12 // stride, 10 // stride)
    assert 0.2 < expected.std() < 2


def test_every_layer_of_a_chain_is_normalised_by_its_own_activations() -> None:
    (layer,) = chain.layers(codes("signed-binary", 1), 1, (8, 8))
    x = torch.from_numpy(np.random.default_rng(0).standard_normal((1, 6, 8, 8), dtype=np.float32))
    y = torch.conv2d(x, torch.from_numpy(layer.weight), torch.from_numpy(layer.bias), padding=1)
    torch.testing.assert_close(y.mean((0, 2, 3)), torch.zeros(6), atol=1e-4, rtol=0)
    torch.testing.assert_close(y.std((0, 2, 3), unbiased=False), torch.ones(6))


def test_whole_numbers_are_codes_where_a_scheme_has_them() -> None:
    scaled = codes("ternary", 1)[0] * np.linspace(0.5, 2, 6, dtype=np.float32)[:, None, None, None]
    for weight, expected in ((scaled, {-1, 0, 1}), (codes("float", 1)[0], None)):
        (layer,) = chain.layers([weight], 1, (6, 6))
        whole, scale = chain.whole_numbers(layer)
        assert whole.dtype == np.int8
        if expected:
            assert set(np.unique(whole)) == expected
        error = np.abs(whole * scale[:, None, None, None] - layer.weight).max((1, 2, 3))
        assert (error <= scale / 2 * 1.001).all()


@pytest.mark.parametrize("scheme", ["signed-binary", "float"])
def test_a_chain_of_8_bit_activations_is_near_the_one_in_float(scheme: str) -> None:
    weights = codes(scheme)
    subject = chain.int8("chain", weights, 1, (9, 9))
    operators = [node.op_type for node in onnx.load_from_string(subject.onnx).graph.node]
    assert operators.count("QuantizeLinear") == len(weights) + 1
    feed = subject.noise(subject.shapes(2))
    (answer,) = bench.look_up("onnxruntime").open(subject, 1)(feed)()
    x = torch.from_numpy(feed["input"]).clamp(0, 4)
    for layer in chain.layers(weights, 1, (9, 9), rectified=True):
        bias = torch.from_numpy(layer.bias)
        x = torch.conv2d(x, torch.from_numpy(layer.weight), bias, padding=1).clamp(0, 4)
    assert np.abs(answer - x.numpy()).max() < 0.25
    np.testing.assert_allclose(answer, np.rint(answer / chain.STEP) * chain.STEP, atol=1e-5)


def test_layers_of_a_trained_network_are_found_by_shape(tmp_path: Path) -> None:
    """Two equal layers in a chain, one of stride 2; a 1x1, a 5x5 and a grouped one are left out."""
    torch.manual_seed(0)
    binary = [nn.Conv2d(4, 4, 3, padding=1) for _ in range(2)]
    for layer in binary:
        layer.weight.data = layer.weight.data.sign()
    net = nn.Sequential(
        *binary,
        nn.Conv2d(4, 8, 3, stride=2, padding=1),
        nn.Conv2d(8, 8, 1),
        nn.Conv2d(8, 8, 5, padding=2),
        nn.Conv2d(8, 8, 3, padding=1, groups=2),
    )
    path = tmp_path / "net.onnx"
    export_onnx(net, torch.zeros(1, 4, 6, 6), path)
    first, second = read_layers(path, longest=4)
    assert (first.scheme, len(first.codes), first.image, first.stride) == ("binary", 2, (6, 6), 1)
    np.testing.assert_array_equal(first.codes[1], binary[1].weight.detach().numpy())
    assert (second.scheme, second.codes[0].shape, second.stride) == ("float", (8, 4, 3, 3), 2)
    assert (first.name, second.name) == ("4@6", "4->8@6/2")
    assert len(next(read_layers(path, longest=1)).codes) == 1


def test_a_file_that_is_no_network_has_no_layers(tmp_path: Path) -> None:
    path = tmp_path / "net.onnx"
    path.write_bytes(b"no network")
    with pytest.raises(InputError, match=r"net\.onnx"):
        list(read_layers(path, 4))


def compressed(tmp_path: Path, weights: list[np.ndarray], gaps: list[list[int]]) -> Path:
    """Write weights at the places that the gaps lead to, each with a code book of its own."""
    parts = [struct.pack(f"<{len(gaps)}I", *map(len, gaps))]
    for weight, skipped in zip(weights, gaps, strict=True):
        book = np.zeros(256, "<f4")
        places = np.cumsum(np.array(skipped) + 1) - 1
        book[1 : len(places) + 1] = weight.reshape(-1)[places]
        nibbles = [*skipped, 0][: 2 * ((len(skipped) + 1) // 2)]
        pairs = zip(nibbles[::2], nibbles[1::2], strict=True)
        parts += [book.tobytes(), np.arange(len(weight), dtype="<f4").tobytes()]
        parts += [bytes(range(1, len(places) + 1)), bytes(low | high << 4 for low, high in pairs)]
    path = tmp_path / "net"
    path.write_bytes(b"".join(parts))
    return path


def test_compressed_weights_are_put_where_the_gaps_lead(tmp_path: Path) -> None:
    weights = [np.zeros((2, 3, 2, 2), np.float32), np.zeros((1, 20, 1, 1), np.float32)]
    weights[0].reshape(-1)[[0, 3, 19]] = [1.5, -2, 3]
    weights[1].reshape(-1)[[7, 8]] = [4, 5]
    path = compressed(tmp_path, weights, [[0, 2, 15], [7, 0]])
    found = deep_compression.decode(path, [weight.shape for weight in weights])
    for (weight, bias), expected in zip(found, weights, strict=True):
        np.testing.assert_array_equal(weight, expected)
        np.testing.assert_array_equal(bias, np.arange(len(expected)))


def test_a_damaged_compressed_file_is_refused(tmp_path: Path) -> None:
    path = compressed(tmp_path, [np.ones((1, 4, 1, 1), np.float32)], [[0, 2]])
    whole = path.read_bytes()
    for data, words in ((whole[:-1], "ends early"), (whole + b"x", "left over")):
        path.write_bytes(data)
        with pytest.raises(InputError, match=words):
            deep_compression.decode(path, [(1, 4, 1, 1)])
    path.write_bytes(whole)
    with pytest.raises(InputError, match="more weights than a layer"):
        deep_compression.decode(path, [(1, 3, 1, 1)])


def test_a_compressed_file_that_is_not_there_is_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PLUMLINE_DATA", str(tmp_path))
    with pytest.raises(InputError, match=r"there is no .*compressed_SqueezeNet.*--data"):
        deep_compression.find(None)


@pytest.fixture(scope="module")
def network() -> nn.Module:
    return untrained.create("digits-cnn", "signed-binary", (1, 8, 8), 10, {})


def test_an_untrained_network_has_the_scheme_and_calm_activations(network: nn.Module) -> None:
    convolutions = [module for module in network.modules() if isinstance(module, nn.Conv2d)]
    assert len(convolutions[0].weight.unique()) > 3  # the first layer stays in float
    assert set(convolutions[1].weight.unique().tolist()) == {-1, 0, 1}
    answers = network(torch.randn(5, 1, 8, 8))
    assert answers.isfinite().all()
    again = untrained.create("digits-cnn", "signed-binary", (1, 8, 8), 10, {})
    assert all(
        torch.equal(a, b) for a, b in zip(again.parameters(), network.parameters(), strict=True)
    )


def test_a_calibrated_network_is_near_the_one_in_float(network: nn.Module) -> None:
    subject = untrained.subject("digits", network, (1, 8, 8))
    quantized = calibrated.quantize(subject)
    graph = onnx.load_from_string(quantized.onnx).graph
    assert {numpy_helper.to_array(t).dtype.name for t in graph.initializer} >= {"uint8", "int8"}
    feed = subject.noise(subject.shapes(4))
    runtime = bench.look_up("onnxruntime")
    (exact,), (near,) = (runtime.open(s, 1)(feed)() for s in (subject, quantized))
    assert 0 < np.abs(near - exact).max() < 0.2 * np.abs(exact).max()
    assert quantized.module is None
