"""PyTorch: the module itself, eagerly, in inference mode.

PyTorch does not read ONNX, so it takes part when the network comes with its module: a run folder, a
module passed in Python, or an exported program (``.pt2``) beside the ONNX file.
"""

from typing import Any

from plumline._extras import require
from plumline.bench.contenders.registry import Bind, Call, Shapes, contender
from plumline.bench.subject import Feed, Subject


@contender("torch", package="torch", forms=("module",))
def open_torch(subject: Subject, threads: int, shapes: Shapes | None) -> Bind:
    """Run the subject's module; the number of threads is PyTorch's, for the whole process."""
    torch = require("torch", "train")
    torch.set_num_threads(threads)
    module = subject.module

    def bind(feed: Feed) -> Call:
        inputs = [torch.from_numpy(feed[name]) for name in subject.inputs]

        def call() -> list[Any]:
            with torch.inference_mode():
                answer = module(*inputs)
            parts = answer if isinstance(answer, tuple | list) else (answer,)
            return [part.numpy() for part in parts]

        return call

    return bind
