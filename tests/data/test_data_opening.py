"""What `data.open` promises of every set, and what it says when it cannot keep it."""

import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from plumline import data
from plumline.errors import InputError


def test_the_sets_are_known_by_name():
    assert data.names() == [
        "cifar10",
        "digits",
        "fashion-mnist",
        "imagefolder",
        "svhn",
        "tiny-imagenet",
    ]


def test_an_unknown_set_is_answered_with_the_nearest_name():
    with pytest.raises(InputError, match="did you mean 'cifar10'"):
        data.open("cifar")


def test_an_unknown_option_is_answered_with_the_nearest_name(tmp_path):
    with pytest.raises(
        InputError, match=r"unknown cifar10 option 'checksum': did you mean 'checks"
    ):
        data.open("cifar10", tmp_path, checksum=False)


@pytest.mark.parametrize(
    ("name", "options", "message"),
    [
        ("imagefolder", {"size": "big"}, "imagefolder option 'size' must be int, not 'big'"),
        ("imagefolder", {"resize": 2.5}, r"'resize' must be int \| None, not 2.5"),
        ("cifar10", {"checksums": "no"}, "'checksums' must be bool, not 'no'"),
    ],
)
def test_an_option_has_its_annotated_type(tmp_path, name, options, message):
    with pytest.raises(InputError, match=message):
        data.open(name, tmp_path, **options)


def test_a_set_of_ones_own_is_opened_by_name(tmp_path, monkeypatch):
    monkeypatch.setattr(data.registry, "_OPENERS", dict(data.registry._OPENERS))

    @data.register("my-set")
    def my_set(root: Path, *, count: int = 2) -> data.DataSet:
        split = data.ArraySplit(np.zeros((count, 1, 4, 4), np.uint8), np.zeros(count, np.int64))
        return data.DataSet(root.name, ("no",), (1, 4, 4), (0.5,), (0.25,), split, split)

    opened = data.open("my-set", tmp_path, count=3)
    assert (opened.name, len(opened.train)) == (tmp_path.name, 3)


def test_an_option_that_a_set_does_not_have_is_refused():
    with pytest.raises(InputError, match="unknown digits option 'resize'"):
        data.open("digits", resize=8)


def test_without_any_folder_the_message_names_both_ways_to_give_one(monkeypatch):
    monkeypatch.delenv("PLUMLINE_DATA", raising=False)
    with pytest.raises(InputError, match=r"--data.*PLUMLINE_DATA"):
        data.open("cifar10")


def test_a_folder_that_is_none_is_named(tmp_path):
    with pytest.raises(InputError, match="no-such-place"):
        data.open("cifar10", tmp_path / "no-such-place")


@pytest.mark.parametrize(
    "name", ["cifar10", "fashion-mnist", "imagefolder", "svhn", "tiny-imagenet"]
)
def test_an_empty_folder_gives_one_line_with_the_path_to_fill(name, tmp_path):
    with pytest.raises(InputError) as caught:
        data.open(name, tmp_path)
    message = str(caught.value)
    assert "\n" not in message
    assert f"put {tmp_path}" in message


def test_the_environment_names_the_folder(monkeypatch, tmp_path):
    monkeypatch.setenv("PLUMLINE_DATA", str(tmp_path))
    with pytest.raises(InputError, match=str(tmp_path)):
        data.open("svhn")


def test_digits_need_no_folder(monkeypatch):
    monkeypatch.delenv("PLUMLINE_DATA", raising=False)
    digits = data.open("digits")
    assert (len(digits.train) + len(digits.test), digits.shape) == (1797, (1, 8, 8))
    assert digits.classes == tuple("0123456789")


def test_digits_keep_the_grey_levels_of_scikit_learn():
    from sklearn.datasets import load_digits

    digits = data.open("digits")
    source = load_digits()
    expected = np.sort(np.round(source.images * 255 / 16).astype(np.uint8).reshape(-1, 64), axis=0)
    ours = np.concatenate([digits.train.images, digits.test.images]).reshape(-1, 64)
    np.testing.assert_array_equal(np.sort(ours, axis=0), expected)


def test_the_digits_split_is_stratified_disjoint_and_always_the_same():
    first, second = data.open("digits"), data.open("digits")
    np.testing.assert_array_equal(first.test.images, second.test.images)
    counts = np.bincount(first.test.labels) / np.bincount(
        np.concatenate([first.train.labels, first.test.labels])
    )
    assert counts == pytest.approx(0.2, abs=0.01)
    seen = {image.tobytes() for image in first.train.images}
    assert not any(image.tobytes() in seen for image in first.test.images)


def test_larger_digits_repeat_their_pixels():
    small, large = data.open("digits"), data.open("digits", size=32)
    assert large.shape == (1, 32, 32)
    np.testing.assert_array_equal(large.train.images[:, :, ::4, ::4], small.train.images)
    np.testing.assert_array_equal(large.train.images[:, :, 3::4, 3::4], small.train.images)


@pytest.mark.parametrize("size", [0, 4, 12])
def test_digits_are_no_part_of_a_pixel_larger(size):
    with pytest.raises(InputError, match=f"size of digits is {size}: give a multiple of 8"):
        data.open("digits", size=size)


def test_digits_are_normalized_by_their_own_statistics():
    digits = data.open("digits")
    pixels = data.normalize(digits.train.batch(range(len(digits.train))), digits.mean, digits.std)
    assert pixels.mean() == pytest.approx(0, abs=1e-3)
    assert pixels.std() == pytest.approx(1, abs=1e-3)


def test_a_batch_is_a_copy_in_the_asked_order():
    train = data.open("digits").train
    batch = train.batch([5, 0, 5])
    assert (batch.dtype, batch.shape) == (np.uint8, (3, 1, 8, 8))
    np.testing.assert_array_equal(batch, train.images[[5, 0, 5]])
    batch[:] = 0
    assert train.images[0].any()


def test_labels_are_int64():
    assert data.open("digits").train.labels.dtype == np.int64


def test_data_loads_neither_torch_nor_the_readers_of_other_formats():
    code = (
        "import sys, plumline.data;"
        "print(sorted({'torch', 'sklearn', 'scipy', 'PIL'} & set(sys.modules)))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
