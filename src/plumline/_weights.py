"""What every reader of weights asks of them."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from plumline.errors import InputError


def check_finite(weight: NDArray[Any], layer: str) -> None:
    """Raise `InputError` where a weight is NaN or infinite: every answer would be."""
    if bad := weight.size - int(np.count_nonzero(np.isfinite(weight))):
        raise InputError(
            f"layer {layer!r} has {bad} weights that are NaN or infinite: train or export the "
            f"network again"
        )
