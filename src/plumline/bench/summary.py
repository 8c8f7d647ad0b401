"""What a suite comes to: how many times faster, or smaller, plumline is over each part of it.

A ratio is another's figure over plumline's, from one round of turns: above 1 plumline is better. A
part's figure is the geometric mean of its ratios, with the least of them beside it.
"""

from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass
from statistics import geometric_mean
from typing import Any

from plumline.bench import contenders
from plumline.bench.comparison import OURS
from plumline.bench.records import Record

BEST = "best other"
BEST_HELD = "best that heeds the cap"
ONE_THREAD = "plumline with 1 thread"
SPARSEST = "signed-binary"
PART = ("suite", "part", "scheme", "activations", "batch", "threads", "cap")
NETWORK = ("case", "weights")


@dataclass(frozen=True)
class Line:
    """plumline on one part of a suite, over one other.

    ``over`` is a runtime (of all its forms the best), the best of all runtimes, or plumline itself:
    with weights of another scheme, or with one thread. ``unrest`` and ``other_work`` are the
    largest of the rows that the ratios were made from, where they were measured.
    """

    suite: str
    part: str
    scheme: str
    activations: str
    batch: str
    threads: str
    cap: str
    over: str
    cap_heeded: str
    cases: int
    geomean: float
    minimum: float
    minimum_case: str
    unrest: float | None
    other_work: float | None

    def to_dict(self) -> dict[str, Any]:
        """Return the columns by name."""
        return asdict(self)


@dataclass(frozen=True)
class _Ratio:
    value: float
    ours: Record
    other: Record


def summarize(rows: Sequence[Record], metric: str) -> list[Line]:
    """Return the lines of all parts, in the order of the rows; ``metric`` is what is compared."""
    parts: dict[tuple[str, ...], dict[str, list[_Ratio]]] = {}
    for ours, over, other in _pairs(rows, metric):
        ratio = _Ratio(float(other[metric]) / float(ours[metric]), ours, other)
        parts.setdefault(_values(ours, PART), defaultdict(list))[over].append(ratio)
    return [
        _line(key, over, found) for key, table in parts.items() for over, found in table.items()
    ]


def _pairs(rows: Sequence[Record], metric: str) -> Iterator[tuple[Record, str, Record]]:
    """Yield plumline's row, the name of what it is compared with, and the row of that."""
    networks: dict[tuple[str, ...], list[Record]] = defaultdict(list)
    for row in rows:
        networks[_values(row, (*PART, *NETWORK))].append(row)
    ours = [row for row in rows if row["contender"] == OURS]
    for row in ours:
        others = [other for other in networks[_values(row, (*PART, *NETWORK))] if other is not row]
        best: dict[str, Record] = {}
        for other in others:
            for over in _names(other, others):
                best[over] = min(best.get(over, other), other, key=lambda r: float(r[metric]))
        yield from ((row, over, other) for over, other in best.items())
        yield from ((row, own, other) for other in ours if (own := _own(row, other)))


def _names(row: Record, others: Sequence[Record]) -> Iterator[str]:
    """Yield what a runtime counts as: one of all, one of those that heed the cap, itself."""
    yield BEST
    if row["cap_heeded"] == "yes" and any(other["cap_heeded"] == "no" for other in others):
        yield BEST_HELD
    yield contenders.look_up(row["contender"]).package


def _own(row: Record, other: Record) -> str | None:
    """Name what another row of plumline is to this one; None where they do not compare."""
    differing = {name for name in (*PART, "case") if row[name] != other[name]}
    if differing == {"scheme"} and row["scheme"] == SPARSEST and row["date"] == other["date"]:
        return f"plumline with {other['scheme']}"
    alone = other["threads"] == "1" and row["weights"] == other["weights"]
    return ONE_THREAD if differing == {"threads"} and alone else None


def _line(key: tuple[str, ...], over: str, found: list[_Ratio]) -> Line:
    least = min(found, key=lambda ratio: ratio.value)
    heeded = {ratio.other["cap_heeded"] for ratio in found}
    both = [row for ratio in found for row in (ratio.ours, ratio.other)]
    suite, part, scheme, activations, batch, threads, cap = key
    return Line(
        suite,
        part,
        scheme,
        activations,
        batch,
        threads,
        cap,
        over,
        cap_heeded=heeded.pop() if len(heeded) == 1 else "",
        cases=len(found),
        geomean=geometric_mean(ratio.value for ratio in found),
        minimum=least.value,
        minimum_case=least.ours["case"],
        unrest=_largest(both, "unrest"),
        other_work=_largest(both, "other_work"),
    )


def _values(row: Record, names: Sequence[str]) -> tuple[str, ...]:
    return tuple(row[name] for name in names)


def _largest(rows: Sequence[Record], name: str) -> float | None:
    numbers = [float(row[name]) for row in rows if row.get(name)]
    return max(numbers, default=None)
