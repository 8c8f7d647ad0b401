"""Locks between processes, on files. One ends with the process that holds it, however that ends."""

import fcntl
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path


@contextmanager
def hold(path: Path, *, wait: bool = True) -> Iterator[None]:
    """Make a file and hold its lock; where others do, wait or raise `BlockingIOError`.

    The file stays: a removed one could be held by two processes. It is open for writing, since a
    network file system (NFS 4) keeps only such locks between machines.
    """
    handle = os.open(path, os.O_RDWR | os.O_CREAT, 0o666)
    try:
        fcntl.flock(handle, fcntl.LOCK_EX if wait else fcntl.LOCK_EX | fcntl.LOCK_NB)
        yield
    finally:
        os.close(handle)


def is_held(path: Path) -> bool:
    """Say whether a process holds the lock of a file that is there."""
    handle = os.open(path, os.O_RDWR)
    try:
        # Shared: others who look at the same moment must not be taken for the owner.
        fcntl.flock(handle, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except BlockingIOError:
        return True
    finally:
        os.close(handle)
    return False
