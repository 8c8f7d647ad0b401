"""What a contender is, and the table of them."""

import inspect
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from functools import partial
from importlib import import_module
from importlib.util import find_spec
from typing import Any, TypeAlias

from numpy.typing import NDArray

from plumline import _names
from plumline._specs import read_options, with_options
from plumline.bench.subject import Feed, Subject
from plumline.errors import InputError

Shapes: TypeAlias = Mapping[str, tuple[int, ...]]
Call: TypeAlias = Callable[[], list[NDArray[Any]]]
Bind: TypeAlias = Callable[[Feed], Call]
"""Binds inputs once, so that a timed call holds only what every call of the runtime must do."""

Opener: TypeAlias = Callable[..., Bind]
"""Takes a `Subject`, the number of threads, the `Shapes` or None, and options by keyword."""

Heeds: TypeAlias = Callable[[str], bool]


def heeds_nothing(isa: str) -> bool:
    """Say that no setting holds this runtime to an instruction set."""
    return False


FORMS = {
    "onnx": "a .onnx file",
    "artifact": "a .plum file",
    "module": "its PyTorch module: a run folder, or an exported program (.pt2) beside the file",
}
"""The attributes of a `Subject` that hold the network, in words."""


@dataclass(frozen=True)
class Contender:
    """A runtime, the package it imports, and the forms of a network that it takes.

    ``heeds`` finds out whether the kernels that it picks in this process stay within an instruction
    set (``avx2``, ``avx512``) to which the environment holds it. ``on_request`` is whether it takes
    part only where it is named.
    """

    name: str
    package: str
    forms: tuple[str, ...]
    opener: Opener
    heeds: Heeds = heeds_nothing
    on_request: bool = False

    @property
    def options(self) -> dict[str, int | bool]:
        """Options with their values where none are given: the opener's keyword-only parameters."""
        parameters = inspect.signature(self.opener).parameters.values()
        return {p.name: p.default for p in parameters if p.kind is p.KEYWORD_ONLY}

    @property
    def version(self) -> str:
        """Version of the package, without the marks of its build."""
        return str(import_module(self.package).__version__).partition("-")[0]

    @property
    def installed(self) -> bool:
        """Whether the package is there."""
        return find_spec(self.package) is not None

    def takes(self, subject: Subject) -> bool:
        """Say whether the subject has a form that this runtime takes."""
        return any(getattr(subject, form) is not None for form in self.forms)

    def open(self, subject: Subject, threads: int, shapes: Shapes | None = None) -> Bind:
        """Get a network ready to run.

        ``shapes`` are the input shapes of every run, which a runtime may use to prepare; None
        leaves open what the network leaves open. Raises `InputError` when the runtime cannot take
        the network or is not installed.
        """
        if not self.takes(subject):
            wanted = " or ".join(FORMS[form] for form in self.forms)
            raise InputError(f"{self.name} cannot run {subject.name}: it needs {wanted}")
        try:
            return self.opener(subject, threads, shapes)
        except InputError:
            raise
        except Exception as error:  # each runtime has its own types of errors
            if self.package == "plumline":
                raise
            raise InputError(f"{self.name} cannot run {subject.name}: {error}") from error


_CONTENDERS: dict[str, Contender] = {}


def contender(
    name: str,
    package: str,
    forms: tuple[str, ...],
    heeds: Heeds = heeds_nothing,
    *,
    on_request: bool = False,
) -> Callable[[Opener], Opener]:
    """Register the decorated opener as the contender ``name``."""

    def add(opener: Opener) -> Opener:
        _CONTENDERS[name] = Contender(name, package, forms, opener, heeds, on_request)
        return opener

    return add


def names() -> list[str]:
    """Return the names that `look_up` knows."""
    return sorted(_CONTENDERS)


def look_up(spec: str) -> Contender:
    """Return a contender by name and options, as in ``summerge:sparsity=off``.

    Its own name then says all its options. Raises `InputError` for a name or an option that there
    is not, and for a number in the place of on or off; openers check how large numbers are.
    """
    found = _names.look_up("contender", spec.partition(":")[0], _CONTENDERS)
    usual = found.options
    given = read_options("contender", spec, usual)
    for key, value in given.items():
        if type(value) is not type(usual[key]):
            wanted = "on or off" if isinstance(usual[key], bool) else "a whole number"
            raise InputError(f"{spec!r}: {key} must be {wanted}")
    options = {**usual, **given}
    name = with_options(found.name, options)
    return replace(found, name=name, opener=partial(found.opener, **options))


def heeded(cap: str) -> dict[str, str]:
    """Say of each installed contender whether it heeds the cap: yes, no, or nothing without one."""
    installed = [c for _, c in sorted(_CONTENDERS.items()) if c.installed]
    return {c.name: ("yes" if c.heeds(cap) else "no") if cap else "" for c in installed}


def able(subject: Subject) -> list[str]:
    """Return the installed contenders that can run a network, but for those on request."""
    standing = [(name, c) for name, c in sorted(_CONTENDERS.items()) if not c.on_request]
    return [name for name, c in standing if c.installed and c.takes(subject)]
