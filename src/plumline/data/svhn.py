"""SVHN, cropped digits: 73,257 + 26,032 colour images 32x32 of house numbers, in MATLAB files."""

from pathlib import Path

import numpy as np

from plumline._extras import require
from plumline.data.dataset import ArraySplit, DataSet
from plumline.data.registry import register
from plumline.data.sources import check_labels, check_md5, damaged, missing

FOLDER = "svhn"
MD5 = {
    "train_32x32.mat": "e26dedcc434d2e4c54c9b2d4a06d8373",
    "test_32x32.mat": "eb5a983be6a315427106f1b164d9cef3",
}


@register("svhn")
def svhn(root: Path, *, checksums: bool = True) -> DataSet:
    """Open the cropped digits of Street View House Numbers (Netzer et al. 2011), format 2.

    The files call the digit 0 class 10; here it is class 0.

    Args:
        root: the folder that holds ``svhn/`` with ``train_32x32.mat`` and ``test_32x32.mat``.
        checksums: whether the files, which are compressed, must have their official MD5.
    """
    folder = root / FOLDER
    return DataSet(
        name="svhn",
        classes=tuple("0123456789"),
        shape=(3, 32, 32),
        mean=(0.4377, 0.4438, 0.4728),
        std=(0.1980, 0.2010, 0.1970),
        train=_split(folder / "train_32x32.mat", checksums),
        test=_split(folder / "test_32x32.mat", checksums),
    )


def _split(path: Path, checksums: bool) -> ArraySplit:
    if not path.is_file():
        raise missing("svhn", [path])
    if checksums:
        check_md5(path, MD5[path.name])
    loadmat = require("scipy.io", "train").loadmat
    try:
        variables = loadmat(path, variable_names=["X", "y"])
        pixels, numbers = np.asarray(variables["X"]), np.asarray(variables["y"]).reshape(-1)
    except Exception as error:  # a damaged MATLAB file may raise anything
        raise damaged(path, f"is not a whole MATLAB file with X and y ({error})") from error
    if pixels.dtype != np.uint8 or pixels.shape != (32, 32, 3, len(numbers)):
        raise damaged(
            path,
            f"holds X {pixels.dtype} {pixels.shape}, not uint8 (32, 32, 3, {len(numbers)})",
        )
    labels = numbers.astype(np.int64)
    labels[labels == 10] = 0
    check_labels(path, labels, 10)
    return ArraySplit(np.ascontiguousarray(pixels.transpose(3, 2, 0, 1)), labels)
