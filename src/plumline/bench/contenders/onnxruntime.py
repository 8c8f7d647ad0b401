"""ONNX Runtime, its CPU execution provider with all graph optimizations.

Its own kernels ask the processor alone: nothing caps their instruction set. (Checked with version
1.31 on a processor with AVX-512 by reading, after a convolution in a process in which everything
else was held to AVX2, which register state the thread had used: zmm16 to zmm31 were among it.)
"""

from plumline._extras import require
from plumline.bench.contenders.registry import Bind, Call, Shapes, contender
from plumline.bench.subject import Feed, Subject


@contender("onnxruntime", package="onnxruntime", forms=("onnx",))
def open_onnxruntime(subject: Subject, threads: int, shapes: Shapes | None) -> Bind:
    """Run the ONNX bytes; open sizes are fixed to ``shapes``, which lets it optimize further."""
    runtime = require("onnxruntime", "bench")
    options = runtime.SessionOptions()
    options.log_severity_level = 3
    options.intra_op_num_threads = threads
    options.inter_op_num_threads = 1
    options.execution_mode = runtime.ExecutionMode.ORT_SEQUENTIAL
    options.graph_optimization_level = runtime.GraphOptimizationLevel.ORT_ENABLE_ALL
    for name, shape in (shapes or {}).items():
        for size, known in zip(shape, subject.inputs[name], strict=True):
            if isinstance(known, str) and known != "?":
                options.add_free_dimension_override_by_name(known, size)
    session = runtime.InferenceSession(subject.onnx, options, providers=["CPUExecutionProvider"])

    def bind(feed: Feed) -> Call:
        return lambda: list(session.run(None, feed))

    return bind
