"""Energy as the processor measures it: the counters of Linux's powercap (RAPL)."""

import os
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from plumline.errors import InputError

ROOT = Path("/sys/class/powercap")
READ_EVERY = 30.0
"""Seconds between readings, in which no counter starts again twice: it takes minutes to fill."""


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

    def joules(self, before: int, after: int) -> float:
        """Return the joules between two readings; it may have started again once meanwhile."""
        difference = after - before
        return (difference if difference >= 0 else difference + self.range_uj) / 1e6


@dataclass(frozen=True)
class Measured:
    """Energy of repeated calls, with and without what an idle machine takes meanwhile.

    ``joules`` is that of all packages (``zones``) over ``seconds`` of ``calls`` calls; the power of
    ``idle_watts`` is what they took together before.
    """

    zones: tuple[str, ...]
    calls: int
    samples_per_call: int
    seconds: float
    joules: float
    idle_watts: float

    @property
    def samples(self) -> int:
        """Samples of all calls."""
        return self.calls * self.samples_per_call

    @property
    def joules_per_sample(self) -> float:
        """What the packages took, divided by the samples."""
        return self.joules / self.samples

    @property
    def net_joules_per_sample(self) -> float:
        """The same without the power that they took when idle."""
        return (self.joules - self.idle_watts * self.seconds) / self.samples


def zones(root: Path | None = None) -> list[Zone]:
    """Return the packages' counters; `InputError` where there are none, or none to be read.

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
    for zone in found.values():
        zone.read()  # says who may not, before anything takes time
    return list(found.values())


def measure(
    call: Callable[[], object],
    seconds: float = 5.0,
    *,
    samples: int = 1,
    idle_seconds: float = 1.0,
    root: Path | None = None,
) -> Measured:
    """Measure what the packages take while ``call`` is repeated for some seconds.

    All that runs on the machine is measured. The idle power is taken just before, over
    ``idle_seconds`` of sleep. A call computes ``samples`` samples.

    Raises `InputError` where the machine has no counters, or this user may not read them.
    """
    packages = zones(root)
    call()  # what is done only once, such as planning memory, is not measured
    idle_joules, _, slept = _joules(packages, lambda: time.sleep(idle_seconds), 0)
    joules, calls, spent = _joules(packages, call, seconds)
    names = tuple(zone.name for zone in packages)
    return Measured(names, calls, samples, spent, joules, idle_joules / slept)


def _joules(
    packages: list[Zone], call: Callable[[], object], seconds: float
) -> tuple[float, int, float]:
    """Repeat a call, at least once; return joules, calls and seconds."""
    joules, calls = 0.0, 0
    before = [zone.read() for zone in packages]
    start = last = now = time.perf_counter()
    while calls == 0 or now - start < seconds:
        call()
        calls += 1
        now = time.perf_counter()
        if now - start >= seconds or now - last >= READ_EVERY:
            after = [zone.read() for zone in packages]
            joules += sum(map(Zone.joules, packages, before, after))
            before, last = after, now
    return joules, calls, now - start


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
