"""Groups of networks timed in turns, for every batch size and number of threads."""

from collections.abc import Iterable
from typing import Any

from plumline.bench import contenders
from plumline.bench.comparison import OURS, Comparison, Race, measure
from plumline.bench.difference import TOLERANCE
from plumline.bench.records import Records
from plumline.bench.suite import Case, Group, Say, Settings
from plumline.errors import InputError

METRIC = "median_ms"
COLUMNS = ("layer_ms", "median_ms", "ratio", "unrest")

INT8_TOLERANCE = 0.05
"""A value on the border of two integers may be rounded to either, and each layer passes it on;
oneDNN without VNNI also halves int8 weights, which rounds odd ones."""
TOLERANCES = {"fp32": TOLERANCE, "int8": INT8_TOLERANCE}


def time_groups(
    name: str,
    groups: Iterable[Group],
    settings: Settings,
    records: Records,
    say: Say,
    *,
    batches: tuple[int, ...] = (1,),
    threads: tuple[int, ...] = (1,),
) -> None:
    """Time what is not among the records yet; ``batches`` and ``threads`` where none are set."""
    heeded = contenders.heeded(settings.cap)
    for group in groups:
        cases = [case for case in group if settings.takes(case)]
        for batch in settings.batches or batches:
            for count in settings.threads or threads:
                keys = [case.key(name, settings, batch, count) for case in cases]
                if not all(records.has(key) for key in keys):
                    races = [_race(case, settings, batch, count, say) for case in cases]
                    _time(keys, cases, races, settings, heeded, records, say)


def _time(
    keys: list[dict[str, Any]],
    cases: Group,
    races: list[Race | None],
    settings: Settings,
    heeded: dict[str, str],
    records: Records,
    say: Say,
) -> None:
    ready = [race for race in races if race]
    if not ready:
        return
    comparisons = measure(ready, seconds=settings.seconds, turns=settings.turns)
    timed = iter(comparisons)
    rows = [
        row
        for key, case, race in zip(keys, cases, races, strict=True)
        if race
        for row in _rows(key, case, next(timed), heeded)
    ]
    records.add(rows)
    for row in rows:
        say(_line(row))
    for warning in dict.fromkeys(text for found in comparisons for text in found.warnings):
        say(f"warning: {warning}")


def _race(case: Case, settings: Settings, batch: int, threads: int, say: Say) -> Race | None:
    """Get every contender ready that can run a network; None where none can, or it is not there."""
    where = f"{case.name} {case.scheme}"
    try:
        subject = case.subject
    except InputError as error:
        say(f"left out: {where}: {error}")
        return None
    race = Race(subject, subject.shapes(batch), threads, TOLERANCES[settings.activations])
    for name in sorted(contenders.able(subject), key=lambda name: name != OURS):
        _enter(race, name, where, say)
    return race if race.calls else None


def _enter(race: Race, name: str, where: str, say: Say) -> None:
    try:
        race.enter(name)
    except InputError as error:
        say(f"left out: {name} on {where}: {error}")


def _rows(
    key: dict[str, Any], case: Case, comparison: Comparison, heeded: dict[str, str]
) -> list[dict[str, Any]]:
    """Put what the suite knows before what was measured."""
    rows = []
    for record in comparison.records():
        name = record["contender"]
        middle = {
            "part": case.part,
            "layers": case.layers,
            "contender": name,
            "cap_heeded": heeded[name],
            "layer_ms": record["median_ms"] / case.layers,
        }
        del record["network"]
        rows.append({**key, **middle, **record})
    return rows


def _line(row: dict[str, Any]) -> str:
    where = f"{row['case']} {row['scheme']} batch {row['batch']} threads {row['threads']}"
    held = f" ({row['cap']}: {row['cap_heeded']})" if row["cap"] else ""
    return f"{where:48} {row['contender'] + held:34} {row['median_ms']:9.3f} ms {row['ratio']:6.2f}"
