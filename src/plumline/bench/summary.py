"""What a suite comes to: how many times faster plumline is, over each part of it.

A ratio is another median over plumline's, both of one round of turns: above 1 plumline is faster.
A part's figure is the geometric mean of its ratios, with the least of them beside it.
"""

import math
from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass
from statistics import geometric_mean
from typing import Any

from plumline.bench import contenders
from plumline.bench.comparison import OURS
from plumline.bench.records import Record

BEST = "best other"
SPARSEST = "signed-binary"
PART = ("suite", "part", "scheme", "activations", "batch", "threads", "cap")
NETWORK = ("case", "weights")


@dataclass(frozen=True)
class Line:
    """plumline on one part of a suite, over one other.

    ``over`` is a runtime (all its forms: the best of them), the best of all, or plumline itself
    with the weights of another scheme. ``cap_heeded`` says of a runtime whether it heeds the cap.
    ``unrest`` and ``other_work`` are the largest of the rows that the ratios were made from.
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
    unrest: float
    other_work: float

    def to_dict(self) -> dict[str, Any]:
        """Return the columns by name."""
        return asdict(self)


def summarize(rows: Sequence[Record]) -> list[Line]:
    """Return the lines of all parts, in the order of the rows."""
    parts: dict[tuple[str, ...], dict[str, list[tuple[float, Record, Record]]]] = {}
    for key, over, ratio, ours, other in _ratios(rows):
        parts.setdefault(key, defaultdict(list))[over].append((ratio, ours, other))
    return [
        _line(key, over, found) for key, table in parts.items() for over, found in table.items()
    ]


def _ratios(rows: Sequence[Record]) -> Iterator[tuple[tuple[str, ...], str, float, Record, Record]]:
    """Yield part, what plumline is compared with, ratio, and the rows of plumline and the other."""
    networks: dict[tuple[str, ...], list[Record]] = defaultdict(list)
    for row in rows:
        networks[tuple(row[name] for name in (*PART, *NETWORK))].append(row)
    ours = {key: row for key, group in networks.items() for row in group if _is_ours(row)}
    for key, row in ours.items():
        best: dict[str, Record] = {}
        for other in networks[key]:
            if not _is_ours(other):
                for over in (BEST, contenders.look_up(other["contender"]).package):
                    best[over] = min(best.get(over, other), other, key=_median)
        for over, other in best.items():
            yield key[: len(PART)], over, _median(other) / _median(row), row, other
    # plumline beside itself: the same shape with weights of another scheme, in the same turns.
    for row in ours.values():
        if row["scheme"] == SPARSEST:
            for other in ours.values():
                if other["scheme"] != SPARSEST and _same_shape(row, other):
                    over = f"plumline, {other['scheme']}"
                    part = tuple(row[name] for name in PART)
                    yield part, over, _median(other) / _median(row), row, other


def _same_shape(row: Record, other: Record) -> bool:
    names = [name for name in (*PART, "case", "date") if name != "scheme"]
    return all(row[name] == other[name] for name in names)


def _line(key: tuple[str, ...], over: str, found: list[tuple[float, Record, Record]]) -> Line:
    ratios = [ratio for ratio, _, _ in found]
    least = min(found, key=lambda entry: entry[0])
    heeded = {other["cap_heeded"] for _, _, other in found}
    return Line(
        **dict(zip(PART, key, strict=True)),
        over=over,
        cap_heeded=heeded.pop() if len(heeded) == 1 else "",
        cases=len(found),
        geomean=geometric_mean(ratios),
        minimum=least[0],
        minimum_case=least[1]["case"],
        unrest=max(float(row["unrest"]) for _, ours, other in found for row in (ours, other)),
        other_work=max(_number(ours["other_work"]) for _, ours, _ in found),
    )


def _is_ours(row: Record) -> bool:
    return row["contender"] == OURS


def _median(row: Record) -> float:
    return float(row["median_ms"])


def _number(text: str) -> float:
    return float(text) if text not in ("", "None") else math.nan
