"""OpenVINO's CPU plugin in float32 with its latency settings."""

import numpy as np

from plumline._extras import require
from plumline.bench import caps
from plumline.bench.contenders.registry import Bind, Call, Shapes, contender
from plumline.bench.subject import Feed, Subject


def stays_within(isa: str) -> bool:
    """Compile a small network and read which kernels its convolution and product were given."""
    openvino = require("openvino", "bench")
    opset = openvino.opset13
    image = opset.parameter([1, 16, 8, 8], dtype=np.float32)
    weight = opset.constant(np.ones((16, 16, 3, 3), np.float32))
    conv = opset.convolution(image, weight, [1, 1], [1, 1], [1, 1], [1, 1])
    flat = opset.reshape(opset.relu(conv), [1, 1024], special_zero=False)
    product = opset.matmul(flat, opset.constant(np.ones((1024, 16), np.float32)), False, False)
    model = openvino.Model([product], [image])
    compiled = openvino.Core().compile_model(model, "CPU", {"INFERENCE_PRECISION_HINT": "f32"})
    nodes = [node.get_rt_info() for node in compiled.get_runtime_model().get_ops()]
    kernels = " ".join(node["primitiveType"].astype(str) for node in nodes)
    return caps.within(isa, kernels)


@contender("openvino", package="openvino", forms=("onnx",), heeds=stays_within)
def open_openvino(subject: Subject, threads: int, shapes: Shapes | None) -> Bind:
    """Run the ONNX bytes, reshaped to ``shapes``, in float32 also where bfloat16 is faster."""
    openvino = require("openvino", "bench")
    core = openvino.Core()
    model = core.read_model(subject.onnx)
    if shapes:
        model.reshape({name: list(shape) for name, shape in shapes.items()})
    settings = {
        "INFERENCE_PRECISION_HINT": "f32",
        "PERFORMANCE_HINT": "LATENCY",
        "INFERENCE_NUM_THREADS": threads,
        "NUM_STREAMS": 1,
    }
    compiled = core.compile_model(model, "CPU", settings)
    request = compiled.create_infer_request()

    def bind(feed: Feed) -> Call:
        def call() -> list:  # type: ignore[type-arg]  # whatever arrays the outputs are
            results = request.infer(feed, share_inputs=True, share_outputs=True)
            return [results[port] for port in compiled.outputs]

        return call

    return bind
