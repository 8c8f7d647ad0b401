"""What a sweep is: a base recipe, changes that hold for all of its runs, and axes."""

import hashlib
import itertools
import os
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from plumline._names import unknown
from plumline.errors import InputError
from plumline.training import Recipe, tables
from plumline.training.recipe import split_form

SHIPPED = Path(__file__).parent / "specs"
GRID = "grid"
SAMPLERS = (GRID, "random", "tpe", "qmc")
LONGEST_NAME = 200
GOALS = {"test_top1": "maximize", "test_loss": "minimize", "train_loss": "minimize"}

Changes = Mapping[str, str]
"""Recipe keys and texts, as `Recipe.override` takes them."""


@dataclass(frozen=True)
class Choices:
    """An axis of some values, each under the text that names it, with the changes it makes."""

    name: str
    changes: Mapping[str, Changes]


@dataclass(frozen=True)
class Range:
    """An axis of numbers from ``low`` to ``high``, whole ones where both are, that are sampled."""

    name: str
    low: float
    high: float
    log: bool = False

    @property
    def whole(self) -> bool:
        """Whether the numbers are whole."""
        return isinstance(self.low, int) and isinstance(self.high, int)


Axis = Choices | Range


@dataclass(frozen=True)
class Spec:
    """A sweep, as its TOML file has it.

    Attributes:
        base: a recipe, by name (with its form: ``NAME:full``) or path, which is kept absolute.
        about: one line for people.
        set: changes of the recipe for all runs, by key.
        axes: recipe key -> list of values, or table with ``low``, ``high`` and ``log``.
        variants: name of an axis -> label -> table of changes; each value changes several keys.
        sampler: ``grid`` runs every combination; ``random``, ``tpe`` and ``qmc`` draw ``trials``.
        trials: runs of a sampler other than ``grid``.
        seed: of what a sampler draws.
        goal: number of a run's last epoch that samplers and the table go by.
    """

    base: str
    about: str = ""
    set: dict[str, Any] = field(default_factory=dict)
    axes: dict[str, Any] = field(default_factory=dict)
    variants: dict[str, Any] = field(default_factory=dict)
    sampler: str = GRID
    trials: int = 0
    seed: int = 0
    goal: str = "test_top1"

    def __post_init__(self) -> None:
        if self.sampler not in SAMPLERS:
            raise unknown("sampler", self.sampler, SAMPLERS)
        if self.goal not in GOALS:
            raise unknown("goal", self.goal, GOALS)
        if not self.axes and not self.variants:
            raise InputError("a sweep without axes has nothing to compare: add [axes]")
        if twice := set(self.axes) & set(self.variants):
            raise InputError(f"the axis {min(twice)!r} is among [axes] and [variants]: rename one")
        for value in self.set.values():
            _text(value)
        parsed = self.parsed
        ranges = [axis.name for axis in parsed if isinstance(axis, Range)]
        if self.sampler == GRID and ranges:
            raise InputError(f"axis {ranges[0]!r} is a range: list its values, or name a sampler")
        if (self.sampler == GRID) != (self.trials == 0) or self.trials < 0:
            raise InputError(
                f"trials is {self.trials} with the sampler {self.sampler!r}: give the number of "
                "runs for a sampler that draws, none for grid"
            )
        if not 0 <= self.seed < 2**32:
            raise InputError(f"seed is {self.seed}: give a whole number from 0 to 2^32 - 1")

    @classmethod
    def load(cls, source: str | os.PathLike[str]) -> "Spec":
        """Load a shipped sweep by its name, or a ``.toml`` file by its path.

        A base that is a file is found beside the file that names it.
        """
        path = Path(source)
        if path.suffix != ".toml":
            path = SHIPPED / f"{os.fspath(source)}.toml"
            if not path.is_file():
                raise unknown("sweep", os.fspath(source), cls.shipped())
        elif not path.is_file():
            raise InputError(f"there is no sweep file {os.fspath(source)!r}")
        try:
            text = path.read_text(encoding="utf-8")
        except UnicodeDecodeError as error:
            raise InputError(f"{path} is not valid TOML: it is not in UTF-8 ({error})") from error
        spec = cls.from_toml(text, os.fspath(source))
        return replace(spec, base=_absolute(spec.base, path.parent))

    @classmethod
    def from_toml(cls, text: str, source: str = "the sweep") -> "Spec":
        """Make a sweep from TOML text; ``source`` is named in errors."""
        table = tables.parse(text, source)
        if "base" not in table:
            raise InputError(f"{source} has no base: name the recipe that its runs start from")
        try:
            return tables.typed(cls, table, source)
        except InputError as error:
            raise InputError(f"{source}: {str(error).removeprefix(f'{source}: ')}") from None

    @staticmethod
    def shipped() -> list[str]:
        """Name the sweeps that come with plumline."""
        return sorted(path.stem for path in SHIPPED.glob("*.toml"))

    def to_toml(self) -> str:
        """Write the sweep as TOML."""
        return tables.dump(self)

    def with_changes(
        self,
        *,
        base: str | None = None,
        set: Mapping[str, Any] | None = None,
        axes: Mapping[str, Sequence[Any]] | None = None,
    ) -> "Spec":
        """Return a sweep on another base, with further changes, or with other or more axes.

        A base that is a file is found from the current folder.
        """
        return replace(
            self,
            base=_absolute(base, Path()) if base else self.base,
            set={**self.set, **(set or {})},
            axes={**self.axes, **{name: list(values) for name, values in (axes or {}).items()}},
        )

    @property
    def parsed(self) -> tuple[Axis, ...]:
        """The axes, first those of single keys."""
        axes = (_axis(name, values) for name, values in self.axes.items())
        return (*axes, *(_variants(name, labels) for name, labels in self.variants.items()))

    @property
    def direction(self) -> str:
        """``maximize`` or ``minimize``, as the goal is."""
        return GOALS[self.goal]

    @property
    def runs(self) -> int:
        """The number of runs."""
        return self.trials or sum(1 for _ in self.grid())

    def grid(self) -> Iterator[dict[str, str]]:
        """Yield every combination of the axes' labels, the last axis fastest."""
        axes = [axis for axis in self.parsed if isinstance(axis, Choices)]
        for labels in itertools.product(*(axis.changes for axis in axes)):
            yield {axis.name: label for axis, label in zip(axes, labels, strict=True)}

    def recipe(self, point: Mapping[str, Any]) -> Recipe:
        """Return the recipe of a point: a label, or a number of a range, for each axis.

        What the axes change goes before what holds for all runs.
        """
        changes = {key: _text(value) for key, value in self.set.items()}
        for axis in self.parsed:
            value = point[axis.name]
            made = axis.changes[value] if isinstance(axis, Choices) else {axis.name: _text(value)}
            changes.update(made)
        return Recipe.load(self.base).override(changes)

    def ordered(self, point: Mapping[str, Any]) -> dict[str, Any]:
        """Return a point in the order of the axes, those that it has."""
        names = [axis.name for axis in self.parsed]
        return {name: point[name] for name in names if name in point}

    def folder_name(self, point: Mapping[str, Any]) -> str:
        """Return the name of the run folder of a point, another one for every point."""
        point = self.ordered(point)
        short = [name.rpartition(".")[2] for name in point]
        names = short if len(set(short)) == len(short) else list(point)
        parts = [f"{name}={value}" for name, value in zip(names, point.values(), strict=True)]
        safe = [re.sub(r"[^A-Za-z0-9._=+-]", "_", part) for part in parts]
        name = ",".join(safe)
        if safe == parts and len(name) <= LONGEST_NAME:
            return name
        digest = hashlib.sha256(repr(list(point.items())).encode()).hexdigest()
        return f"{name[:LONGEST_NAME]}-{digest[:8]}"


