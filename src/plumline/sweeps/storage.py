"""Where the study of a sweep is kept, which its folder remembers."""

import os
import re
from dataclasses import dataclass, replace
from pathlib import Path

from plumline._files import write_text
from plumline.errors import InputError
from plumline.training import tables

FILE, JOURNAL = "storage.toml", "journal.log"


@dataclass(frozen=True)
class Storage:
    """An Optuna URL, empty for the journal in the folder, and the name of the study there."""

    url: str
    study: str

    def save(self, folder: Path) -> None:
        """Let the folder remember it, without its password."""
        write_text(folder / FILE, tables.dump(replace(self, url=without_password(self.url))))

    def path(self, folder: Path) -> Path | None:
        """Return the file that holds the study; None where a server does."""
        if not self.url:
            return folder / JOURNAL
        _, prefix, path = self.url.rpartition("sqlite:///")
        return Path(path.partition("?")[0]) if prefix else None

    def __str__(self) -> str:
        return f"the storage {without_password(self.url)!r}" if self.url else "its own journal"


def storage_of(folder: Path, url: str | None, begun: bool) -> Storage:
    """Return where the study of a folder is, or will be.

    Args:
        folder: of the sweep.
        url: what the user says; None for what the folder remembers.
        begun: whether there is a sweep in the folder.

    Raises:
        InputError: the user names another one than the folder was begun with.
    """
    here = Storage("", folder.resolve().name)
    given = None if url is None else replace(here, url=_absolute(url))
    path = folder / FILE
    if path.is_file():
        text = path.read_text(encoding="utf-8")
        kept = tables.typed(Storage, tables.parse(text, str(path)), str(path))
    elif (folder / JOURNAL).is_file():  # of a version that did not write the file
        kept = here
    elif given is None and begun:
        raise InputError(f"{str(folder)!r} does not say where its study is: name the storage")
    else:
        return given or here
    if given is None:
        return kept
    if without_password(given.url) != kept.url:
        raise InputError(
            f"{str(folder)!r} was begun with {kept}, not with {given}: leave the storage out, or "
            "use another folder"
        )
    return replace(kept, url=given.url)


def without_password(url: str) -> str:
    """Return a database URL without what must not stand in a file or a message."""
    url = re.sub(r"^([^:/]+://[^/:@]*):[^?]*@", r"\1@", url)
    return re.sub(r"(?<=[?&])[^=&]*pass[^=&]*=[^&]*&?", "", url, flags=re.IGNORECASE).rstrip("?&")


def _absolute(url: str) -> str:
    """Let the file of an SQLite database be found from anywhere."""
    head, prefix, path = url.rpartition("sqlite:///")
    return f"{head}{prefix}{os.path.abspath(path)}" if prefix and path else url
