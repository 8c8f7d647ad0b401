"""Event energies: CSV files with a source for every figure, by event and number format."""

import csv
import math
import os
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from plumline._names import look_up, unknown
from plumline.energy.events import EVENTS
from plumline.errors import InputError

SHIPPED = Path(__file__).parent / "data"
DEFAULT = "stonne"
BITS = {"fp16": 16, "int16": 16, "fp8": 8, "int8": 8, "fp32": 32, "int32": 32}
"""The number formats, and the bits of a number in each."""

COLUMNS = ("event", "format", "bits", "capacity_kib", "energy", "unit", "basis", "source")
BASES = ("published", "derived")


@dataclass(frozen=True)
class Price:
    """What one event costs, whether that figure is a published one, and where it is from."""

    energy: float
    published: bool
    source: str


@dataclass(frozen=True)
class Figure:
    """One line of a table. ``number_format`` empty: for words of ``bits`` bits of any kind.

    ``capacity_kib`` is that of the memory, for buffers; 0 where it makes no difference.
    """

    event: str
    number_format: str
    bits: int
    capacity_kib: float
    energy: float
    published: bool
    source: str


@dataclass(frozen=True)
class EnergyTable:
    """Event energies of one technology, in ``unit``."""

    name: str
    unit: str
    figures: tuple[Figure, ...]

    @classmethod
    def load(cls, source: str | os.PathLike[str]) -> "EnergyTable":
        """Load a shipped table by its name (see `names`), or a ``.csv`` file with its columns."""
        path = Path(source)
        if path.suffix != ".csv":
            path = SHIPPED / f"{os.fspath(source)}.csv"
            if not path.is_file():
                raise unknown("energy table", os.fspath(source), names())
        elif not path.is_file():
            raise InputError(f"there is no energy table {os.fspath(source)!r}")
        try:
            text = path.read_text(encoding="utf-8")
        except UnicodeDecodeError as error:
            raise InputError(f"{path} is no energy table: it is not in UTF-8") from error
        return cls.parse(text, path.stem, os.fspath(source))

    @classmethod
    def parse(cls, text: str, name: str, where: str) -> "EnergyTable":
        """Read the text of a table; ``where`` is named in errors."""
        rows = list(csv.DictReader(text.splitlines()))
        if not rows or set(COLUMNS) - set(rows[0]):
            raise InputError(f"{where} is no energy table: its columns are {', '.join(COLUMNS)}")
        units = {row["unit"] for row in rows}
        if len(units) != 1:
            raise InputError(f"{where} has energies in {' and '.join(sorted(map(str, units)))}")
        figures = tuple(_figure(row, f"{where}, line {line}") for line, row in enumerate(rows, 2))
        return cls(name, units.pop(), figures)

    def price(self, event: str, number_format: str, buffer_kib: float) -> Price | None:
        """Return what one event costs with numbers of a format; None where no line is about it.

        A figure for words of another width is scaled by the width, and then counts as derived. Of
        memories of several capacities it is the smallest that holds ``buffer_kib``, else the
        largest. Raises `InputError` where the table has the event in other formats only: no format
        makes it free.
        """
        bits = look_up("number format", number_format, BITS)
        lines = [figure for figure in self.figures if figure.event == event]
        found = [figure for figure in lines if figure.number_format in ("", number_format)]
        if not lines:
            return None
        if not found:
            formats = ", ".join(sorted({figure.number_format for figure in lines}))
            raise InputError(
                f"energy table {self.name!r} has no figure of {event} in {number_format}, only in "
                f"{formats}: choose one of these, another table, or add a line to it"
            )
        # The figure of the format itself goes before one for words of any kind.
        figure = min(found, key=lambda f: (not f.number_format, _distance(f, buffer_kib)))
        if figure.bits == bits:
            return Price(figure.energy, figure.published, figure.source)
        scale = f"x {bits}/{figure.bits} bits"
        energy = figure.energy * bits / figure.bits
        return Price(energy, False, f"{figure.source}; {scale}")


def names() -> list[str]:
    """Return the names of the shipped tables."""
    return sorted(path.stem for path in SHIPPED.glob("*.csv"))


def _distance(figure: Figure, buffer_kib: float) -> tuple[bool, float]:
    too_small = figure.capacity_kib < buffer_kib
    return too_small, -figure.capacity_kib if too_small else figure.capacity_kib


def _figure(row: dict[str, str], where: str) -> Figure:
    _choice("event", row["event"], EVENTS, where)
    _choice("format", row["format"], ("", *BITS), where)
    _choice("basis", row["basis"], BASES, where)
    return Figure(
        event=row["event"],
        number_format=row["format"],
        bits=int(_number("bits", row["bits"], where)),
        capacity_kib=_number("capacity_kib", row["capacity_kib"] or "0", where),
        energy=_number("energy", row["energy"], where),
        published=row["basis"] == "published",
        source=row["source"],
    )


def _choice(column: str, value: str, choices: Iterable[str], where: str) -> None:
    if value not in choices:
        raise InputError(f"{where}: {unknown(column, str(value), choices)}")


def _number(column: str, text: str, where: str) -> float:
    try:
        value = float(text)
    except (TypeError, ValueError):
        value = math.nan
    if not 0 <= value < 1e12 or (column == "bits" and value < 1):
        raise InputError(f"{where}: {column} is {text!r}: give a number of at least 0")
    return value
