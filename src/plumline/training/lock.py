"""One writer a run folder."""

import fcntl
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from plumline.errors import InputError


@contextmanager
def sole_writer(folder: Path) -> Iterator[None]:
    """Make the folder and hold it; `InputError` while another process does.

    The lock is on the folder itself and leaves no file behind. It ends with the process, however
    that ends.
    """
    folder.mkdir(parents=True, exist_ok=True)
    handle = os.open(folder, os.O_RDONLY)
    try:
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise InputError(
                f"another process is training in {folder}: wait for it, or use another folder"
            ) from None
        yield
    finally:
        os.close(handle)
