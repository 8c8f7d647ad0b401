import numpy as np
import pytest
import torch
from torch import Tensor

from plumline.data import normalize
from plumline.training.augment import Augmentation
from plumline.training.batches import share
from plumline.training.recipe import AugmentSection

MEAN, STD = (0.4, 0.5, 0.6), (0.2, 0.25, 0.3)
ALL = {
    "crop": AugmentSection(crop_padding=3),
    "flip": AugmentSection(flip=True),
    "resized": AugmentSection(resized_crop=8),
    "jitter": AugmentSection(brightness=0.4, contrast=0.4, saturation=0.4, hue=0.1),
}


@pytest.fixture
def images() -> Tensor:
    drawn = np.random.default_rng(0).integers(0, 256, (16, 3, 12, 12), dtype=np.uint8)
    return torch.from_numpy(drawn)


def augment(section: AugmentSection, images: Tensor, *key: int) -> Tensor:
    whole = slice(0, len(images))
    return Augmentation(section, MEAN, STD).train(images, key, whole, len(images))


def plain(section: AugmentSection, images: Tensor, *key: int) -> Tensor:
    """Augment without the normalization, in grey levels."""
    whole = slice(0, len(images))
    augmentation = Augmentation(section, (0.0,) * 3, (1.0,) * 3)
    return augmentation.train(images, key, whole, len(images)) * 255


def test_without_options_images_are_normalized_as_the_runtime_does(images: Tensor) -> None:
    expected = torch.from_numpy(normalize(images.numpy(), MEAN, STD))
    torch.testing.assert_close(augment(AugmentSection(), images, 0, 0, 0), expected)
    torch.testing.assert_close(Augmentation(AugmentSection(), MEAN, STD).test(images), expected)


@pytest.mark.parametrize("name", sorted(ALL))
def test_draws_depend_on_seed_epoch_and_step_alone(name: str, images: Tensor) -> None:
    torch.manual_seed(1)
    first = augment(ALL[name], images, 7, 1, 2)
    torch.manual_seed(2)
    assert torch.equal(augment(ALL[name], images, 7, 1, 2), first)
    for other in ((8, 1, 2), (7, 2, 2), (7, 1, 3)):
        assert not torch.equal(augment(ALL[name], images, *other), first)


@pytest.mark.parametrize("name", sorted(ALL))
def test_processes_that_share_a_batch_see_what_one_would(name: str, images: Tensor) -> None:
    whole = augment(ALL[name], images, 0, 0, 0)
    augmentation = Augmentation(ALL[name], MEAN, STD)
    for rank in range(2):
        part = share(len(images), rank, 2)
        mine = augmentation.train(images[part], (0, 0, 0), part, len(images))
        torch.testing.assert_close(mine, whole[part])


def test_a_crop_is_a_window_of_the_padded_image(images: Tensor) -> None:
    padded = torch.nn.functional.pad(images, (3,) * 4)
    places = set()
    for image, cropped in zip(padded, plain(ALL["crop"], images, 0, 0, 0), strict=True):
        found = [
            (top, left)
            for top in range(7)
            for left in range(7)
            if torch.equal(image[:, top : top + 12, left : left + 12], cropped.round().byte())
        ]
        assert len(found) == 1
        places.add(found[0])
    assert len(places) > 8


def test_some_images_are_flipped_and_others_not(images: Tensor) -> None:
    flipped = plain(ALL["flip"], images, 0, 0, 0).round().byte()
    same = [torch.equal(a, b) for a, b in zip(flipped, images, strict=True)]
    mirrored = [torch.equal(a, b.flip(2)) for a, b in zip(flipped, images, strict=True)]
    assert all(a != b for a, b in zip(same, mirrored, strict=True))
    assert 2 < sum(same) < 14


def test_a_resized_crop_of_the_whole_image_is_the_image(images: Tensor) -> None:
    section = AugmentSection(resized_crop=12, scale=(1.0, 1.0), ratio=(1.0, 1.0))
    torch.testing.assert_close(plain(section, images, 0, 0, 0), images.float(), atol=1e-2, rtol=0)


def test_a_resized_crop_stays_within_the_image() -> None:
    # A horizontal ramp: any box keeps columns in order and inside the range of the ramp.
    ramp = torch.arange(0, 240, 20, dtype=torch.uint8).expand(64, 3, 12, 12)
    cropped = plain(AugmentSection(resized_crop=8), ramp, 0, 0, 0)
    assert cropped.shape == (64, 3, 8, 8)
    assert (cropped.diff(dim=3) > -1e-3).all()
    assert cropped.min() >= 0
    assert cropped.max() <= 220.01
    widths = cropped[:, 0, 0, -1] - cropped[:, 0, 0, 0]
    assert widths.std() > 10


@pytest.mark.parametrize("key", ["brightness", "contrast", "saturation", "hue"])
def test_jitter_changes_each_image_differently_within_range(key: str, images: Tensor) -> None:
    changed = plain(AugmentSection(**{key: 0.4}), images, 0, 0, 0)
    assert changed.min() >= 0
    assert changed.max() <= 255.01
    assert ((changed - images).abs().amax((1, 2, 3)) > 1).sum() > 10


def test_brightness_multiplies_by_one_factor_an_image() -> None:
    grey = torch.full((64, 3, 4, 4), 100, dtype=torch.uint8)
    factors = plain(AugmentSection(brightness=0.4), grey, 0, 0, 0) / 100
    assert (factors.amax((1, 2, 3)) - factors.amin((1, 2, 3))).max() < 1e-5
    assert 0.6 <= factors.min() < 0.7
    assert 1.3 < factors.max() <= 1.4


def test_evaluation_cuts_the_centre_out(images: Tensor) -> None:
    augmentation = Augmentation(AugmentSection(resized_crop=8), (0.0,) * 3, (1.0,) * 3)
    assert torch.equal((augmentation.test(images) * 255).round().byte(), images[:, :, 2:10, 2:10])
