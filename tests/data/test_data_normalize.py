"""Normalization: (x / 255 - mean) / std, a channel at a time, in float32."""

import numpy as np
import pytest

from plumline import data
from plumline.errors import InputError

MEAN, STD = (0.4914, 0.4822, 0.4465), (0.2470, 0.2435, 0.2616)


@pytest.mark.parametrize("shape", [(3, 2, 5), (4, 3, 2, 5)])
def test_it_is_the_formula(shape):
    images = np.random.default_rng(0).integers(0, 256, shape).astype(np.uint8)
    mean, std = (np.asarray(value).reshape(3, 1, 1) for value in (MEAN, STD))
    result = data.normalize(images, MEAN, STD)
    assert result.dtype == np.float32
    np.testing.assert_allclose(result, (images / 255 - mean) / std, rtol=0, atol=1e-6)


@pytest.mark.parametrize(
    ("images", "mean", "std", "message"),
    [
        (np.zeros((1, 3, 2, 2), np.float32), MEAN, STD, "uint8"),
        (np.zeros((2, 2), np.uint8), MEAN, STD, "uint8"),
        (np.zeros((1, 1, 2, 2), np.uint8), MEAN, STD, "1 channels"),
        (np.zeros((1, 3, 2, 2), np.uint8), MEAN, (0.1, 0.0, 0.1), "above 0"),
        (np.zeros((1, 3, 2, 2), np.uint8), MEAN, (0.1, np.nan, 0.1), "finite"),
        (np.zeros((1, 3, 2, 2), np.uint8), (0.1, np.inf, 0.1), STD, "finite"),
    ],
)
def test_what_does_not_fit_is_refused(images, mean, std, message):
    with pytest.raises(InputError, match=message):
        data.normalize(images, mean, std)
