"""The program as plain data: what is written is read, and nothing unsound is accepted."""

import json
from dataclasses import replace

import numpy as np
import pytest

from plumline.errors import ArtifactError, InputError
from plumline.runtime import Artifact, container
from plumline.runtime.artifact import Node, Port

RELU = Node("relu", "r", (0,), (1,))
SMALL = Artifact(2, (Port("x", 0, ("N", 3)),), (Port("y", 1, ("N", 3)),), {}, (RELU,))


def same(a, b):
    if isinstance(a, np.ndarray):
        return a.dtype == b.dtype and np.array_equal(a, b)
    if isinstance(a, dict):
        return a.keys() == b.keys() and all(same(a[key], b[key]) for key in a)
    if isinstance(a, tuple):
        return len(a) == len(b) and all(map(same, a, b))
    if hasattr(a, "__dataclass_fields__"):
        return same(vars(a), vars(b))
    return type(a) is type(b) and a == b


def test_round_trip(artifact, tmp_path):
    artifact.write(tmp_path / "net.plum")
    assert same(Artifact.read(tmp_path / "net.plum"), artifact)


def test_attributes_keep_their_types():
    attributes = {
        "integer": 3, "real": 3.0, "text": "3", "integers": (1, -2), "reals": (1.0, 2.5),
        "none": (),
        "infinite": float("-inf"),
    }  # fmt: skip
    artifact = replace(SMALL, nodes=(replace(RELU, attributes=attributes),))
    assert same(Artifact.from_bytes(artifact.to_bytes()).nodes[0].attributes, attributes)


@pytest.mark.parametrize(
    "changes",
    [
        {"values": 1},
        {"values": 3},
        {"inputs": ()},
        {"outputs": (Port("y", 2, ()),)},
        {"inputs": (Port("x", 0, ()), Port("z", 0, ()))},
        {"nodes": (replace(RELU, inputs=(1,)),)},
        {"nodes": (replace(RELU, outputs=(0,)),)},
        {"nodes": (RELU, RELU)},
        {"constants": {1: np.zeros(1, np.float32)}},
        {"values": 3, "constants": {2: np.zeros(1, np.int32)}},
        {"values": 3, "inputs": (Port("x", 0, ()), Port("x", 2, ()))},
        {"outputs": (Port("y", 1, ()), Port("y", 0, ()))},
    ],
)
def test_pieces_that_do_not_fit_together(changes):
    with pytest.raises(ArtifactError):
        replace(SMALL, **changes)


def edited(change, **texts_changed):
    """The small program with its JSON changed and the checksum right again."""
    texts, tensors = container.unpack(SMALL.to_bytes())
    program = json.loads(texts["program"])
    change(program)
    return container.pack({**texts, "program": json.dumps(program), **texts_changed}, tensors)


@pytest.mark.parametrize(
    "change",
    [
        lambda p: p.pop("nodes"),
        lambda p: p.update(more=1),
        lambda p: p.update(values="2"),
        lambda p: p.update(values=1 << 70),
        lambda p: p.update(values=True),
        lambda p: p.update(nodes={}),
        lambda p: p["nodes"].append(3),
        lambda p: p["nodes"][0].update(op=3),
        lambda p: p["nodes"][0].update(inputs=[0.0]),
        lambda p: p["nodes"][0].update(inputs=[-1]),
        lambda p: p["nodes"][0].update(attributes={"a": None}),
        lambda p: p["nodes"][0].update(attributes={"a": [1, 2.0]}),
        lambda p: p["nodes"][0].update(attributes={"a": 1 << 64}),
        lambda p: p["nodes"][0].update(attributes={"a": {"real": "x"}}),
        lambda p: p["nodes"][0].update(about={"a": []}),
        lambda p: p["inputs"][0].update(shape=["N", -1]),
        lambda p: p["inputs"][0].update(shape=["", 3]),
        lambda p: p["inputs"][0].update(name=None),
        lambda p: p.update(metadata={"a": 1}),
    ],
)
def test_a_program_that_is_not_well_formed(change):
    with pytest.raises(ArtifactError):
        Artifact.from_bytes(edited(change))


@pytest.mark.parametrize("texts", [{"version": "3"}, {"version": "999"}])
def test_a_file_of_a_newer_plumline(texts):
    with pytest.raises(ArtifactError, match="made by a newer plumline"):
        Artifact.from_bytes(edited(lambda p: None, **texts))


def test_a_file_of_an_older_plumline():
    with pytest.raises(ArtifactError, match=r"older plumline .*: compile the network again"):
        Artifact.from_bytes(edited(lambda p: None, version="1"))


@pytest.mark.parametrize(
    "texts",
    [
        {"version": "-1"},
        {"version": "one"},
        {"version": "9" * 99},
        {"format": "other"},
        {"program": "{"},
    ],
)
def test_a_file_of_another_kind(texts):
    with pytest.raises(ArtifactError):
        Artifact.from_bytes(edited(lambda p: None, **texts))


@pytest.mark.parametrize(
    "name", ["nodes.1.weight", "constants.x", "constants.²", "weight", "nodes.0x.a"]
)
def test_a_tensor_that_belongs_nowhere(name):
    texts, _ = container.unpack(SMALL.to_bytes())
    with pytest.raises(ArtifactError):
        Artifact.from_bytes(container.pack(texts, {name: np.zeros(1, np.float32)}))


def test_a_file_that_is_not_there(tmp_path):
    with pytest.raises(InputError, match="cannot read"):
        Artifact.read(tmp_path / "absent.plum")


def test_the_error_names_the_file(tmp_path):
    path = tmp_path / "photo.plum"
    path.write_bytes(b"\x89PNG")
    with pytest.raises(ArtifactError, match=r"photo\.plum.*not a plumline program"):
        Artifact.read(path)
