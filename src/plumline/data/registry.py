"""The data sets by name: each registers its opening function beside its definition."""

import inspect
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar

from plumline._names import look_up
from plumline._options import check_options
from plumline.data.dataset import DataSet
from plumline.errors import InputError

Opener = TypeVar("Opener", bound=Callable[..., DataSet])

_OPENERS: dict[str, Callable[..., DataSet]] = {}


def register(name: str) -> Callable[[Opener], Opener]:
    """Register the decorated function under ``name``.

    A parameter ``root`` (a path) says that the set is read from files; keyword-only parameters are
    the set's options.
    """

    def add(opener: Opener) -> Opener:
        _OPENERS[name] = opener
        return opener

    return add


def names() -> list[str]:
    """Return the names that `open` knows."""
    return sorted(_OPENERS)


def open(name: str, root: str | os.PathLike[str] | None = None, **options: Any) -> DataSet:
    """Open a data set that lies on this machine; nothing is ever downloaded.

    Args:
        name: one of `names`.
        root: the folder that holds the set's own folder; ``$PLUMLINE_DATA`` when not given.
            ``digits`` needs none.
        options: keyword arguments of the set's own function, such as ``size=224``.

    Raises:
        InputError: unknown name or option, no folder, or a missing, truncated or altered file.
    """
    opener = look_up("data set", name, _OPENERS)
    check_options(name, opener, options)
    if "root" in inspect.signature(opener).parameters:
        return opener(_folder(name, root), **options)
    return opener(**options)


def _folder(name: str, root: str | os.PathLike[str] | None) -> Path:
    given = root if root is not None else os.environ.get("PLUMLINE_DATA")
    if not given:
        raise InputError(
            f"data set {name!r} is read from a folder: give it as root (--data) or PLUMLINE_DATA"
        )
    path = Path(given).expanduser()
    if not path.is_dir():
        raise InputError(f"data folder {str(path)!r} of data set {name!r} is not a folder")
    return path
