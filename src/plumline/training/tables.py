"""TOML tables to typed frozen dataclasses and back; a wrong key, type or text is one line."""

import json
import math
import sys
from collections.abc import Mapping
from dataclasses import fields
from typing import Any, TypeVar, get_args, get_origin, get_type_hints

from plumline._names import unknown
from plumline.errors import InputError

if sys.version_info >= (3, 11):
    import tomllib
else:
    import tomli as tomllib

T = TypeVar("T")
_WORDS = {int: "a whole number", float: "a number", bool: "true or false", str: "a text"}


def parse(text: str, source: str) -> dict[str, Any]:
    """Parse TOML; ``source`` is named in the error."""
    try:
        return tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise InputError(f"{source} is not valid TOML: {error}") from error


def typed(kind: type[T], table: Any, where: str) -> T:
    """Build the dataclass ``kind`` from a table; absent keys keep their defaults.

    Raises `InputError` for an unknown key (with the nearest one) or a value of the wrong type.
    """
    if not isinstance(table, Mapping):
        raise InputError(f"{where} is {table!r}: it must be a table of keys")
    hints = get_type_hints(kind)
    for key in table:
        if key not in hints:
            raise unknown(f"key in {where}", key, hints)
    return kind(**{key: _value(hints[key], table[key], f"{where}.{key}") for key in table})


def typed_text(kind: Any, text: str, where: str) -> Any:
    """Read a value written on a command line as the type that a field has.

    Texts need no quotes and lists no brackets: ``cosine``, ``150,250``.
    """
    if kind is str:
        return text
    if get_origin(kind) is tuple and not text.lstrip().startswith("["):
        member = get_args(kind)[0]
        items = [item.strip() for item in text.split(",") if item.strip()]
        return tuple(typed_text(member, item, where) for item in items)
    return _value(kind, literal(text), where)


def literal(text: str) -> Any:
    """Read a TOML value; anything that is none is taken as a text without its quotes."""
    try:
        return tomllib.loads(f"value = {text}")["value"]
    except tomllib.TOMLDecodeError:
        return text


def dump(value: Any) -> str:
    """Write a dataclass of sections as TOML text that `parse` and `typed` read back unchanged."""
    lines: list[str] = []
    _dump_table(_as_table(value), (), lines)
    return "\n".join(lines).strip() + "\n"


def _value(kind: Any, value: Any, where: str) -> Any:
    if get_origin(kind) is tuple:
        if not isinstance(value, list | tuple):
            raise InputError(f"{where} = {value!r}: it must be a list")
        member = get_args(kind)[0]
        return tuple(_value(member, item, where) for item in value)
    if get_origin(kind) is dict:
        if not isinstance(value, Mapping):
            raise InputError(f"{where} = {value!r}: it must be a table of keys")
        return dict(value)
    if kind is float and type(value) is int:
        return float(value)
    if kind is float and type(value) is float and not math.isfinite(value):
        raise InputError(f"{where} = {value!r}: it must be a finite number")
    if type(value) is not kind:
        raise InputError(f"{where} = {value!r}: it must be {_WORDS[kind]}")
    return value


def _as_table(value: Any) -> dict[str, Any]:
    return {field.name: getattr(value, field.name) for field in fields(value)}


def _dump_table(table: Mapping[str, Any], path: tuple[str, ...], lines: list[str]) -> None:
    leaves = {key: value for key, value in table.items() if not _is_table(value)}
    if path and (leaves or not table):
        lines.extend(["", f"[{'.'.join(map(_key, path))}]"])
    lines.extend(f"{_key(key)} = {dump_leaf(value)}" for key, value in leaves.items())
    for key, value in table.items():
        if _is_table(value):
            nested = value if isinstance(value, Mapping) else _as_table(value)
            _dump_table(nested, (*path, key), lines)


def _is_table(value: Any) -> bool:
    return isinstance(value, Mapping) or hasattr(value, "__dataclass_fields__")


def _key(key: str) -> str:
    bare = key.isascii() and key.replace("-", "").replace("_", "").isalnum()
    return key if bare else _quoted(key)


def dump_leaf(value: Any) -> str:
    """Write one value, which is no table, as TOML."""
    if isinstance(value, list | tuple):
        return f"[{', '.join(map(dump_leaf, value))}]"
    if isinstance(value, float):
        # A whole float keeps its point, so that it is read back as a float.
        return repr(value)
    return _quoted(value) if isinstance(value, str) else json.dumps(value)


def _quoted(text: str) -> str:
    # As JSON, but for what TOML refuses: pairs of surrogates, and a bare DEL.
    return json.dumps(text, ensure_ascii=False).replace("\x7f", "\\u007f")
