"""OpenVINO's CPU plugin in float32 with its latency settings."""

from plumline._extras import require
from plumline.bench.contenders.registry import Bind, Call, Shapes, contender
from plumline.bench.subject import Feed, Subject


@contender("openvino", package="openvino", forms=("onnx",))
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
