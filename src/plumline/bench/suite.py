"""What a suite is, and the table of them."""

import json
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from fnmatch import fnmatchcase
from functools import cached_property
from pathlib import Path
from typing import Any, TypeAlias

from plumline import _names
from plumline.bench.networks import values
from plumline.bench.records import KEY, Records
from plumline.bench.subject import Subject
from plumline.errors import InputError

ACTIVATIONS = ("fp32", "int8")
SCHEMES = (*values.schemes(), "deep-compression")
"""Those of random weights, and that of an outside network."""


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
        for scheme in self.schemes or ():
            _names.look_up("scheme of a suite", scheme, dict.fromkeys(SCHEMES))
        for path in self.weights:
            if not Path(path).is_file():
                raise InputError(f"there is no file {path!r}")
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

    def key(self, suite: str, settings: "Settings", batch: int, threads: int) -> dict[str, Any]:
        """Return the columns `KEY` of a row about this network."""
        values = (suite, self.name, self.scheme, self.weights, settings.activations)
        return dict(zip(KEY, (*values, batch, threads, settings.cap), strict=True))


Group: TypeAlias = Sequence[Case]
"""Cases that are timed in turns with each other: one shape with weights of several schemes."""

Say: TypeAlias = Callable[[str], None]
Run: TypeAlias = Callable[[Settings, Records, Say], None]
"""Measures what of the suite is not among the records yet, and adds it."""


@dataclass(frozen=True)
class Suite:
    """A set of measurements; ``metric`` is the column whose ratios are what it is about."""

    name: str
    help: str
    metric: str
    columns: tuple[str, ...]
    run: Run


_SUITES: dict[str, Suite] = {}


def suite(name: str, help: str, *, metric: str, columns: tuple[str, ...]) -> Callable[[Run], Run]:
    """Register the decorated function as the suite ``name``; ``columns`` are shown as a table."""

    def add(run: Run) -> Run:
        _SUITES[name] = Suite(name, help, metric, columns, run)
        return run

    return add


def names() -> list[str]:
    """Return the names that `look_up` knows."""
    return sorted(_SUITES)


def look_up(name: str) -> Suite:
    """Return a suite by name."""
    return _names.look_up("suite", name, _SUITES)
