"""Thousands of damaged and hostile files: each is refused or runs, and the process never crashes.

The mutations run in a process of their own, so that a crash of the native module is a failure of
this test with the number of the mutation, and not the end of the test run.
"""

import pickle
import subprocess
import sys
from pathlib import Path

import pytest

MUTATIONS = 2000
SCRIPT = """
import json, pickle, random, sys
sys.path.insert(0, sys.argv[1])
from native_build import use_build_from_environment
use_build_from_environment()
import numpy as np
from plumline.errors import InputError
from plumline.runtime import Artifact, Program, container

kind, count, data = pickle.load(sys.stdin.buffer)
x = np.random.default_rng(0).standard_normal((2, 3, 6, 6)).astype(np.float32)
texts, tensors = container.unpack(data)
ODD = [0, -1, 1, 2, 7, 63, 64, 255, 1 << 15, (1 << 31) - 1, 1 << 31, -(1 << 31), 1 << 40,
       (1 << 63) - 1, -(1 << 63),
       0.5, -1.0, 1e300, "", "conv", "relu", "planes", "sparse", "dense", "N", [], [1], [1, 1],
       [0, 0, 0, 0],
       [-1, -1, -1, -1], [1 << 62] * 4, [1.5], [0.0, 0.0], {}, None, True, {"real": "nan"}]

def bytes_(r):
    changed = bytearray(data)
    for _ in range(r.choice([1, 1, 1, 2, 8, 64])):
        changed[r.randrange(len(changed))] = r.choice([0, 255, r.randrange(256)])
    return bytes(changed) if r.random() < 0.1 else container.seal(bytes(changed))

def truncated(r):
    return container.seal(data[: r.randrange(len(data))])

def tensor_bytes(r):
    changed = {name: array.copy() for name, array in tensors.items()}
    for _ in range(r.choice([1, 1, 2, 8])):
        array = changed[r.choice(sorted(changed))].reshape(-1)
        if array.size:
            array.view(np.uint8)[r.randrange(array.nbytes)] ^= 1 << r.randrange(8)
            if array.dtype == np.int32 and r.random() < 0.7:
                odd = r.choice([-1, 0, 1, 1 << 30, -(1 << 31), (1 << 31) - 1])
                array[r.randrange(array.size)] = odd
    return container.pack(texts, changed)

def tensor_shapes(r):
    changed = dict(tensors)
    name = r.choice(sorted(changed))
    array = changed[name]
    changed[name] = r.choice([
        lambda: array.reshape(-1), lambda: array.reshape(1, *array.shape), lambda: array[:-1],
        lambda: array[:0], lambda: np.concatenate([array, array]), lambda: array.T, lambda:
        np.zeros((), array.dtype), lambda: array.astype(np.int32), lambda: array.astype(np.uint8),
        lambda: array.astype(np.float32), lambda: changed[r.choice(sorted(changed))],
    ])()
    if r.random() < 0.2:
        del changed[name]
    return container.pack(texts, changed)

def spots(value, path=()):
    yield path
    tables = {dict: dict.items, list: enumerate}
    items = tables.get(type(value), lambda item: ())(value)
    for key, item in items:
        yield from spots(item, (*path, key))

def program(r):
    changed = json.loads(texts["program"])
    everything = [path for path in spots(changed) if path]
    for _ in range(r.choice([1, 1, 1, 2, 4])):
        path = r.choice(everything)
        try:
            holder = changed
            for key in path[:-1]:
                holder = holder[key]
            action = r.random()
            if action < 0.1:
                del holder[path[-1]]
            elif action < 0.3 and isinstance(holder, list):
                holder.insert(path[-1], holder[path[-1]])
            elif isinstance(holder[path[-1]], int) and action < 0.7:
                holder[path[-1]] += r.choice([-2, -1, 1, 2, 1 << 20])
            else:
                holder[path[-1]] = r.choice(ODD)
        except (KeyError, IndexError, TypeError):
            pass
    return container.pack({**texts, "program": json.dumps(changed)}, tensors)

ran = 0
for number in range(count):
    print(number, file=sys.stderr, flush=True)
    mutate = {"bytes": bytes_, "truncated": truncated, "tensor-bytes": tensor_bytes,
              "tensor-shapes": tensor_shapes, "program": program}[kind]
    mutant = mutate(random.Random(f"{kind}-{number}"))
    try:
        loaded = Program(Artifact.from_bytes(mutant))
        loaded.run({name.name: x for name in loaded.inputs})
        str(loaded.plan())
        ran += 1
    except InputError as error:
        assert str(error) and "\\n" not in str(error), repr(str(error))
print(ran)
"""


@pytest.mark.parametrize("kind", ["bytes", "truncated", "tensor-bytes", "tensor-shapes", "program"])
def test_never_a_crash(artifact, kind):
    job = pickle.dumps((kind, MUTATIONS, artifact.to_bytes()))
    command = [sys.executable, "-c", SCRIPT, str(Path(__file__).parents[1])]
    done = subprocess.run(command, input=job, capture_output=True, timeout=300)
    if done.returncode != 0:
        pytest.fail(f"exit code {done.returncode}:\n{done.stderr.decode(errors='replace')[-2500:]}")
    # Some mutations are harmless (the bits of a weight); none of the others may have run.
    assert (int(done.stdout) > 0) == (kind in ("bytes", "tensor-bytes", "tensor-shapes", "program"))
