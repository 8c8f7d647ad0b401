"""What this machine can do at most, measured: multiply-adds, and bytes read from each memory."""

import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from plumline.runtime import native

Floats = NDArray[np.float32]
Work = Callable[[int, int], float]
"""Takes the number of the thread and of rounds, and returns how much was done."""

TURNS, TURN_SECONDS = 40, 0.002
MOST_BYTES = 1 << 29
_CACHES = Path("/sys/devices/system/cpu/cpu0/cache")


@dataclass(frozen=True)
class Memory:
    """A memory, the bytes that were read from it again and again, and bytes a second."""

    name: str
    bytes: int
    bandwidth: float


@dataclass(frozen=True)
class Roofs:
    """Single-precision operations a second (a multiply-add is two), and bandwidths."""

    threads: int
    isa: str
    operations: float
    memories: tuple[Memory, ...]


def measure(threads: int, isa: str) -> Roofs:
    """Run the probes on ``threads`` threads at a time; the best of many short turns counts."""
    probe = native.module()
    with ThreadPoolExecutor(threads) as pool:

        def rate(work: Work) -> float:
            """Let each thread do rounds of work, as many as a turn lasts; return work a second."""
            rounds = 1
            # The fastest of a few turns: one that other work disturbs is long with few rounds too.
            while min(_turn(pool, threads, work, rounds)[0] for _ in range(3)) < TURN_SECONDS:
                rounds *= 2
            turns = [_turn(pool, threads, work, rounds) for _ in range(TURNS)]
            return max(done / seconds for seconds, done in turns)

        def multiply_add(_thread: int, rounds: int) -> float:
            return 2.0 * float(probe.probe_multiply_adds(isa, 256 * rounds))

        operations = rate(multiply_add)
        memories = []
        for name, size, shared in _sizes():
            numbers = max(size // (threads if shared else 1) // 4, 1)
            arrays = [_ones(numbers) for _ in range(threads)]

            def read(thread: int, rounds: int, arrays: list[Floats] = arrays) -> float:
                probe.probe_read(isa, arrays[thread], rounds)
                return float(arrays[thread].nbytes * rounds)

            memories.append(Memory(name, size, rate(read)))
    return Roofs(threads, isa, operations, tuple(memories))


def _ones(numbers: int) -> Floats:
    """Make an array that begins with a cache line: loads that cross lines cost twice."""
    line = 64
    room = np.ones(numbers + line // 4, np.float32)
    start = -room.ctypes.data % line // 4
    return room[start : start + numbers]


def _turn(pool: ThreadPoolExecutor, threads: int, work: Work, rounds: int) -> tuple[float, float]:
    """Return the seconds from the first thread's start to the last one's end, and the work done."""

    def timed(thread: int) -> tuple[float, float, float]:
        start = time.perf_counter()
        done = work(thread, rounds)
        return start, time.perf_counter(), done

    starts, ends, done = zip(*pool.map(timed, range(threads)), strict=True)
    return max(ends) - min(starts), sum(done)


def _sizes() -> list[tuple[str, int, bool]]:
    """Name, bytes to read, whether threads share it: half of each cache, four times the last."""
    caches = sorted(_caches().items())
    found = [(f"L{level} cache", size // 2, level > 2) for level, size in caches]
    memory = 4 * caches[-1][1]
    if memory <= MOST_BYTES:
        found.append(("memory", memory, True))
    return found


def _caches() -> dict[int, int]:
    """Bytes of the data cache of each level; common ones where the system does not tell."""
    try:
        found = [_cache(folder) for folder in sorted(_CACHES.glob("index*"))]
    except (OSError, ValueError):
        found = []
    sizes = {level: size for kind, level, size in found if kind != "Instruction"}
    return sizes or {1: 32 << 10, 2: 512 << 10, 3: 16 << 20}


def _cache(folder: Path) -> tuple[str, int, int]:
    kind, level, size = ((folder / name).read_text().strip() for name in ("type", "level", "size"))
    return kind, int(level), _bytes(size)


def _bytes(text: str) -> int:
    units = {"K": 1 << 10, "M": 1 << 20, "G": 1 << 30}
    return int(text.rstrip("KMG")) * units.get(text[-1:], 1)
