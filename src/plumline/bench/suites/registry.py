"""What a suite is, and the table of them."""

import json
from collections.abc import Callable, Iterator, Sequence
from dataclasses import asdict, dataclass
from fnmatch import fnmatchcase
from functools import cached_property
from typing import Any, TypeAlias

from plumline import _names
from plumline.bench.subject import Subject
from plumline.errors import InputError

ACTIVATIONS = ("fp32", "int8")


@dataclass(frozen=True)
class Settings:
    """How much of a suite is measured, and for how long.

    ``schemes``, ``batches`` and ``threads`` are None where the suite has its own. ``only`` is a
    shell pattern that some part of a case's name and scheme must match. ``weights`` are ONNX files
    of trained networks, ``data`` is the folder of the data sets. ``seconds`` and ``turns`` are
    those of one contender on one network; ``cap`` is the one that the process was started with.
    """

    schemes: tuple[str, ...] | None = None
    batches: tuple[int, ...] | None = None
    threads: tuple[int, ...] | None = None
    only: str = ""
    activations: str = "fp32"
    weights: tuple[str, ...] = ()
    data: str | None = None
    seconds: float = 1.0
    turns: int = 20
    cap: str = ""

    def __post_init__(self) -> None:
        _names.look_up("kind of activations", self.activations, dict.fromkeys(ACTIVATIONS))
        if not self.seconds > 0 or self.turns < 1:
            raise InputError("seconds and repeats must be above 0")

    def to_json(self) -> str:
        """Write everything as one line."""
        return json.dumps(asdict(self))

    @classmethod
    def from_json(cls, text: str) -> "Settings":
        """Read what `to_json` wrote."""
        table = json.loads(text)
        values: dict[str, Any] = {
            k: tuple(v) if isinstance(v, list) else v for k, v in table.items()
        }
        return cls(**values)

    def takes(self, case: "Case") -> bool:
        """Say whether ``only`` leaves a case in."""
        return fnmatchcase(f"{case.name} {case.scheme}", f"*{self.only}*")

    def wants(self, scheme: str) -> bool:
        """Say whether a scheme is to be measured."""
        return self.schemes is None or scheme in self.schemes


@dataclass(frozen=True)
class Case:
    """One network of a suite.

    ``part`` is the set of cases that a geometric mean is taken over. ``weights`` says where the
    weights are from. A time is divided by ``layers`` to be that of one layer.
    """

    name: str
    part: str
    scheme: str
    weights: str
    make: Callable[[], Subject]
    layers: int = 1

    @cached_property
    def subject(self) -> Subject:
        """The network, made when it is first needed."""
        return self.make()


Group: TypeAlias = Sequence[Case]
"""Cases that are timed in turns with each other: one shape with weights of several schemes."""

Groups: TypeAlias = Callable[[Settings], Iterator[Group]]


@dataclass(frozen=True)
class Suite:
    """Groups of networks, with the batch sizes and numbers of threads that are usual for them."""

    name: str
    help: str
    batches: tuple[int, ...]
    threads: tuple[int, ...]
    groups: Groups


_SUITES: dict[str, Suite] = {}


def suite(
    name: str, help: str, *, batches: tuple[int, ...], threads: tuple[int, ...]
) -> Callable[[Groups], Groups]:
    """Register the decorated generator of groups as the suite ``name``."""

    def add(groups: Groups) -> Groups:
        _SUITES[name] = Suite(name, help, batches, threads, groups)
        return groups

    return add


def names() -> list[str]:
    """Return the names that `look_up` knows."""
    return sorted(_SUITES)


def look_up(name: str) -> Suite:
    """Return a suite by name."""
    return _names.look_up("suite", name, _SUITES)
