"""Weights that come as plain arrays, such as an ``.npz`` of a published checkpoint."""

import os
import zipfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from plumline.errors import InputError


def load_arrays(model: nn.Module, arrays: Mapping[str, NDArray[Any]]) -> None:
    """Fill a model with arrays under the names of its ``state_dict``, all of them or none.

    BatchNorm's ``num_batches_tracked``, which counts batches and is no weight, may be absent. Load
    before converting the model to a scheme, which renames its weights.

    Args:
        model: changed in place.
        arrays: one array of the right shape and of numbers for every entry of the ``state_dict``.

    Raises:
        InputError: an entry is missing or superfluous, or its array has another shape; the model
            is then unchanged.
    """
    state: dict[str, Tensor] = model.state_dict()
    needed = {name for name in state if not name.endswith("num_batches_tracked")}
    faults = [f"lack {name!r}" for name in sorted(needed - set(arrays))]
    faults += [f"have {name!r}, which the model lacks" for name in sorted(set(arrays) - set(state))]
    for name in sorted(set(arrays) & set(state)):
        shape, wanted = tuple(arrays[name].shape), tuple(state[name].shape)
        if shape != wanted:
            faults.append(f"have {name!r} of shape {shape}, not {wanted}")
        elif arrays[name].dtype.kind not in "fiu":
            faults.append(f"have {name!r} of type {arrays[name].dtype}, not of real numbers")
    if faults:
        more = f" (and {len(faults) - 1} more differences)" if len(faults) > 1 else ""
        raise InputError(f"the weights do not fit {type(model).__name__}: they {faults[0]}{more}")
    with torch.no_grad():
        for name, array in arrays.items():
            state[name].copy_(torch.from_numpy(np.array(array)))


def load_npz(model: nn.Module, path: str | os.PathLike[str]) -> None:
    """Fill a model from an ``.npz`` file with one array for each weight, as `load_arrays` does.

    Raises:
        InputError: no such file, not an ``.npz``, or arrays that do not fit the model.
    """
    file = Path(path)
    try:
        loaded = np.load(file, allow_pickle=False)
        if not isinstance(loaded, np.lib.npyio.NpzFile):
            raise ValueError("it is a single array")
        with loaded as archive:
            arrays = {name: archive[name] for name in archive.files}
    except FileNotFoundError as error:
        raise InputError(f"no weights at {str(file)!r}") from error
    except (OSError, ValueError, EOFError, zipfile.BadZipFile) as error:
        raise InputError(f"{str(file)!r} is not a whole .npz of plain arrays ({error})") from error
    load_arrays(model, arrays)
