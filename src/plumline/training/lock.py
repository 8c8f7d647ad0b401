"""One writer a run folder."""

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

from plumline._locks import hold
from plumline.errors import InputError

LOCK = ".lock"
"""An empty file in the folder, which stays."""


class FolderInUse(InputError):
    """Another process writes this folder now."""


@contextmanager
def sole_writer(folder: Path) -> Iterator[None]:
    """Make the folder and hold it; `FolderInUse` while another process does."""
    folder.mkdir(parents=True, exist_ok=True)
    with ExitStack() as held:
        try:
            held.enter_context(hold(folder / LOCK, wait=False))
        except BlockingIOError:
            raise FolderInUse(
                f"another process is training in {folder}: wait for it, or use another folder"
            ) from None
        yield


def wait_for_writer(folder: Path) -> None:
    """Wait until no process holds the folder, which is there."""
    with hold(folder / LOCK):
        pass
