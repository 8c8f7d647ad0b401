"""SVHN's MATLAB files, written small."""

import numpy as np
import pytest
from scipy.io import savemat

from plumline import data
from plumline.errors import InputError


@pytest.fixture
def images():
    return np.random.default_rng(0).integers(0, 256, (20, 3, 32, 32)).astype(np.uint8)


@pytest.fixture
def root(tmp_path, images):
    (tmp_path / "svhn").mkdir()
    labels = np.arange(20)[:, None] % 10 + 1
    for part in ("train", "test"):
        variables = {"X": images.transpose(2, 3, 1, 0), "y": labels.astype(np.uint8)}
        savemat(tmp_path / "svhn" / f"{part}_32x32.mat", variables, do_compression=True)
    return tmp_path


def test_images_are_turned_to_rows_of_channels(root, images):
    test = data.open("svhn", root, checksums=False).test
    np.testing.assert_array_equal(test.batch(range(20)), images)
    assert test.images.flags.c_contiguous


def test_class_ten_is_the_digit_nought(root):
    labels = data.open("svhn", root, checksums=False).train.labels
    np.testing.assert_array_equal(labels, (np.arange(20) + 1) % 10)
    assert labels.dtype == np.int64


def test_the_official_checksum_is_asked_by_default(root):
    with pytest.raises(InputError, match=r"train_32x32\.mat has MD5"):
        data.open("svhn", root)


def test_a_missing_file_is_named(root):
    (root / "svhn" / "test_32x32.mat").unlink()
    with pytest.raises(InputError, match=r"put \S*svhn/test_32x32\.mat"):
        data.open("svhn", root, checksums=False)


def test_a_cut_file_is_refused(root):
    path = root / "svhn" / "train_32x32.mat"
    path.write_bytes(path.read_bytes()[:-500])
    with pytest.raises(InputError, match=r"train_32x32\.mat is not a whole MATLAB file"):
        data.open("svhn", root, checksums=False)


@pytest.mark.parametrize(
    ("variables", "message"),
    [
        ({"X": np.zeros((32, 32, 3, 2), np.uint8)}, "not a whole MATLAB file"),
        ({"X": np.zeros((32, 32, 3, 2), np.uint8), "y": [[1]]}, "holds X"),
        ({"X": np.zeros((32, 32, 3, 2)), "y": [[1], [2]]}, "holds X float64"),
        ({"X": np.zeros((32, 32, 3, 2), np.uint8), "y": [[1], [11]]}, "label 11"),
    ],
)
def test_other_content_is_refused(root, variables, message):
    savemat(root / "svhn" / "train_32x32.mat", variables)
    with pytest.raises(InputError, match=message):
        data.open("svhn", root, checksums=False)
