"""Where and with what a measurement was made."""

import os
import platform
import time
from dataclasses import dataclass
from datetime import datetime, timezone
from pathlib import Path

from plumline.runtime import native


@dataclass(frozen=True)
class Machine:
    """What a reader needs to judge a time."""

    cpu: str
    cores: int
    isa: str
    system: str
    python: str
    date: str

    @classmethod
    def here(cls) -> "Machine":
        """Describe this machine, now."""
        return cls(
            cpu=cpu_model(),
            cores=native.cores(),
            isa=native.choose_isa(),
            system=f"{platform.system()} {platform.machine()}",
            python=platform.python_version(),
            date=datetime.now(timezone.utc).strftime("%Y-%m-%dT%H:%M:%SZ"),
        )

    def __str__(self) -> str:
        return (
            f"{self.cpu}, {self.cores} cores, plumline uses {self.isa}; {self.system}, "
            f"Python {self.python}; {self.date}"
        )


class OtherWork:
    """How many cores everything else on this machine kept busy while the block ran.

    ``cores`` is None where the system does not tell (it is read from Linux's ``/proc/stat``).
    """

    cores: float | None = None

    def __enter__(self) -> "OtherWork":
        self._start = time.perf_counter(), time.process_time(), _busy_seconds()
        return self

    def __exit__(self, *_: object) -> None:
        wall, own, before = self._start
        after = _busy_seconds()
        if before is not None and after is not None:
            elsewhere = after - before - (time.process_time() - own)
            self.cores = max(0.0, elsewhere / (time.perf_counter() - wall))


def _busy_seconds() -> float | None:
    """Processor time that the whole machine has spent on work, or that its host has taken away."""
    try:
        fields = Path("/proc/stat").read_text(encoding="ascii").splitlines()[0].split()[1:]
    except (OSError, IndexError):
        return None
    user, nice, system, _idle, _wait, irq, soft_irq, stolen = map(int, fields[:8])
    return float(user + nice + system + irq + soft_irq + stolen) / os.sysconf("SC_CLK_TCK")


def cpu_model() -> str:
    """Return the processor's name as the system knows it."""
    try:
        lines = Path("/proc/cpuinfo").read_text(encoding="utf-8", errors="replace").splitlines()
    except OSError:
        lines = []
    for line in lines:
        key, _, value = line.partition(":")
        if key.strip() in ("model name", "Model", "Hardware"):
            return value.strip()
    return platform.processor() or platform.machine()
