"""Where and with what a measurement was made."""

import os
import platform
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
    load: float | None
    """Average number of running processes over the last minute, before the measurement."""

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
            load=round(os.getloadavg()[0], 2) if hasattr(os, "getloadavg") else None,
        )

    def __str__(self) -> str:
        return (
            f"{self.cpu}, {self.cores} cores, plumline uses {self.isa}; {self.system}, "
            f"Python {self.python}; {self.date}"
        )


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
