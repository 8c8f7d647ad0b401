"""Energy as the processor measures it: the counters of Linux's powercap (RAPL)."""

import os
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from plumline.errors import InputError

ROOT = Path("/sys/class/powercap")


@dataclass(frozen=True)
class Zone:
    """One counter: a package (a socket with its caches and cores), in microjoules.

    ``range_uj`` is where it starts again at 0.
    """

    name: str
    path: Path
    range_uj: int

    def read(self) -> int:
        """Return the counter now; `InputError` where the system does not let this user."""
        return _number(self.path / "energy_uj")

    def since(self, before: int) -> float:
        """Return the joules since a reading, in which the counter may have started again once."""
        difference = self.read() - before
        return (difference if difference >= 0 else difference + self.range_uj) / 1e6


@dataclass(frozen=True)
class Measured:
    """Energy of repeated calls: per call, with and without what an idle machine takes meanwhile."""

    zones: tuple[str, ...]
    calls: int
    seconds: float
    joules: float
    idle_watts: float

    @property
    def joules_per_call(self) -> float:
        """What the packages took, divided by the calls."""
        return self.joules / self.calls

    @property
    def net_joules_per_call(self) -> float:
        """The same without the power that they took when idle."""
        return (self.joules - self.idle_watts * self.seconds) / self.calls


def zones(root: Path | None = None) -> list[Zone]:
    """Return the packages' counters; `InputError` where the machine offers none.

    Zones within a package, and ``psys``, which holds the packages, would be counted twice.
    """
    root = root or ROOT
    found: dict[str, Zone] = {}
    for path in sorted(root.glob("*:*"), key=lambda path: (len(path.name), path.name)):
        if path.name.count(":") != 1 or not (path / "energy_uj").exists():
            continue
        name = (path / "name").read_text(encoding="ascii").strip()
        # One package may be listed twice, by its registers and by its memory-mapped ones.
        if name.startswith("package"):
            found.setdefault(name, Zone(name, path, _number(path / "max_energy_range_uj")))
    if not found:
        raise InputError(
            f"this machine offers no energy counters: {root} has no package of RAPL (virtual "
            "machines and many systems without an Intel or AMD processor have none); leave out "
            "--measure"
        )
    return list(found.values())


def measure(
    call: Callable[[], object],
    seconds: float = 5.0,
    *,
    idle_seconds: float = 1.0,
    root: Path | None = None,
) -> Measured:
    """Measure what the packages take while ``call`` is repeated for some seconds.

    All that runs on the machine is measured. The idle power is taken just before, over
    ``idle_seconds`` of sleep. A counter may start again once meanwhile: it takes minutes to fill.
    """
    packages = zones(root)
    call()  # what is done only once, such as planning memory, is not measured
    idle_joules, _, slept = _joules(packages, lambda: time.sleep(idle_seconds), 0)
    joules, calls, spent = _joules(packages, call, seconds)
    names = tuple(zone.name for zone in packages)
    return Measured(names, calls, spent, joules, idle_joules / slept)


def _joules(
    packages: list[Zone], call: Callable[[], object], seconds: float
) -> tuple[float, int, float]:
    """Repeat a call, at least once; return joules, calls and seconds."""
    before = [zone.read() for zone in packages]
    start, calls = time.perf_counter(), 0
    while calls == 0 or time.perf_counter() - start < seconds:
        call()
        calls += 1
    spent = time.perf_counter() - start
    return sum(map(Zone.since, packages, before)), calls, spent


def _number(path: Path) -> int:
    try:
        return int(path.read_text(encoding="ascii"))
    except PermissionError:
        raise InputError(
            f"{os.fspath(path)} may be read by the administrator only: "
            f"sudo chmod a+r {os.fspath(path)}"
        ) from None
    except ValueError:
        raise InputError(f"{os.fspath(path)} holds no number") from None
