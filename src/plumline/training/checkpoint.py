"""The state of a run in one file: written whole or not at all, read without running code."""

import io
import os
import pickle
import zipfile
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import torch

from plumline._files import write_bytes
from plumline.errors import InputError

FORMAT = 1
_UNREADABLE = (
    RuntimeError,
    pickle.UnpicklingError,
    zipfile.BadZipFile,
    EOFError,
    KeyError,
    ValueError,
    OSError,
)


@dataclass
class Checkpoint:
    """All that the rest of a run depends on, after ``step`` optimizer steps.

    ``totals`` are the sums of the epoch in progress: loss x images, correct answers, images.
    ``history`` has one record for each finished epoch; ``dataset`` the facts of `runs.facts`.
    """

    recipe: str
    dataset: dict[str, Any]
    model: dict[str, Any]
    optimizer: dict[str, Any] = field(default_factory=dict)
    precision: dict[str, Any] = field(default_factory=dict)
    step: int = 0
    totals: list[float] = field(default_factory=lambda: [0.0, 0.0, 0.0])
    history: list[dict[str, Any]] = field(default_factory=list)
    seconds: float = 0.0
    format: int = FORMAT

    def save(self, path: str | os.PathLike[str]) -> None:
        """Write the checkpoint; a process killed meanwhile leaves the file that was there."""
        # In memory first: `torch.save` would report a full disk as an internal error of its own.
        content = io.BytesIO()
        torch.save(vars(self), content)
        write_bytes(path, content.getvalue())

    @classmethod
    def load(cls, path: str | os.PathLike[str]) -> "Checkpoint":
        """Read a checkpoint onto the CPU; `InputError` if it is damaged or of another version."""
        content = load_tensors(path)
        if content.get("format") != FORMAT:
            raise InputError(
                f"{path} is not a checkpoint of this version of plumline (format "
                f"{content.get('format')!r}, expected {FORMAT}): train in another folder"
            )
        try:
            return cls(**content)
        except TypeError as error:
            raise InputError(f"{path} is not a checkpoint of plumline: {error}") from error


class DamagedFile(InputError):
    """A file of tensors that cannot be read."""


def load_tensors(path: str | os.PathLike[str]) -> dict[str, Any]:
    """Read a file that `torch.save` wrote, tensors and plain values only.

    Raises `InputError` where there is none; `DamagedFile` where it cannot be read.
    """
    if not Path(path).is_file():
        raise InputError(f"there is no file {os.fspath(path)!r}")
    try:
        _check_sums(path)
        content = torch.load(path, map_location="cpu", weights_only=True)
    except _UNREADABLE as error:
        raise DamagedFile(
            f"{path} cannot be read ({type(error).__name__}): it is damaged or not a PyTorch file; "
            f"put an intact copy in its place"
        ) from error
    if not isinstance(content, dict):
        raise InputError(f"{path} holds {type(content).__name__}, not a dictionary of tensors")
    return content


def _check_sums(path: str | os.PathLike[str]) -> None:
    """Raise where the file's own checksums fail, which PyTorch writes but does not look at."""
    if zipfile.is_zipfile(path):
        with zipfile.ZipFile(path) as archive:
            if damaged := archive.testzip():
                raise zipfile.BadZipFile(damaged)
