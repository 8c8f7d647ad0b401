"""Files with a right checksum and hostile contents: refused in one line, soon, and for little."""

import json
import resource
import time

import numpy as np
import pytest

from plumline.errors import ArtifactError, InputError
from plumline.runtime import Artifact, Program, container

RELU = {"op": "relu", "name": "r", "inputs": [0], "outputs": [1], "attributes": {}, "about": {}}
PROGRAM = {
    "values": 2,
    "inputs": [{"name": "x", "value": 0, "shape": ["N", 3]}],
    "outputs": [{"name": "y", "value": 1, "shape": ["N", 3]}],
    "nodes": [RELU],
    "metadata": {},
}


def file_of(program, tensors=None):
    text = program if isinstance(program, str) else json.dumps(program)
    texts = {"format": "plumline program", "version": "2", "program": text}
    return container.pack(texts, tensors or {})


def with_program(**fields):
    return file_of(PROGRAM | fields)


def with_node(**fields):
    return with_program(nodes=[RELU | fields])


def with_input(**fields):
    return with_program(inputs=[PROGRAM["inputs"][0] | fields])


def with_entry(entry, body=b""):
    """Put one more entry into the header, spelled as given."""
    header = json.dumps(
        {"__metadata__": {"sha256": "0" * 64, "format": "plumline program", "version": "2"}},
        separators=(",", ":"),
    ).encode()
    header = header[:-1] + b"," + entry.encode() + b"}"
    return container.seal(len(header).to_bytes(8, "little") + header + body)


def tensor(shape, begin=0, end=0, name="constants.1"):
    described = {"dtype": "F32", "shape": shape, "data_offsets": [begin, end]}
    return f"{json.dumps(name)}:{json.dumps(described)}"


HUGE = 1 << 39
REFUSED = {
    "an empty tensor of huge sizes": with_entry(tensor([HUGE, HUGE, 0])),
    "a tensor of huge sizes": with_entry(tensor([HUGE] * 32, 0, 4), b"1234"),
    "a tensor of 33 axes": with_entry(tensor([1] * 33, 0, 4), b"1234"),
    "a tensor before the file": with_entry(tensor([1], -4, 0), b"1234"),
    "a tensor that ends before it begins": with_entry(tensor([1], 4, 0), b"1234"),
    "a tensor twice": with_entry(f"{tensor([0])},{tensor([0])}"),
    "an integer of many digits": with_entry('"a":' + "9" * 900_000),
    "a number beyond all numbers": with_program(nodes="X").replace(b'\\"X\\"', b"1e999"),
    "a deep header": with_entry('"a":' + "[" * 100_000),
    "a deep program": file_of("[" * 100_000),
    "a deep table": file_of('{"a":' * 100_000),
    "a repeated key": file_of('{"values":1,"values":2}'),
    "no table": file_of("[]"),
    "an endless integer as a fact": with_node(about={"density": 10**400}),
    "an endless number as a fact": file_of(json.dumps(PROGRAM).replace("{}", '{"density":1e999}')),
    "half a character as a name": with_input(name="\ud800"),
    "half a character as a size": with_input(shape=["\udfff", 3]),
    "half a character as an operator": with_node(op="\udc00"),
    "half a character as a key": with_program(metadata={"\ud800": ""}),
    "control characters as a name": with_node(name="a\nb\x1b[2J\0", inputs=[7]),
    "control characters in the engine": with_node(name="a\nb\x1b[2J", op="c\nd"),
    "control characters in an attribute": with_node(op="pad", attributes={"mode": "a\nb"}),
    "more values than there are": with_program(values=1 << 62),
    "a value beyond 32 bits": with_program(
        inputs=[{"name": "x", "value": 1 << 32, "shape": []}], values=(1 << 32) + 1
    ),
    "an input of 100000 axes": with_input(shape=["N"] * 100_000),
    "an input of huge sizes": with_input(shape=[1 << 20] * 3),
    "100000 axes to permute": with_node(op="transpose", attributes={"perm": [0] * 100_000}),
}


@pytest.mark.parametrize("case", REFUSED)
def test_a_hostile_file_is_refused_in_one_line(case, sparing):
    with pytest.raises(ArtifactError) as refusal:
        Program(Artifact.from_bytes(container.seal(REFUSED[case])))
    assert str(refusal.value).isprintable()


def split_into(values):
    sizes = {"axis": 1, "sizes": [1] * values}
    split = RELU | {"op": "split", "outputs": list(range(1, values + 1)), "attributes": sizes}
    port = {"name": "x", "value": 0, "shape": ["N", values]}
    return with_program(values=values + 1, inputs=[port], outputs=[], nodes=[split])


def test_more_values_than_can_be_planned_soon_are_refused():
    with pytest.raises(ArtifactError, match=r"40001 values: at most"):
        Program(Artifact.from_bytes(split_into(40_000)))


ANSWERED = {
    "control characters as a name": with_node(name="a\nb\x1b[2J"),
    "an output of another shape than is said": with_program(
        outputs=[{"name": "y", "value": 1, "shape": [1 << 60, "q+" * 1000]}]
    ),
    "a hundred thousand inputs of one node": with_node(
        op="concat", inputs=[0] * 100_000, attributes={"axis": 0}
    ),
    "very many results that live at once": split_into(30_000),
}


@pytest.mark.parametrize("case", ANSWERED)
def test_a_strange_file_that_is_sound_runs(case, sparing):
    program = Program(Artifact.from_bytes(ANSWERED[case]))
    x = np.ones([2 if isinstance(s, str) else s for s in program.inputs[0].shape], np.float32)
    assert len(program.run({"x": x})) == len(program.outputs)
    assert len(str(program.plan()).splitlines()) == 2
    assert all(line.isprintable() for line in str(program.plan()).splitlines())


def test_a_batch_beyond_the_memory_is_refused():
    nodes = [RELU | {"op": "pad", "attributes": {"pads": [0, 0, 0, 1 << 33], "mode": "constant"}}]
    program = Program(Artifact.from_bytes(with_program(nodes=nodes)))
    with pytest.raises(InputError, match=r"use a smaller batch|too large"):
        program.run({"x": np.ones((64, 3), np.float32)})


@pytest.fixture
def sparing():
    """Fail a test that takes more than some seconds or some hundred megabytes."""
    began, held = time.process_time(), _peak_megabytes()
    yield
    assert time.process_time() - began < 10
    assert _peak_megabytes() - held < 500


def _peak_megabytes():
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
