"""A compiled program as plain data: made by the compiler, run by `Program`, kept in a file."""

import json
import math
import os
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, NoReturn

import numpy as np

from plumline import _files
from plumline.errors import ArtifactError, InputError
from plumline.runtime import container
from plumline.runtime.container import Array

VERSION = 2
_FORMAT = "plumline program"

Size = int | str
"""A size: a number, or the name of one that each run chooses (an output: a formula of names)."""

Attribute = int | float | str | tuple[int, ...] | tuple[float, ...]


@dataclass(frozen=True)
class Port:
    """An input or an output of a program: its name, value number and float32 shape."""

    name: str
    value: int
    shape: tuple[Size, ...]


@dataclass(frozen=True)
class Node:
    """One step. ``about`` holds facts for `Program.plan`; nothing that runs depends on it."""

    op: str
    name: str
    inputs: tuple[int, ...]
    outputs: tuple[int, ...]
    attributes: Mapping[str, Attribute] = field(default_factory=dict)
    tensors: Mapping[str, Array] = field(default_factory=dict)
    about: Mapping[str, int | float | str] = field(default_factory=dict)


@dataclass(frozen=True)
class Artifact:
    """A program: values 0..values-1, each an input, a constant or the output of one earlier node.

    Raises `ArtifactError` when it is made of pieces that do not fit together.
    """

    values: int
    inputs: tuple[Port, ...]
    outputs: tuple[Port, ...]
    constants: Mapping[int, Array]
    nodes: tuple[Node, ...]
    metadata: Mapping[str, str] = field(default_factory=dict)

    def __post_init__(self) -> None:
        """Check that every value is set once, before it is used."""
        defined: set[int] = set()

        def define(value: int) -> None:
            if not 0 <= value < self.values or value in defined:
                _refuse(f"value {value} is out of range or set twice")
            defined.add(value)

        def use(value: int, user: str) -> None:
            if value not in defined:
                _refuse(f"{user} uses value {value} before it is set")

        for port in self.inputs:
            define(port.value)
        for value, array in self.constants.items():
            define(value)
            if array.dtype != np.float32:
                _refuse(f"constant {value} is not float32")
        for node in self.nodes:
            for value in node.inputs:
                use(value, f"node {node.name!r}")
            for value in node.outputs:
                define(value)
        for port in self.outputs:
            use(port.value, f"output {port.name!r}")
        if len(defined) != self.values:
            _refuse(f"{self.values} values are announced and {len(defined)} are set")
        for ports in (self.inputs, self.outputs):
            if len({port.name for port in ports}) != len(ports):
                _refuse("two inputs or two outputs have the same name")

    def to_bytes(self) -> bytes:
        """Lay the program out as the bytes of a ``.plum`` file."""
        tensors: dict[str, Array] = {f"constants.{v}": array for v, array in self.constants.items()}
        for number, node in enumerate(self.nodes):
            tensors |= {f"nodes.{number}.{role}": array for role, array in node.tensors.items()}
        program = {
            "values": self.values,
            "inputs": [_port_to_json(port) for port in self.inputs],
            "outputs": [_port_to_json(port) for port in self.outputs],
            "nodes": [_node_to_json(node) for node in self.nodes],
            "metadata": dict(self.metadata),
        }
        text = json.dumps(program, separators=(",", ":"), allow_nan=False)
        texts = {"format": _FORMAT, "version": str(VERSION), "program": text}
        return container.pack(texts, tensors)

    @classmethod
    def from_bytes(cls, data: bytes) -> "Artifact":
        """Read and check a program; raise `ArtifactError` for anything unsound."""
        texts, tensors = container.unpack(data)
        if texts.get("format") != _FORMAT:
            _refuse("it is not a plumline program")
        version = texts.get("version", "")
        if not version.isascii() or not version.isdigit() or len(version) > 9:
            _refuse(f"its format version {version[:20]!r} is not a number")
        if int(version) > VERSION:
            raise ArtifactError(
                f"the file was made by a newer plumline (format {version}, this one reads "
                f"{VERSION}): upgrade"
            )
        if int(version) < VERSION:
            raise ArtifactError(
                f"the file was made by an older plumline (format {version}, this one reads "
                f"{VERSION}): compile the network again"
            )
        try:
            return _from_json(container.parse_json(texts["program"]), tensors)
        except ArtifactError:
            raise
        except (KeyError, TypeError, ValueError, OverflowError) as error:
            raise ArtifactError(
                f"the file is damaged: its program cannot be read ({error})"
            ) from None

    def write(self, path: str | os.PathLike[str]) -> None:
        """Write a ``.plum`` file, whole or not at all."""
        _files.write_bytes(path, self.to_bytes())

    @classmethod
    def read(cls, path: str | os.PathLike[str]) -> "Artifact":
        """Read a ``.plum`` file; raise `ArtifactError` naming it when it cannot be used."""
        try:
            data = Path(path).read_bytes()
        except OSError as error:
            raise InputError(f"cannot read {os.fspath(path)!r}: {error.strerror}") from None
        try:
            return cls.from_bytes(data)
        except ArtifactError as error:
            raise ArtifactError(f"{os.fspath(path)}: {error}") from None


