"""The container: a safetensors file that other software reads, and that notices any damage."""

import json

import numpy as np
import pytest
from safetensors import safe_open
from safetensors.numpy import load as load_safetensors

from plumline.errors import ArtifactError
from plumline.runtime import container

TENSORS = {
    "a": np.arange(6, dtype=np.float32).reshape(2, 3),
    "b": np.array([[-1], [7]], np.int32),
    "c": np.arange(5, dtype=np.uint8),
    "none": np.zeros((0, 4), np.uint8),
    "one": np.array(3, np.float32),
}
TEXTS = {"title": 'a "text"\n of ünits'}
DATA = container.pack(TEXTS, TENSORS)


def parts(data):
    length = int.from_bytes(data[:8], "little")
    return json.loads(data[8 : 8 + length]), data[8 + length :]


def rebuilt(header, body):
    """A file of another header, with the right checksum."""
    text = json.dumps(header, separators=(",", ":")).encode()
    return container.seal(len(text).to_bytes(8, "little") + text + body)


def test_what_was_packed_is_unpacked():
    texts, tensors = container.unpack(DATA)
    assert texts == TEXTS
    assert list(tensors) == list(TENSORS)
    for name, array in tensors.items():
        assert array.dtype == TENSORS[name].dtype
        np.testing.assert_array_equal(array, TENSORS[name])
        assert not array.flags.writeable


def test_tensors_far_into_a_large_file_are_unpacked():
    tensors = {"large": np.zeros(1 << 20, np.float32), "late": np.arange(5, dtype=np.float32)}
    _, unpacked = container.unpack(container.pack({}, tensors))
    np.testing.assert_array_equal(unpacked["late"], tensors["late"])


def test_the_safetensors_library_reads_it(tmp_path):
    path = tmp_path / "x.plum"
    path.write_bytes(DATA)
    with safe_open(path, "np") as file:
        assert file.metadata()["title"] == TEXTS["title"]
    for name, array in TENSORS.items():
        np.testing.assert_array_equal(load_safetensors(DATA)[name], array)


def test_every_tensor_begins_at_a_multiple_of_64_bytes():
    header, body = parts(DATA)
    begin = len(DATA) - len(body)
    for name in TENSORS:
        assert (begin + header[name]["data_offsets"][0]) % 64 == 0


def test_the_same_contents_give_the_same_bytes():
    assert container.pack(TEXTS, TENSORS) == DATA


def test_every_flipped_bit_is_noticed():
    for position in range(len(DATA)):
        damaged = bytearray(DATA)
        damaged[position] ^= 1 << position % 8
        with pytest.raises(ArtifactError):
            container.unpack(bytes(damaged))


def test_every_truncation_is_noticed():
    for length in range(len(DATA)):
        with pytest.raises(ArtifactError):
            container.unpack(DATA[:length])
    with pytest.raises(ArtifactError):
        container.unpack(DATA + b"\0")


def edit(name, **changes):
    header, body = parts(DATA)
    header[name] |= changes
    return rebuilt(header, body)


HOSTILE = {
    "type": edit("a", dtype="F64"),
    "type that is a list": edit("a", dtype=["F32"]),
    "shape too large": edit("a", shape=[2, 4]),
    "shape too small": edit("a", shape=[2, 2]),
    "negative sizes": edit("a", shape=[-2, -3]),
    "huge sizes": edit("a", shape=[1 << 62, 1 << 62]),
    "sizes with a huge product": edit("a", shape=[(1 << 40) - 1] * 32),
    "many axes": edit("a", shape=[2, 3, *[1] * 40]),
    "size that is a real": edit("a", shape=[2.0, 3]),
    "size that is a truth": edit("a", shape=[6, True]),
    "shape that is a number": edit("a", shape=6),
    "offsets reversed": edit("a", data_offsets=[24, 0]),
    "offsets outside": edit("one", data_offsets=[1 << 50, (1 << 50) + 4]),
    "offsets overlapping": edit("b", data_offsets=[0, 8]),
    "one offset": edit("a", data_offsets=[0]),
    "another field": edit("a", more=1),
    "an entry that is a list": rebuilt({**parts(DATA)[0], "a": []}, parts(DATA)[1]),
    "a text that is a number": rebuilt(
        {"__metadata__": {**parts(DATA)[0]["__metadata__"], "n": 1}}, b""
    ),
    "nothing but the checksum's place": container.seal(DATA[:98]),
    "bytes left over": container.seal(DATA + b"\0"),
}


@pytest.mark.parametrize("kind", HOSTILE)
def test_a_hostile_header_is_refused(kind):
    with pytest.raises(ArtifactError):
        container.unpack(HOSTILE[kind])


@pytest.mark.parametrize("length", [0, 1 << 40, (1 << 64) - 1])
def test_a_hostile_header_length_is_refused(length):
    with pytest.raises(ArtifactError):
        container.unpack(container.seal(length.to_bytes(8, "little") + DATA[8:]))


@pytest.mark.parametrize(
    "text",
    [
        '{"a": 1, "a": 2}',
        "NaN",
        "[Infinity]",
        "[" * 100_000,
        '{"a":' * 100_000,
        "1" * 10_000,
        "",
        "{",
        "\x00",
    ],
)
def test_json_that_is_not_strict(text):
    with pytest.raises(ValueError):  # noqa: PT011 - the text differs with Python's version
        container.parse_json(text)
