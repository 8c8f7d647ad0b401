"""CIFAR-10 in both official formats, unpacked and archived, written small; and the real set."""

import hashlib
import io
import os
import pickle
import struct
import tarfile
from pathlib import Path

import numpy as np
import pytest

from plumline import data
from plumline.data import cifar10
from plumline.errors import InputError

ROWS = 20
NAMES = [*(f"data_batch_{i}" for i in range(1, 6)), "test_batch"]


@pytest.fixture(autouse=True)
def _small_files(request, monkeypatch):
    if "real" not in request.fixturenames:
        monkeypatch.setattr(cifar10, "ROWS", ROWS)


@pytest.fixture
def parts():
    random = np.random.default_rng(0)
    return {
        name: (
            random.integers(0, 256, (ROWS, 3072)).astype(np.uint8),
            random.integers(0, 10, ROWS),
        )
        for name in NAMES
    }


def binary(part):
    pixels, labels = part
    return np.concatenate([labels.astype(np.uint8)[:, None], pixels], 1).tobytes()


class Python2Pickler(pickle._Pickler):
    """Writes byte strings as Python 2 did, which is how the official files hold them."""

    def save_string(self, value):
        self.write(pickle.BINSTRING + struct.pack("<i", len(value)) + value)
        self.memoize(value)

    dispatch = {**pickle._Pickler.dispatch, bytes: save_string}  # noqa: RUF012  (pickle's own protocol)


def python(part):
    pixels, labels = part
    file = io.BytesIO()
    batch = {b"batch_label": b"a batch", b"labels": [int(y) for y in labels], b"data": pixels}
    Python2Pickler(file, 2).dump(batch)
    return file.getvalue()


FORMATS = [("cifar-10-batches-bin", ".bin", binary), ("cifar-10-batches-py", "", python)]


@pytest.fixture(params=FORMATS, ids=["binary", "python"])
def layout(request):
    return request.param


def write(root, layout, parts):
    folder, suffix, encode = layout
    (root / folder).mkdir()
    for name, part in parts.items():
        (root / folder / f"{name}{suffix}").write_bytes(encode(part))


def archive(path, layout, parts):
    folder, suffix, encode = layout
    with tarfile.open(path, "w:gz") as tar:
        for name, part in reversed(parts.items()):
            content = encode(part)
            member = tarfile.TarInfo(f"{folder}/{name}{suffix}")
            member.size = len(content)
            tar.addfile(member, io.BytesIO(content))


def assert_holds(opened, parts):
    assert (len(opened.train), len(opened.test)) == (5 * ROWS, ROWS)
    for split, names in ((opened.train, NAMES[:5]), (opened.test, NAMES[5:])):
        pixels = np.concatenate([parts[name][0] for name in names]).reshape(-1, 3, 32, 32)
        labels = np.concatenate([parts[name][1] for name in names])
        np.testing.assert_array_equal(split.batch(np.arange(len(split))), pixels)
        np.testing.assert_array_equal(split.labels, labels)
        assert split.labels.dtype == np.int64


def test_the_unpacked_folder_is_read(tmp_path, layout, parts):
    write(tmp_path, layout, parts)
    assert_holds(data.open("cifar10", tmp_path), parts)


def test_the_archive_is_read_where_its_checksum_is_not_asked(tmp_path, layout, parts):
    archive(tmp_path / cifar10.ARCHIVES[layout[0]][0], layout, parts)
    assert_holds(data.open("cifar10", tmp_path, checksums=False), parts)


def test_the_archive_is_read_where_its_checksum_is_right(tmp_path, layout, parts, monkeypatch):
    path = tmp_path / cifar10.ARCHIVES[layout[0]][0]
    archive(path, layout, parts)
    md5 = hashlib.md5(path.read_bytes()).hexdigest()
    monkeypatch.setitem(cifar10.ARCHIVES, layout[0], (path.name, md5))
    assert_holds(data.open("cifar10", tmp_path), parts)


