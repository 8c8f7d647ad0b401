"""What a signed-binary ResNet-18 takes in its file."""

import numpy as np
import pytest
from onnx import TensorProto, helper, numpy_helper

from plumline.compiler import compile_artifact

STAGES = ((64, 1), (128, 2), (256, 2), (512, 2))


class ResNet18:
    """What an exporter writes: batch normalization after each convolution, signed-binary 3x3."""

    def __init__(self):
        self.random = np.random.default_rng(0)
        self.nodes, self.initializers, self.quantized = [], [], 0

    def constant(self, array):
        name = f"c{len(self.initializers)}"
        self.initializers.append(numpy_helper.from_array(array.astype(np.float32), name))
        return name

    def node(self, operator, *inputs, **attributes):
        name = f"v{len(self.nodes)}"
        self.nodes.append(helper.make_node(operator, list(inputs), [name], name=name, **attributes))
        return name

    def conv(self, x, filters, channels, size, stride, quantized=True):
        noise = self.random.standard_normal((filters, channels, size, size), np.float32)
        if quantized:  # {0, +1} and {0, -1} filters, density 0.35
            sign = self.random.choice([-1, 1], (filters, 1, 1, 1))
            noise = (noise > 0.385) * sign
            self.quantized += noise.size
        x = self.node("Conv", x, self.constant(noise), strides=[stride] * 2, pads=[size // 2] * 4)
        statistics = [self.random.random(filters) + 0.5 for _ in range(4)]
        return self.node("BatchNormalization", x, *map(self.constant, statistics))

    def block(self, x, filters, channels, stride):
        y = self.node("Relu", self.conv(x, filters, channels, 3, stride))
        y = self.conv(y, filters, filters, 3, 1)
        if stride != 1:
            x = self.conv(x, filters, channels, 1, stride, quantized=False)
        return self.node("Relu", self.node("Add", y, x))

    def model(self):
        x = self.node("Relu", self.conv("x", 64, 3, 7, 2, quantized=False))
        x = self.node("MaxPool", x, kernel_shape=[3, 3], strides=[2, 2], pads=[1] * 4)
        channels = 64
        for filters, stride in STAGES:
            x = self.block(x, filters, channels, stride)
            x = self.block(x, filters, filters, 1)
            channels = filters
        x = self.node("Flatten", self.node("GlobalAveragePool", x))
        weight, bias = self.random.standard_normal((1000, 512)), np.zeros(1000)
        x = self.node("Gemm", x, self.constant(weight), self.constant(bias), transB=1)
        inputs = [helper.make_tensor_value_info("x", TensorProto.FLOAT, ["N", 3, 224, 224])]
        outputs = [helper.make_tensor_value_info(x, TensorProto.FLOAT, ["N", 1000])]
        graph = helper.make_graph(self.nodes, "resnet18", inputs, outputs, self.initializers)
        return helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8)


@pytest.fixture(scope="module")
def network():
    return ResNet18()


@pytest.fixture(scope="module")
def artifact(network):
    return compile_artifact(network.model())


def test_bits_a_quantized_weight(artifact, network):
    quantized = [node for node in artifact.nodes if node.attributes.get("weights") == "planes"]
    assert sum(node.about["weights"] for node in quantized) == network.quantized
    assert len(quantized) == 16
    tensors = sum(array.nbytes for node in quantized for role, array in node.tensors.items())
    assert 8 * tensors / network.quantized <= 1.05


def test_the_file_holds_little_else(artifact, network):
    tensors = sum(array.nbytes for node in artifact.nodes for array in node.tensors.values())
    # Header and alignment, spread over the quantized weights, still leave them within the bound.
    assert len(artifact.to_bytes()) - tensors < 0.03 * network.quantized / 8


def test_everything_is_fused(artifact):
    # ResNet-18 has 20 convolutions, one maximum, one mean, one flattening and one linear layer.
    ops = [node.op for node in artifact.nodes]
    assert sorted(set(ops)) == ["conv", "flatten", "linear", "max_pool", "reduce_mean"]
    assert (ops.count("conv"), len(ops)) == (20, 24)


def test_multiply_accumulates(artifact):
    # 1.82 G multiply-accumulates at 224x224: He et al. 2016, table 1 (1.8e9).
    assert sum(node.about["dense_operations"] for node in artifact.nodes) == pytest.approx(
        1.8e9, rel=0.02
    )
