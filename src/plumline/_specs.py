"""A name with options after it, as command lines and tables write it: ``summerge:tile=8``."""

from collections.abc import Collection, Mapping

from plumline._names import unknown
from plumline.errors import InputError


def read_options(kind: str, spec: str, known: Collection[str]) -> dict[str, int | bool]:
    """Read the options of ``name:tile=8:sparsity=on``: whole numbers, on and off.

    Args:
        kind: what the name is one of, for errors.
        spec: a name, and options after it.
        known: the options that there are.

    Raises:
        InputError: an unknown option, one without a value, one given twice, or another value.
    """
    name, *options = spec.split(":")
    found: dict[str, int | bool] = {}
    for option in options:
        key, equals, value = option.partition("=")
        if key not in known:
            raise unknown(f"option of the {kind} {name!r}", key, known)
        if not equals:
            raise InputError(f"{spec!r}: write options as {name}:{key}=VALUE")
        if key in found:
            raise InputError(f"{spec!r}: {key} is given twice")
        found[key] = _read(spec, value)
    return found


def with_options(name: str, options: Mapping[str, int | bool]) -> str:
    """Write what `read_options` reads."""
    return ":".join([name, *(f"{key}={_write(value)}" for key, value in options.items())])


def _read(spec: str, text: str) -> int | bool:
    if text in ("on", "off"):
        return text == "on"
    if text.isascii() and text.isdigit():
        return int(text)
    raise InputError(f"{spec!r}: {text!r} is neither a whole number nor on or off")


def _write(value: int | bool) -> str:
    return ("on" if value else "off") if isinstance(value, bool) else str(value)
