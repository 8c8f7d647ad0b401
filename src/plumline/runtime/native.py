"""The native module, and the choices of a load: instruction set and threads."""

import os
from types import ModuleType

from plumline._names import unknown
from plumline.errors import InputError

ISAS = ("reference", "portable", "avx2", "avx512", "avx512_vnni", "amx")
"""Each includes those before it: plain loops, fast portable C++, x86-64 instruction sets, the last
with tile registers."""

MOST_THREADS = 256
"""That the engine has."""


def module() -> ModuleType:
    """Import the native module."""
    try:
        from plumline.runtime import _native
    except ImportError as error:
        raise InputError(
            f"the native module of plumline cannot be loaded ({error}): reinstall with `pip "
            f"install .`"
        ) from None
    native: ModuleType = _native
    return native


def choose_isa(cap: str | None = None) -> str:
    """Return the best instruction set of this machine up to ``cap`` (default ``$PLUMLINE_ISA``)."""
    cap = cap or os.environ.get("PLUMLINE_ISA") or ISAS[-1]
    if cap not in ISAS:
        raise unknown("instruction set (PLUMLINE_ISA)", cap, ISAS)
    allowed = ISAS[: ISAS.index(cap) + 1]
    available: list[str] = module().available_isas()
    return [isa for isa in available if isa in allowed][-1]


def choose_threads(wanted: int) -> int:
    """Return ``wanted``, but never more than the cores this process may run on, or 256."""
    if isinstance(wanted, bool) or not isinstance(wanted, int) or wanted < 1:
        raise InputError(f"threads={wanted!r} is not a number of threads: use 1 or more")
    return min(wanted, cores(), MOST_THREADS)


def cores() -> int:
    """Count the cores that this process may run on."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1