def _absolute(base: str, folder: Path) -> str:
    """Return a base that is found from anywhere: the path of a file, or the name it is."""
    name, form = split_form(base)
    if not name.endswith(".toml"):
        return base
    path = os.path.abspath(folder / name)
    return f"{path}:{form}" if form else path


def _axis(name: str, values: Any) -> Axis:
    if isinstance(values, Mapping):
        return _range(name, values)
    if not isinstance(values, list) or not values:
        raise InputError(f"axis {name!r} is {values!r}: give a list of values, or low and high")
    labels = [_text(value) for value in values]
    for label in labels:
        if labels.count(label) > 1:
            raise InputError(f"axis {name!r} has {label} twice")
    return Choices(name, {label: {name: label} for label in labels})


def _range(name: str, table: Mapping[str, Any]) -> Range:
    if set(table) - {"low", "high", "log"} or not {"low", "high"} <= set(table):
        raise InputError(f"axis {name!r} is {dict(table)!r}: a range has low, high and perhaps log")
    low, high, log = table["low"], table["high"], table.get("log", False)
    numbers = all(type(value) in (int, float) for value in (low, high))
    if not numbers or not low < high or type(log) is not bool or (log and low <= 0):
        raise InputError(f"axis {name!r}: low and high are numbers, low below high (log: above 0)")
    return Range(name, low, high, log)


def _variants(name: str, labels: Any) -> Choices:
    if not isinstance(labels, Mapping) or not labels:
        raise InputError(f"variants {name!r} is {labels!r}: give a table of changes a label")
    changes = {}
    for label, table in labels.items():
        if not isinstance(table, Mapping):
            raise InputError(f"variant {name}.{label} is {table!r}: give a table of changes")
        changes[label] = {key: _text(value) for key, value in table.items()}
    return Choices(name, changes)


def _text(value: Any) -> str:
    """Write a value as `Recipe.override` reads it: texts bare, all else as TOML has it."""
    if isinstance(value, Mapping):
        inner = next(iter(value), "key")
        raise InputError(
            f'{inner!r} stands in a table: write whole keys, such as "train.epochs" = 3'
        )
    return value if isinstance(value, str) else tables.dump_leaf(value)
