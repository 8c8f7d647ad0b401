"""``python -m plumline.bench.footprint CONTENDER FOLDER THREADS``: memory and times of one runtime.

A new process imports the runtime, notes how much memory it holds, then loads the network from its
file and runs it. What is added until the peak, and what is left at the end, is the network's.
`COMPILE` in place of a contender compiles ``net.onnx``. The answer is one line of JSON.
"""

import contextlib
import json
import os
import subprocess
import sys
import time
from importlib import import_module
from pathlib import Path

from plumline.bench import contenders
from plumline.bench.subject import Subject
from plumline.errors import InputError

COMPILE = "compile"
RUNS = 5
MIB = 2**20

FILES = {"onnx": "net.onnx", "artifact": "net.plum", "module": "net.pt"}
"""The file of each form of a network; a contender takes the form that it names first."""
SHAPES = "shapes.json"


def path_for(contender: str, folder: Path) -> Path:
    """Return the file that a contender loads."""
    return folder / FILES[contenders.look_up(contender).forms[0]]


def ask(contender: str, folder: Path, threads: int) -> dict[str, float]:
    """Measure one contender, or `COMPILE`, in a new process."""
    command = [sys.executable, "-m", "plumline.bench.footprint", contender]
    done = subprocess.run(
        [*command, os.fspath(folder), str(threads)], stdout=subprocess.PIPE, text=True, check=False
    )
    if done.returncode:
        raise InputError(f"the memory of {contender} was not measured: what it said is above")
    answer: dict[str, float] = json.loads(done.stdout.splitlines()[-1])
    return answer


def main() -> int:
    """Measure; print the answer."""
    name, folder, threads = sys.argv[1], Path(sys.argv[2]), int(sys.argv[3])
    found = _compile(folder) if name == COMPILE else _load_and_run(name, folder, threads)
    print(json.dumps(found))
    return 0


def _compile(folder: Path) -> dict[str, float]:
    from plumline.compiler import compile_artifact

    start = time.perf_counter()
    compile_artifact(folder / FILES["onnx"])
    return {"compile_seconds": time.perf_counter() - start}


def _load_and_run(name: str, folder: Path, threads: int) -> dict[str, float]:
    runtime = contenders.look_up(name)
    import_module(runtime.package)
    shapes = {key: tuple(s) for key, s in json.loads((folder / SHAPES).read_text("utf-8")).items()}
    feed = Subject("network", shapes).noise(shapes)
    with contextlib.suppress(OSError):  # a kernel without it counts what the imports needed too
        Path("/proc/self/clear_refs").write_text("5", "ascii")  # the peak starts again from here
    before, start = _resident(), time.perf_counter()
    call = runtime.open(_subject(runtime.forms[0], folder, shapes), threads, shapes)(feed)
    loaded = time.perf_counter()
    call()
    ready = time.perf_counter()
    for _ in range(RUNS):
        call()
    resident = _resident()
    return {
        # The kernel brings its note of the peak up to date only now and then.
        "peak_mib": (max(_peak(), resident) - before) / MIB,
        "resident_mib": (resident - before) / MIB,
        "load_seconds": loaded - start,
        "first_call_seconds": ready - loaded,
    }


def _subject(form: str, folder: Path, shapes: dict[str, tuple[int, ...]]) -> Subject:
    """Take the form of the network that a runtime asks for first, from its file."""
    path = folder / FILES[form]
    if form == "artifact":
        return Subject.open(path)
    if form == "module":
        import torch

        # Written by the process that started this one.
        return Subject("network", shapes, module=torch.load(path, weights_only=False))
    return Subject("network", shapes, onnx=os.fspath(path))


def _resident() -> int:
    return _status("VmRSS")


def _peak() -> int:
    return _status("VmHWM")


def _status(key: str) -> int:
    """Return an amount of memory of this process, in bytes, as Linux gives it."""
    try:
        lines = Path("/proc/self/status").read_text("utf-8").splitlines()
    except OSError as error:
        raise InputError(f"this system does not tell the memory of a process: {error}") from None
    return next(int(line.split()[1]) * 1024 for line in lines if line.startswith(f"{key}:"))


if __name__ == "__main__":
    sys.exit(main())
