"""One writer a run folder."""

import fcntl
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from plumline.errors import InputError

LOCK = ".lock"
"""An empty file in the folder, which stays: a removed one could be held by two processes."""


class FolderInUse(InputError):
    """Another process writes this folder now."""


@contextmanager
def sole_writer(folder: Path) -> Iterator[None]:
    """Make the folder and hold it; `FolderInUse` while another process does.

    The lock ends with the process, however that ends. It is on a file that is open for writing,
    since a network file system (NFS 4) keeps only such locks between machines.
    """
    folder.mkdir(parents=True, exist_ok=True)
    handle = _open(folder)
    try:
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise FolderInUse(
                f"another process is training in {folder}: wait for it, or use another folder"
            ) from None
        yield
    finally:
        os.close(handle)


def wait_for_writer(folder: Path) -> None:
    """Wait until no process holds the folder, which is there."""
    handle = _open(folder)
    try:
        fcntl.flock(handle, fcntl.LOCK_EX)
    finally:
        os.close(handle)


def _open(folder: Path) -> int:
    return os.open(folder / LOCK, os.O_RDWR | os.O_CREAT, 0o666)