def test_an_archive_with_a_wrong_checksum_is_refused(tmp_path, layout, parts):
    name, md5 = cifar10.ARCHIVES[layout[0]]
    archive(tmp_path / name, layout, parts)
    with pytest.raises(InputError, match=rf"{name} has MD5 .* not the official {md5}"):
        data.open("cifar10", tmp_path)


def test_a_cut_archive_is_refused(tmp_path, layout, parts):
    path = tmp_path / cifar10.ARCHIVES[layout[0]][0]
    archive(path, layout, parts)
    path.write_bytes(path.read_bytes()[:5000])
    with pytest.raises(InputError, match="cannot be unpacked"):
        data.open("cifar10", tmp_path, checksums=False)


def test_an_archive_without_a_batch_is_refused(tmp_path, layout, parts):
    del parts["data_batch_3"]
    archive(tmp_path / cifar10.ARCHIVES[layout[0]][0], layout, parts)
    with pytest.raises(InputError, match=r"does not hold .*data_batch_3"):
        data.open("cifar10", tmp_path, checksums=False)


def test_a_missing_batch_is_named(tmp_path, layout, parts):
    write(tmp_path, layout, parts)
    (tmp_path / layout[0] / f"data_batch_2{layout[1]}").unlink()
    with pytest.raises(InputError, match=r"data_batch_2.* cannot be read"):
        data.open("cifar10", tmp_path)


def test_a_cut_batch_is_refused(tmp_path, layout, parts):
    write(tmp_path, layout, parts)
    path = tmp_path / layout[0] / f"test_batch{layout[1]}"
    path.write_bytes(path.read_bytes()[:-3073])
    with pytest.raises(InputError, match=r"test_batch\S* (has|is not a whole)"):
        data.open("cifar10", tmp_path)


def test_a_label_out_of_range_is_refused(tmp_path, layout, parts):
    parts["data_batch_4"][1][7] = 10
    write(tmp_path, layout, parts)
    with pytest.raises(InputError, match=r"data_batch_4\S* has the label 10"):
        data.open("cifar10", tmp_path)


class Shell:
    def __reduce__(self):
        return os.system, ("touch hostile",)


@pytest.mark.parametrize(
    "content",
    [
        {b"data": Shell(), b"labels": []},
        {b"data": np.zeros((ROWS, 3072), np.float32), b"labels": [0] * ROWS},
        {b"data": np.zeros((ROWS, 3072), np.uint8), b"labels": [0.5] * ROWS},
        {b"data": np.zeros((ROWS, 3072), np.uint8)},
        [],
    ],
    ids=["code", "floats", "fractions", "no-labels", "list"],
)
def test_a_pickle_of_anything_else_is_refused(tmp_path, parts, content, monkeypatch):
    monkeypatch.chdir(tmp_path)
    write(tmp_path, FORMATS[1], parts)
    file = io.BytesIO()
    Python2Pickler(file, 2).dump(content)
    (tmp_path / "cifar-10-batches-py" / "data_batch_1").write_bytes(file.getvalue())
    with pytest.raises(InputError, match="data_batch_1"):
        data.open("cifar10", tmp_path)
    assert not (tmp_path / "hostile").exists()


@pytest.fixture(scope="module")
def real():
    root = Path(os.environ.get("PLUMLINE_DATA", "nowhere"))
    if not any((root / folder).is_dir() for folder in cifar10.FORMATS):
        pytest.skip("needs the real CIFAR-10 under $PLUMLINE_DATA")
    return data.open("cifar10", root)


def test_the_real_set_has_its_published_sizes(real):
    assert (len(real.train), len(real.test), real.shape) == (50_000, 10_000, (3, 32, 32))
    np.testing.assert_array_equal(np.bincount(real.train.labels), [5_000] * 10)
    np.testing.assert_array_equal(np.bincount(real.test.labels), [1_000] * 10)


def test_the_real_set_has_its_published_statistics(real):
    pixels = real.train.images
    mean = pixels.mean((0, 2, 3)) / 255
    std = [pixels[:, channel].std() / 255 for channel in range(3)]
    assert mean == pytest.approx(real.mean, abs=5e-5)
    assert std == pytest.approx(real.std, abs=5e-5)
