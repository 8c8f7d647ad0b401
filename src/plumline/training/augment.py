"""Augmentation of whole batches on tensors, each image with its own draw.

Everything random is drawn for the global batch from (seed, epoch, step) alone. So a resumed run
repeats it exactly, and processes that share a batch together see what one process would.
"""

import math

import numpy as np
import torch
from torch import Tensor
from torch.nn import functional

from plumline._extras import require
from plumline.errors import InputError
from plumline.training.recipe import AugmentSection


def seed_of(*numbers: int) -> int:
    """Mix whole numbers (seed, epoch, step, ...) into one 64-bit seed."""
    return int(np.random.SeedSequence(numbers).generate_state(1, np.uint64)[0])


class Augmentation:
    """The augmentation of a recipe, from stored uint8 images to what the network reads.

    Args:
        section: What to do; everything is off by default.
        mean, std: Channel statistics of the data set, in [0, 1].
    """

    def __init__(
        self, section: AugmentSection, mean: tuple[float, ...], std: tuple[float, ...]
    ) -> None:
        self.section = section
        self.mean = torch.tensor(mean).view(-1, 1, 1)
        self.std = torch.tensor(std).view(-1, 1, 1)

    def train(self, images: Tensor, key: tuple[int, ...], part: slice, batch_size: int) -> Tensor:
        """Augment and normalize one process's part of a global batch.

        Args:
            images: (n, C, H, W) uint8.
            key: Numbers that decide all draws: seed, epoch, step.
            part: Which images of the global batch these are.
            batch_size: Number of images of the global batch.

        Returns:
            (n, C, H', W') float32; H' = W' = ``resized_crop`` when that is set.
        """
        section, source = self.section, torch.Generator().manual_seed(seed_of(*key))
        draw = _Draw(source, batch_size, part, images.device)
        if section.crop_padding:
            images = random_crop(images, section.crop_padding, draw)
        if section.flip:
            images = torch.where(draw.uniform(0, 1).view(-1, 1, 1, 1) < 0.5, images.flip(3), images)
        if section.resized_crop:
            images = random_resized_crop(images, section, draw)
        if _jitters(section):
            images = (color_jitter(unit(images), section, draw) * 255).clamp_(0, 255)
        return self._normalize(images)

    def test(self, images: Tensor) -> Tensor:
        """Normalize (n, C, H, W) uint8; cut the centre out when training crops another size."""
        channels, height, width = images.shape[1:]
        _, rows, columns = input_shape(self.section, (channels, height, width))
        top, left = (height - rows) // 2, (width - columns) // 2
        return self._normalize(images[:, :, top : top + rows, left : left + columns])

    def _normalize(self, images: Tensor) -> Tensor:
        mean, std = self.mean.to(images.device), self.std.to(images.device)
        return unit(images).sub_(mean).div_(std)


def input_shape(section: AugmentSection, shape: tuple[int, int, int]) -> tuple[int, int, int]:
    """Return (C, H, W) of what a network reads, given that of the stored images.

    Raises `InputError` where training and evaluation could not read the same size, or where a
    colour operation is asked for on other than three channels.
    """
    channels, height, width = shape
    size = section.resized_crop
    if channels != 3 and (section.saturation or section.hue):
        raise InputError(
            f"augment.saturation and augment.hue need images of 3 channels, not {channels}"
        )
    if size > min(height, width):
        raise InputError(
            f"augment.resized_crop = {size}: the images have {height}x{width} pixels; "
            "open the data at a larger size, or crop less"
        )
    return (channels, size, size) if size else shape


class _Draw:
    """Random numbers for each image of a global batch, of which only one part is kept."""

    def __init__(self, source: torch.Generator, n: int, part: slice, device: torch.device) -> None:
        self.source, self.n, self.part, self.device = source, n, part, device

    def uniform(self, low: float, high: float) -> Tensor:
        drawn = torch.rand(self.n, generator=self.source) * (high - low) + low
        return drawn[self.part].to(self.device)

    def whole(self, limit: int) -> Tensor:
        drawn = torch.randint(limit, (self.n,), generator=self.source)
        return drawn[self.part].to(self.device)


def unit(images: Tensor) -> Tensor:
    """Scale images from [0, 255] to float32 in [0, 1]."""
    return images.to(torch.float32) / 255


def random_crop(images: Tensor, padding: int, draw: _Draw) -> Tensor:
    """Pad with black on every side and cut the original size out at a random place."""
    height, width = images.shape[2:]
    windows = functional.pad(images, (padding,) * 4).unfold(2, height, 1).unfold(3, width, 1)
    top, left = draw.whole(2 * padding + 1), draw.whole(2 * padding + 1)
    return windows[torch.arange(len(images), device=images.device), :, top, left]


def random_resized_crop(images: Tensor, section: AugmentSection, draw: _Draw) -> Tensor:
    """Cut out a box of random area and aspect ratio and resize it to ``resized_crop`` squared.

    The area is uniform in ``scale``, the ratio log-uniform in ``ratio`` (Szegedy et al.,
    arXiv 1409.4842, section 6); a box that would stick out is shortened to the image.
    """
    crop = require("kornia.geometry.transform", "train")
    height, width = images.shape[2:]
    area = draw.uniform(*section.scale) * height * width
    ratio = draw.uniform(*map(math.log, section.ratio)).exp()
    box_width = (area * ratio).sqrt().clamp(1, width)
    box_height = (area / ratio).sqrt().clamp(1, height)
    left = draw.uniform(0, 1) * (width - box_width)
    top = draw.uniform(0, 1) * (height - box_height)
    right, bottom = left + box_width - 1, top + box_height - 1
    corners = [(left, top), (right, top), (right, bottom), (left, bottom)]
    boxes = torch.stack([torch.stack(corner, dim=1) for corner in corners], dim=1)
    size = (section.resized_crop, section.resized_crop)
    resized: Tensor = crop.crop_and_resize(images.to(torch.float32), boxes, size)
    return resized


def color_jitter(images: Tensor, section: AugmentSection, draw: _Draw) -> Tensor:
    """Change brightness, contrast, saturation and hue of each image by random factors.

    ``images`` are in [0, 1]; a strength s means a factor uniform in [1 - s, 1 + s], or for the hue
    a turn uniform in [-s, s] of the colour circle.
    """
    enhance = require("kornia.enhance", "train")
    if section.brightness:
        factor = _factor(section.brightness, draw)
        images = (images * factor.view(-1, 1, 1, 1)).clamp(0, 1)
    if section.contrast:
        images = enhance.adjust_contrast_with_mean_subtraction(
            images, _factor(section.contrast, draw)
        )
    if section.saturation:
        images = enhance.adjust_saturation_with_gray_subtraction(
            images, _factor(section.saturation, draw)
        )
    if section.hue:
        images = enhance.adjust_hue(images, draw.uniform(-1, 1) * section.hue * 2 * math.pi)
    return images


def _factor(strength: float, draw: _Draw) -> Tensor:
    return draw.uniform(max(0.0, 1 - strength), 1 + strength)


def _jitters(section: AugmentSection) -> bool:
    return any((section.brightness, section.contrast, section.saturation, section.hue))
