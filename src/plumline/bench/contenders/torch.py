"""PyTorch: the module itself, eagerly, in inference mode.

PyTorch does not read ONNX, so it takes part when the network comes with its module: a run folder, a
module passed in Python, or an exported program (``.pt2``) beside the ONNX file. Its convolutions
convert layouts at each call unless images and weights have the channels last, which is therefore a
contender of its own: PyTorch's best is the better of both.
"""

import copy
import os
import subprocess
import sys
from typing import Any

from numpy.typing import NDArray

from plumline._extras import require
from plumline.bench import caps
from plumline.bench.contenders.registry import Bind, Call, Shapes, contender
from plumline.bench.subject import Feed, Subject

_CONVOLUTION = """
import torch
with torch.inference_mode():
    torch.conv2d(torch.ones(1, 16, 8, 8), torch.ones(16, 16, 3, 3))
print(torch.backends.cpu.get_cpu_capability())
"""


def stays_within(isa: str) -> bool:
    """Let a new process tell which kernels it takes, as only verbose oneDNN does."""
    environment = {**os.environ, "ONEDNN_VERBOSE": "1"}
    command = [sys.executable, "-c", _CONVOLUTION]
    done = subprocess.run(command, env=environment, capture_output=True, text=True, check=True)
    said = " ".join(line for line in done.stdout.lower().splitlines() if ",info," not in line)
    return caps.within(isa, said)


@contender("torch", package="torch", forms=("module",), heeds=stays_within)
def open_torch(subject: Subject, threads: int, shapes: Shapes | None) -> Bind:
    """Run the subject's module; the number of threads is PyTorch's, for the whole process."""
    return _bind(subject.module, subject, threads)


@contender("torch-channels-last", package="torch", forms=("module",), heeds=stays_within)
def open_channels_last(subject: Subject, threads: int, shapes: Shapes | None) -> Bind:
    """Run a copy of the module whose images and weights have the channels last."""
    torch = require("torch", "train")
    module = subject.module
    if isinstance(module, torch.nn.Module):
        module = copy.deepcopy(module).to(memory_format=torch.channels_last)
    return _bind(module, subject, threads, channels_last=True)


def _bind(module: Any, subject: Subject, threads: int, channels_last: bool = False) -> Bind:
    torch = require("torch", "train")
    torch.set_num_threads(threads)

    def tensor(array: NDArray[Any]) -> Any:
        value = torch.from_numpy(array)
        if channels_last and value.ndim == 4:
            return value.to(memory_format=torch.channels_last)
        return value

    def bind(feed: Feed) -> Call:
        inputs = [tensor(feed[name]) for name in subject.inputs]

        def call() -> list[Any]:
            with torch.inference_mode():
                answer = module(*inputs)
            parts = answer if isinstance(answer, tuple | list) else (answer,)
            return [part.numpy() for part in parts]

        return call

    return bind
