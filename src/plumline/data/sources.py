"""Files as their publishers distribute them: there, whole and unaltered, or one line of advice.

Compressed files and archives must have the official MD5. What a user unpacked or made from one has
no official checksum and is checked by its structure (sizes, headers, ranges of labels).
"""

import hashlib
from collections.abc import Iterable
from pathlib import Path

from plumline.data.dataset import Labels
from plumline.errors import InputError


def missing(name: str, choices: Iterable[Path]) -> InputError:
    """Make the error for a set of which none of the files or folders ``choices`` is there."""
    wanted = " or ".join(str(choice) for choice in choices)
    return InputError(f"data set {name!r} is not there: put {wanted} in place (see docs/data.md)")


def damaged(path: Path | str, fault: str) -> InputError:
    """Make the error for a file that is there but cannot be used."""
    return InputError(f"{path} {fault}: fetch it again from its publisher (see docs/data.md)")


def read(path: Path) -> bytes:
    """Return the content of a file that must be there."""
    try:
        return path.read_bytes()
    except OSError as error:
        raise damaged(path, f"cannot be read ({error.strerror})") from error


def check_md5(path: Path, expected: str) -> None:
    """Raise `InputError` unless the file has the publisher's MD5 (against damage, not attack)."""
    digest = hashlib.md5(usedforsecurity=False)
    try:
        with path.open("rb") as file:
            while block := file.read(1 << 20):
                digest.update(block)
    except OSError as error:
        raise damaged(path, f"cannot be read ({error.strerror})") from error
    if digest.hexdigest() != expected:
        raise damaged(path, f"has MD5 {digest.hexdigest()}, not the official {expected}")


def check_labels(path: Path | str, labels: Labels, classes: int) -> None:
    """Raise `InputError` when a label is not in 0..classes-1."""
    wrong = labels[(labels < 0) | (labels >= classes)]
    if len(wrong):
        raise damaged(path, f"has the label {wrong[0]}, which is not in 0..{classes - 1}")
