"""Values on the command line: text to number, ``name=value`` pairs, shapes."""

import os
from argparse import ArgumentTypeError
from collections.abc import Iterable

from plumline.errors import InputError


def check_output(path: str | None, *sources: str) -> None:
    """Refuse a file to write that is a folder or one of the files that are read."""
    if path is None or not os.path.exists(path):
        return
    if os.path.isdir(path):
        raise InputError(f"{path!r} is a folder: name a file to write")
    if any(os.path.exists(source) and os.path.samefile(path, source) for source in sources):
        raise InputError(f"{path!r} is a file that is read: name another one to write")


def positive(text: str) -> int:
    """Read a whole number of at least 1."""
    if not text.isascii() or not text.isdigit() or int(text) < 1:
        raise ArgumentTypeError(f"{text!r} is not a whole number of at least 1")
    return int(text)


def counts(text: str) -> tuple[int, ...]:
    """Read ``1,8``: whole numbers of at least 1."""
    return tuple(positive(part.strip()) for part in text.split(","))


def seconds(text: str) -> float:
    """Read a number above 0."""
    try:
        value = float(text)
    except ValueError:
        value = 0.0
    if not 0 < value < 1e6:
        raise ArgumentTypeError(f"{text!r} is not a number above 0")
    return value


def numbers(text: str) -> tuple[float, ...]:
    """Read ``0.49,0.48,0.45``."""
    try:
        return tuple(float(part) for part in text.split(","))
    except ValueError:
        raise ArgumentTypeError(f"{text!r} is not numbers with commas between") from None


def names(text: str) -> tuple[str, ...]:
    """Read ``onnxruntime,torch``."""
    return tuple(part.strip() for part in text.split(",") if part.strip())


def pairs(items: Iterable[str], option: str) -> dict[str, str]:
    """Read ``key=value`` texts; a key may come once."""
    found: dict[str, str] = {}
    for item in items:
        key, equals, value = item.partition("=")
        if not equals or not key:
            raise InputError(f"{option} {item!r}: write it as name=value")
        if key in found:
            raise InputError(f"{option} {key!r} is given twice")
        found[key] = value
    return found


def shapes(items: Iterable[str]) -> dict[str, tuple[int, ...]]:
    """Read ``input=1,3,32,32`` texts."""
    found = {}
    for name, text in pairs(items, "--shape").items():
        sizes = text.replace("x", ",").split(",")
        if not all(size.isascii() and size.isdigit() and int(size) > 0 for size in sizes):
            raise InputError(f"--shape {name}={text}: write sizes above 0 as {name}=1,3,32,32")
        found[name] = tuple(map(int, sizes))
    return found
