"""Folders of images: ImageNet's layout, Tiny ImageNet's own, decoding and cutting."""

import os
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from plumline import data
from plumline.errors import InputError

COLOURS = {"ant": (255, 0, 0), "bee": (0, 255, 0)}


def paint(path, colour, size=(40, 30), mode="RGB"):
    path.parent.mkdir(parents=True, exist_ok=True)
    Image.new("RGB", size, colour).convert(mode).save(path)


@pytest.fixture(params=["val", "test", "validation"])
def root(tmp_path, request):
    for name, colour in COLOURS.items():
        for index in range(3):
            paint(tmp_path / "train" / name / f"{index}.png", colour)
        paint(tmp_path / request.param / name / "0.JPEG", colour)
    return tmp_path


def test_a_class_is_a_sub_folder(root):
    opened = data.open("imagefolder", root, size=16)
    assert opened.classes == ("ant", "bee")
    assert opened.shape == (3, 16, 16)
    np.testing.assert_array_equal(opened.train.labels, [0, 0, 0, 1, 1, 1])
    np.testing.assert_array_equal(opened.test.labels, [0, 1])


def test_batches_are_decoded_in_the_asked_order(root):
    batch = data.open("imagefolder", root, size=16).train.batch(np.array([4, 0, -1]))
    assert (batch.dtype, batch.shape) == (np.uint8, (3, 3, 16, 16))
    expected = [COLOURS["bee"], COLOURS["ant"], COLOURS["bee"]]
    np.testing.assert_array_equal(batch[:, :, 3, 9], expected)
    np.testing.assert_array_equal(batch.min((2, 3)), batch.max((2, 3)))


def test_a_folder_below_the_root_can_be_named(root):
    assert data.open("imagefolder", root.parent, folder=root.name, size=16).classes == (
        "ant",
        "bee",
    )


def test_the_shorter_side_is_scaled_and_the_centre_cut_out(tmp_path):
    ramp = np.repeat(np.arange(120, dtype=np.uint8)[None, :, None], 60, 0).repeat(3, 2)
    for part in ("train", "val"):
        (tmp_path / part / "a").mkdir(parents=True)
        Image.fromarray(ramp).save(tmp_path / part / "a" / "ramp.png")
    image = data.open("imagefolder", tmp_path, size=20, resize=30).train.batch([0])[0]
    # 120x60 becomes 60x30; columns 20..39 of it are columns 40..79 of the ramp, two by two
    np.testing.assert_allclose(image[0, 10], np.arange(40.5, 80, 2), atol=1)
    whole = data.open("imagefolder", tmp_path, size=60, resize=60).train.batch([0])[0]
    np.testing.assert_array_equal(whole[0, 0], np.arange(30, 90))


@pytest.mark.parametrize("mode", ["L", "P", "RGBA", "1"])
def test_every_kind_of_image_comes_out_in_three_channels(root, mode):
    paint(root / "train" / "ant" / "0.png", (255, 255, 255), mode=mode)
    batch = data.open("imagefolder", root, size=16).train.batch([0])
    np.testing.assert_array_equal(batch, np.full((1, 3, 16, 16), 255))


def test_a_damaged_image_is_named(root):
    path = root / "train" / "bee" / "1.png"
    path.write_bytes(path.read_bytes()[:60])
    with pytest.raises(InputError, match=f"image {path} cannot be decoded"):
        data.open("imagefolder", root, size=16).train.batch(range(6))


def test_a_cut_jpeg_is_named(tmp_path):
    pixels = np.random.default_rng(0).integers(0, 256, (64, 64, 3)).astype(np.uint8)
    for part in ("train", "val"):
        (tmp_path / part / "a").mkdir(parents=True)
        Image.fromarray(pixels).save(tmp_path / part / "a" / "noise.jpg")
    path = tmp_path / "val" / "a" / "noise.jpg"
    path.write_bytes(path.read_bytes()[:2000])
    with pytest.raises(InputError, match=r"noise\.jpg cannot be decoded"):
        data.open("imagefolder", tmp_path, size=16).test.batch([0])


def test_a_test_class_without_training_images_is_refused(tmp_path):
    paint(tmp_path / "train" / "ant" / "0.png", COLOURS["ant"])
    paint(tmp_path / "val" / "wasp" / "0.png", COLOURS["bee"])
    with pytest.raises(InputError, match="wasp is a class that train/ does not have"):
        data.open("imagefolder", tmp_path)


def test_a_folder_without_test_images_is_refused(tmp_path):
    paint(tmp_path / "train" / "ant" / "0.png", COLOURS["ant"])
    with pytest.raises(InputError, match=r"put \S*val/CLASS"):
        data.open("imagefolder", tmp_path)
    (tmp_path / "val").mkdir()
    with pytest.raises(InputError, match="no image in"):
        data.open("imagefolder", tmp_path)


@pytest.mark.parametrize("options", [{"size": 0}, {"size": 32, "resize": 31}])
def test_sizes_that_cannot_be_are_refused(root, options):
    with pytest.raises(InputError, match="size"):
        data.open("imagefolder", root, **options)


@pytest.fixture
def tiny(tmp_path):
    folder = tmp_path / "tiny-imagenet-200"
    for name, colour in COLOURS.items():
        paint(folder / "train" / name / "images" / f"{name}_0.JPEG", colour, (64, 64))
    lines = []
    for index, name in enumerate(["bee", "ant", "bee"]):
        paint(folder / "val" / "images" / f"val_{index}.JPEG", COLOURS[name], (64, 64))
        lines.append(f"val_{index}.JPEG\t{name}\t0\t32\t44\t62\n")
    (folder / "val" / "val_annotations.txt").write_text("".join(lines))
    return folder


def test_tiny_imagenet_has_its_test_labels_in_a_list(tiny):
    opened = data.open("tiny-imagenet", tiny.parent)
    assert opened.shape == (3, 64, 64)
    np.testing.assert_array_equal(opened.test.labels, [1, 0, 1])
    assert opened.test.batch([1])[0].mean((1, 2)) == pytest.approx(COLOURS["ant"], abs=3)
    assert len(opened.train) == 2


def test_a_wrong_line_of_that_list_is_shown(tiny):
    path = tiny / "val" / "val_annotations.txt"
    path.write_text(path.read_text() + "val_3.JPEG\twasp\t0\n")
    with pytest.raises(InputError, match=r"val_annotations\.txt .*wasp"):
        data.open("tiny-imagenet", tiny.parent)


def test_real_tiny_imagenet():
    root = Path(os.environ.get("PLUMLINE_DATA", "nowhere"))
    if not any(root.glob("tiny-imagenet-*")):
        pytest.skip("needs a part of the real Tiny ImageNet under $PLUMLINE_DATA")
    opened = data.open("tiny-imagenet", root)
    classes = len(opened.classes)
    np.testing.assert_array_equal(np.bincount(opened.train.labels), [500] * classes)
    np.testing.assert_array_equal(np.bincount(opened.test.labels), [50] * classes)
    assert opened.test.batch(range(0, len(opened.test), 50)).std() > 50