def _port_to_json(port: Port) -> dict[str, Any]:
    return {"name": port.name, "value": port.value, "shape": list(port.shape)}


def _node_to_json(node: Node) -> dict[str, Any]:
    return {
        "op": node.op,
        "name": node.name,
        "inputs": list(node.inputs),
        "outputs": list(node.outputs),
        "attributes": {key: _attribute_to_json(value) for key, value in node.attributes.items()},
        "about": dict(node.about),
    }


def _attribute_to_json(value: Attribute) -> Any:
    # JSON has no infinity, which is a fair value of `pad` and a fair bound of `clip`.
    if isinstance(value, float) and not math.isfinite(value):
        return {"real": str(value)}
    return list(value) if isinstance(value, tuple) else value


def _from_json(program: Any, tensors: dict[str, Array]) -> Artifact:
    _fields(program, {"values", "inputs", "outputs", "nodes", "metadata"})
    roles: dict[str, dict[str, Array]] = {}
    for name, array in tensors.items():
        owner, _, role = name.rpartition(".")
        roles.setdefault(owner, {})[role] = array
    constants = {_number(key): array for key, array in roles.pop("constants", {}).items()}
    nodes = tuple(
        _node(node, roles.pop(f"nodes.{number}", {}))
        for number, node in enumerate(_list(program["nodes"]))
    )
    if roles:
        _refuse(f"tensors of {min(roles)[:60]!r} belong to no node")
    return Artifact(
        values=_integer(program["values"]),
        inputs=tuple(_port(port) for port in _list(program["inputs"])),
        outputs=tuple(_port(port) for port in _list(program["outputs"])),
        constants=constants,
        nodes=nodes,
        metadata={key: _text(value) for key, value in _table(program["metadata"]).items()},
    )


def _port(port: Any) -> Port:
    _fields(port, {"name", "value", "shape"})
    shape = tuple(
        size if isinstance(size, str) and size else _integer(size) for size in _list(port["shape"])
    )
    if any(isinstance(size, int) and size < 0 for size in shape):
        _refuse("a size is negative")
    return Port(_text(port["name"]), _integer(port["value"]), shape)


def _node(node: Any, tensors: dict[str, Array]) -> Node:
    _fields(node, {"op", "name", "inputs", "outputs", "attributes", "about"})
    return Node(
        op=_text(node["op"]),
        name=_text(node["name"]),
        inputs=tuple(_integer(value) for value in _list(node["inputs"])),
        outputs=tuple(_integer(value) for value in _list(node["outputs"])),
        attributes={key: _attribute(value) for key, value in _table(node["attributes"]).items()},
        tensors=tensors,
        about={key: _fact(value) for key, value in _table(node["about"]).items()},
    )


def _attribute(value: Any) -> Attribute:
    if isinstance(value, dict):
        _fields(value, {"real"})
        return float(_text(value["real"]))
    if isinstance(value, list):
        if all(type(item) is float for item in value) and value:
            return tuple(value)
        return tuple(_integer(item) for item in value)
    if isinstance(value, str | float):
        return value
    return _integer(value)


def _fact(value: Any) -> int | float | str:
    return value if isinstance(value, str | float | bool) else _integer(value)


def _fields(value: Any, names: set[str]) -> None:
    if set(_table(value)) != names:
        _refuse(f"an entry has not the fields {', '.join(sorted(names))}")


def _table(value: Any) -> dict[str, Any]:
    return value if isinstance(value, dict) else _refuse("a table is missing")


def _list(value: Any) -> list[Any]:
    return value if isinstance(value, list) else _refuse("a list is missing")


def _text(value: Any) -> str:
    return value if isinstance(value, str) else _refuse("a text is missing")


def _integer(value: Any) -> int:
    if type(value) is not int or not -(1 << 63) <= value < 1 << 63:
        _refuse("a number is missing or beyond 64 bits")
    return value


def _number(text: str) -> int:
    if not text.isascii() or not text.isdigit() or len(text) > 9:
        _refuse(f"a constant has the name {text[:40]!r}")
    return int(text)


def _refuse(reason: str) -> NoReturn:
    raise ArtifactError(f"the file is damaged: {reason}")
