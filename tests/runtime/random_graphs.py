"""Random ONNX networks of the operators that are compiled: the same seed gives the same network."""

import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper

ACTIVATIONS = ("Relu", "LeakyRelu", "Sigmoid", "Tanh", "HardSwish", "HardSigmoid", "Clip", "PRelu")


class Builder:
    def __init__(self, seed):
        self.random = np.random.default_rng(seed)
        self.nodes, self.initializers, self.count = [], [], 0

    def name(self):
        self.count += 1
        return f"v{self.count}"

    def constant(self, array, dtype=np.float32):
        name = self.name()
        self.initializers.append(numpy_helper.from_array(np.asarray(array, dtype), name))
        return name

    def node(self, operator, *inputs, outputs=1, **attributes):
        names = [self.name() for _ in range(outputs)]
        self.nodes.append(helper.make_node(operator, list(inputs), names, **attributes))
        return names[0] if outputs == 1 else names

    def choice(self, *items):
        return items[self.random.integers(len(items))]

    def normal(self, *shape):
        return self.random.standard_normal(shape)

    def weights(self, *shape):
        """Weights of a random kind, scaled so that a layer keeps its input's magnitude."""
        noise, scale = self.normal(*shape), 1 / np.sqrt(np.prod(shape[1:]))
        sign = (
            self.choice(-1, 1)
            if self.random.random() < 0.5
            else self.random.choice([-1, 1], (shape[0], *[1] * (len(shape) - 1)))
        )
        kind = self.choice("dense", "signed-binary", "binary", "ternary", "sparse", "two", "mixed")
        if kind == "dense":
            array = noise
        elif kind == "signed-binary":
            array = (noise > 0.3) * sign
        elif kind == "binary":
            array = np.sign(noise)
        elif kind == "ternary":
            array = np.sign(noise) * (np.abs(noise) > 0.7)
        elif kind == "sparse":
            array = noise * (np.abs(noise) > 1.6)
        elif kind == "two":
            array = np.where(noise > 0, 0.3, -1.1)
        else:
            array = np.where(
                self.random.random((shape[0], *[1] * (len(shape) - 1))) < 0.2,
                0.0,
                (noise > 0) * sign,
            )
        return array * scale

    # Each layer takes the name and shape (without batch) of a value and returns those of another.

    def conv(self, x, shape):
        channels, rank = shape[0], len(shape) - 1
        groups = self.choice(*[g for g in (1, 1, 2, channels) if channels % g == 0])
        filters = groups * int(self.random.integers(1, 4))
        kernel = [int(self.random.integers(1, 4)) for _ in range(rank)]
        attributes = {"group": groups, "strides": [self.choice(1, 1, 2) for _ in range(rank)]}
        if self.random.random() < 0.3:
            attributes["auto_pad"] = self.choice("SAME_UPPER", "SAME_LOWER")
        else:
            attributes["dilations"] = [self.choice(1, 1, 2) for _ in range(rank)]
            attributes["pads"] = [int(self.random.integers(0, 3)) for _ in range(2 * rank)]
        inputs = [x, self.constant(self.weights(filters, channels // groups, *kernel))]
        if self.random.random() < 0.5:
            inputs.append(self.constant(self.normal(filters)))
        return self.node("Conv", *inputs, **attributes)

    def normalization(self, x, shape):
        c = shape[0]
        parameters = [self.normal(c), self.normal(c), self.normal(c), self.random.random(c) + 0.5]
        return self.node("BatchNormalization", x, *(self.constant(p) for p in parameters))

    def activation(self, x, shape):
        operator = self.choice(*ACTIVATIONS)
        if operator == "Clip":
            return self.node(
                "Clip", x, self.constant(self.choice(0, -0.5)), self.constant(self.choice(6, 0.7))
            )
        if operator == "PRelu":
            return self.node(
                "PRelu",
                x,
                self.constant(self.normal(*self.choice((1,), (shape[0], *[1] * (len(shape) - 1))))),
            )
        return self.node(operator, x)

    def arithmetic(self, x, shape):
        channel = (shape[0], *[1] * (len(shape) - 1))
        other = self.normal(*self.choice((), (1,), channel, (1, *channel), shape))
        other = self.constant(np.where(np.abs(other) < 0.3, 1, other))
        operator = self.choice("Add", "Sub", "Mul", "Div")
        # Nothing is divided by activations, which may come near zero.
        inputs = (x, other) if operator == "Div" or self.random.random() < 0.7 else (other, x)
        return self.node(operator, *inputs)

    def residual(self, x, shape):
        channels, rank = shape[0], len(shape) - 1
        weight = self.constant(self.weights(channels, channels, *[3] * rank))
        y = self.node("Conv", x, weight, pads=[1] * (2 * rank))
        y = self.normalization(y, shape) if self.random.random() < 0.5 else y
        inputs = (x, y) if self.random.random() < 0.5 else (y, x)
        return self.node("Relu", self.node("Add", *inputs))

    def pool(self, x, shape):
        operator, rank = self.choice("MaxPool", "AveragePool"), len(shape) - 1
        kernel = [min(int(self.random.integers(1, 4)), size) for size in shape[1:]]
        attributes = {
            "kernel_shape": kernel,
            "strides": [self.choice(1, 2) for _ in range(rank)],
            "pads": [int(self.random.integers(0, k)) for k in (*kernel, *kernel)],
            "ceil_mode": self.choice(0, 1),
        }
        if operator == "AveragePool":
            attributes["count_include_pad"] = self.choice(0, 1)
        return self.node(operator, x, **attributes)

    def pad(self, x, shape):
        rank = len(shape) - 1
        reflect = ["reflect"] if min(shape[1:]) > 1 else []
        pads = [0, 0, *self.random.integers(0, 2, rank), 0, 0, *self.random.integers(0, 2, rank)]
        return self.node(
            "Pad", x, self.constant(pads, np.int64), mode=self.choice("constant", "edge", *reflect)
        )

    def split_concat(self, x, shape):
        if shape[0] < 2:
            return self.node("Concat", x, x, axis=1)
        sizes = [1, shape[0] - 1]
        a, b = self.node("Split", x, self.constant(sizes, np.int64), outputs=2, axis=1)
        return self.node("Concat", b, self.activation(a, (1, *shape[1:])), axis=1)

    def slice(self, x, shape):
        axis = int(self.random.integers(1, len(shape) + 1))
        numbers = self.choice(
            (0, 1 << 40, 1), (-1, -(1 << 40), -1), (0, -1, 1) if shape[axis - 1] > 1 else (0, 9, 1)
        )
        start, end, step = (self.constant([number], np.int64) for number in numbers)
        return self.node("Slice", x, start, end, self.constant([axis], np.int64), step)

    def transpose(self, x, shape):
        axes = list(range(1, len(shape) + 1))
        return self.node("Transpose", x, perm=[0, *self.random.permutation(axes)])

    def head(self, x, shape):
        """End in a matrix, in one of the ways that exporters write."""
        kind = self.choice("global", "flatten", "view", "mean", "tokens")
        if kind == "global":
            x, width = self.node("Flatten", self.node("GlobalAveragePool", x)), shape[0]
        elif kind == "mean":
            axes = self.constant(range(2, len(shape) + 1), np.int64)
            x, width = self.node("ReduceMean", x, axes, keepdims=0), shape[0]
        elif kind == "flatten":
            x, width = self.node("Flatten", x), int(np.prod(shape))
        elif kind == "view":
            batch = self.node("Gather", self.node("Shape", x), self.constant(0, np.int64))
            batch = self.node("Unsqueeze", batch, self.constant([0], np.int64))
            target = self.node("Concat", batch, self.constant([-1], np.int64), axis=0)
            x, width = self.node("Reshape", x, target), int(np.prod(shape))
        else:
            weight = self.constant(self.weights(3, shape[-1]).T)
            x = self.node("Add", self.node("MatMul", x, weight), self.constant(self.normal(3)))
            x, width = self.node("Flatten", x), int(np.prod(shape[:-1])) * 3
        weight = self.weights(5, width)
        if self.random.random() < 0.5:
            x = self.node(
                "Gemm", x, self.constant(weight), self.constant(self.normal(5)), transB=1, alpha=0.5
            )
        else:
            x = self.node("MatMul", x, self.constant(weight.T))
        return self.node("Softmax", x) if self.random.random() < 0.3 else x

    LAYERS = (
        "conv", "conv", "conv", "normalization", "normalization", "activation", "activation",
        "arithmetic",        "residual", "pool", "pad", "split_concat", "slice", "transpose",
    )  # fmt: skip


def shape_of(builder, name, shape):
    graph = helper.make_graph(
        builder.nodes,
        "random",
        [helper.make_tensor_value_info("x", TensorProto.FLOAT, ["N", *shape])],
        [helper.make_tensor_value_info(name, TensorProto.FLOAT, None)],
        builder.initializers,
    )
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 22)], ir_version=10)
    inferred = onnx.shape_inference.infer_shapes(model, strict_mode=True, data_prop=True)
    dims = inferred.graph.output[0].type.tensor_type.shape.dim
    return inferred, tuple(dim.dim_value for dim in dims[1:])


def random_model(seed, layers=7):
    """Return a model of one input ``x`` of unknown batch, and the shape of a sample."""
    builder = Builder(seed)
    shape = tuple(int(size) for size in builder.random.integers(2, 9, builder.choice(2, 3, 3, 3)))
    name, current = "x", shape
    for _ in range(layers):
        layer = builder.choice(*Builder.LAYERS)
        kept = len(builder.nodes), len(builder.initializers)
        result = getattr(builder, layer)(name, current)
        try:
            _, after = shape_of(builder, result, shape)
        except onnx.shape_inference.InferenceError:
            after = (0,)
        if min(after) < 1 or np.prod(after) > 20000:  # the layer does not fit here: leave it out
            del builder.nodes[kept[0] :], builder.initializers[kept[1] :]
            continue
        name, current = result, after
    name = builder.head(name, current)
    return shape_of(builder, name, shape)[0], shape
