"""What a contender is, and the table of them."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from importlib import import_module
from importlib.util import find_spec
from typing import Any, TypeAlias

from numpy.typing import NDArray

from plumline import _names
from plumline.bench.subject import Feed, Subject

Shapes: TypeAlias = Mapping[str, tuple[int, ...]]
Call: TypeAlias = Callable[[], list[NDArray[Any]]]
Bind: TypeAlias = Callable[[Feed], Call]
"""Binds inputs once, so that a timed call holds only what every call of the runtime must do."""

Opener: TypeAlias = Callable[[Subject, int, Shapes | None], Bind]


@dataclass(frozen=True)
class Contender:
    """A runtime: ``open(subject, threads, shapes)`` gets the network ready to run.

    ``shapes`` are the input shapes of every run, which a runtime may use to prepare; None leaves
    open what the network leaves open. ``open`` raises `InputError` when the subject has no form
    that the runtime takes.
    """

    name: str
    package: str
    open: Opener

    @property
    def version(self) -> str:
        """Version of the package."""
        return str(import_module(self.package).__version__)


_CONTENDERS: dict[str, Contender] = {}


def contender(name: str, package: str) -> Callable[[Opener], Opener]:
    """Register the decorated opener as the contender ``name``; ``package`` is what it imports."""

    def add(opener: Opener) -> Opener:
        _CONTENDERS[name] = Contender(name, package, opener)
        return opener

    return add


def names() -> list[str]:
    """Return the names that `look_up` knows."""
    return sorted(_CONTENDERS)


def installed() -> list[str]:
    """Return the names of the contenders whose package is installed."""
    return [name for name in names() if find_spec(_CONTENDERS[name].package) is not None]


def look_up(name: str) -> Contender:
    """Return a contender by name."""
    return _names.look_up("contender", name, _CONTENDERS)
