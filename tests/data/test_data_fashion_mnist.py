"""Fashion-MNIST's idx files, packed and not, written small."""

import gzip
import struct

import numpy as np
import pytest

from plumline import data
from plumline.errors import InputError


def idx(array):
    return struct.pack(f">BBBB{array.ndim}I", 0, 0, 8, array.ndim, *array.shape) + array.tobytes()


@pytest.fixture
def arrays():
    random = np.random.default_rng(0)
    result = {}
    for part, count in (("train", 30), ("t10k", 10)):
        images = random.integers(0, 256, (count, 28, 28)).astype(np.uint8)
        result[f"{part}-images-idx3-ubyte"] = images
        result[f"{part}-labels-idx1-ubyte"] = (np.arange(count) % 10).astype(np.uint8)
    return result


def write(root, arrays, packed=True):
    folder = root / "fashion-mnist"
    folder.mkdir(exist_ok=True)
    for name, array in arrays.items():
        if packed:
            (folder / f"{name}.gz").write_bytes(gzip.compress(idx(array)))
        else:
            (folder / name).write_bytes(idx(array))
    return folder


@pytest.mark.parametrize("packed", [True, False])
def test_images_and_labels_come_out_as_they_went_in(tmp_path, arrays, packed):
    write(tmp_path, arrays, packed)
    opened = data.open("fashion-mnist", tmp_path, checksums=False)
    assert opened.shape == (1, 28, 28)
    assert len(opened.classes) == 10
    for split, part in ((opened.train, "train"), (opened.test, "t10k")):
        images = arrays[f"{part}-images-idx3-ubyte"][:, None]
        np.testing.assert_array_equal(split.batch(range(len(split))), images)
        np.testing.assert_array_equal(split.labels, arrays[f"{part}-labels-idx1-ubyte"])


def test_packed_files_must_have_the_official_checksum(tmp_path, arrays):
    write(tmp_path, arrays)
    with pytest.raises(InputError, match=r"train-images-idx3-ubyte\.gz has MD5"):
        data.open("fashion-mnist", tmp_path)


def test_unpacked_files_have_no_checksum_to_keep(tmp_path, arrays):
    write(tmp_path, arrays, packed=False)
    assert len(data.open("fashion-mnist", tmp_path).train) == 30


def test_a_missing_file_is_named_as_it_is_distributed(tmp_path, arrays):
    folder = write(tmp_path, arrays, packed=False)
    (folder / "t10k-labels-idx1-ubyte").unlink()
    with pytest.raises(InputError, match=r"put \S*/fashion-mnist/t10k-labels-idx1-ubyte\.gz"):
        data.open("fashion-mnist", tmp_path)


@pytest.mark.parametrize(
    ("name", "change", "message"),
    [
        ("train-images-idx3-ubyte", lambda b: b[:-1], "unpacks to"),
        ("train-images-idx3-ubyte", lambda b: b + b"\0", "unpacks to"),
        ("train-images-idx3-ubyte", lambda b: b[:9], "is not an idx file"),
        ("train-labels-idx1-ubyte", lambda b: b"\1" + b[1:], "is not an idx file"),
        ("train-labels-idx1-ubyte", lambda b: b[:-1] + b"\x0a", "has the label 10"),
        ("train-labels-idx1-ubyte", lambda b: b[:4] + b"\0\0\0\1\0", "1 labels for 30 images"),
        ("t10k-images-idx3-ubyte", lambda b: b[:11] + b"\x1b" + b[12:], "items of shape"),
    ],
)
def test_a_damaged_file_is_named_with_its_fault(tmp_path, arrays, name, change, message):
    path = write(tmp_path, arrays, packed=False) / name
    path.write_bytes(change(path.read_bytes()))
    with pytest.raises(InputError, match=f"{name} .*{message}"):
        data.open("fashion-mnist", tmp_path)


def test_a_cut_gz_is_refused(tmp_path, arrays):
    path = write(tmp_path, arrays) / "train-images-idx3-ubyte.gz"
    path.write_bytes(path.read_bytes()[:-20])
    with pytest.raises(InputError, match="cannot be unpacked"):
        data.open("fashion-mnist", tmp_path, checksums=False)
