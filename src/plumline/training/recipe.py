"""A recipe: everything that decides what a training run computes, typed, written as TOML."""

import os
from collections.abc import Mapping
from dataclasses import dataclass, field, fields, replace
from pathlib import Path
from typing import Any, get_origin, get_type_hints

from plumline import schemes
from plumline._names import unknown
from plumline.errors import InputError
from plumline.training import tables

SHIPPED = Path(__file__).parent.parent / "recipes"
PRECISIONS = ("32", "bf16-mixed", "16-mixed")
WITHOUT_EFFECT = ("evaluation_batch_size", "workers", "checkpoint_seconds", "latents")
"""Keys of [train] that change how a run is done and told of, not the weights that it ends in."""


@dataclass(frozen=True)
class ModelSection:
    """Which network: a name of `plumline.models` and the options it takes."""

    name: str = "resnet20"
    options: dict[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class DataSection:
    """Which data: a name of `plumline.data` and the options it takes."""

    name: str = "digits"
    options: dict[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class SchemeSection:
    """What the weights may be: one scheme, the layers that stay float, and exceptions by glob.

    ``keep`` holds one preset of `plumline.convert_` or globs over layer names.

    ``layers`` maps a glob over layer names to a table with ``name`` and the options of that scheme;
    a layer that matches none takes the section's own ``name`` and ``options``.
    """

    name: str = "float"
    options: dict[str, Any] = field(default_factory=dict)
    keep: tuple[str, ...] = ("plum",)
    layers: dict[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class TrainSection:
    """How long, how fast and in which numbers."""

    epochs: int = 10
    batch_size: int = 128
    optimizer: str = "adam"
    lr: float = 1e-3
    min_lr: float = 0.0
    momentum: float = 0.9
    nesterov: bool = False
    weight_decay: float = 0.0
    decay_norm_and_bias: bool = False
    schedule: str = "cosine"
    warmup: float = 0.0
    milestones: tuple[float, ...] = ()
    gamma: float = 0.1
    clip_norm: float = 0.0
    label_smoothing: float = 0.0
    precision: str = "32"
    channels_last: bool = False
    compile: bool = False
    seed: int = 0
    evaluation_batch_size: int = 500
    workers: int = 0
    checkpoint_seconds: float = 60.0
    latents: bool = True

    def __post_init__(self) -> None:
        for name in ("epochs", "batch_size", "evaluation_batch_size"):
            _require(getattr(self, name) >= 1, f"train.{name}", getattr(self, name), "at least 1")
        _require(self.lr > 0, "train.lr", self.lr, "above 0")
        for name in ("min_lr", "warmup", "weight_decay", "clip_norm", "seed", "workers"):
            _require(getattr(self, name) >= 0, f"train.{name}", getattr(self, name), "at least 0")
        in_range = self.warmup <= self.epochs
        _require(in_range, "train.warmup", self.warmup, f"at most train.epochs ({self.epochs})")
        _require(0 <= self.momentum < 1, "train.momentum", self.momentum, "in [0, 1)")
        possible = self.momentum > 0 or not self.nesterov
        _require(possible, "train.nesterov", self.nesterov, "false where train.momentum is 0")
        _require(0 < self.gamma <= 1, "train.gamma", self.gamma, "in (0, 1]")
        _require(self.seed < 2**63, "train.seed", self.seed, "below 2^63")
        in_range = 0 <= self.label_smoothing < 1
        _require(in_range, "train.label_smoothing", self.label_smoothing, "in [0, 1)")
        if self.precision not in PRECISIONS:
            raise unknown("train.precision", self.precision, PRECISIONS)


@dataclass(frozen=True)
class AugmentSection:
    """What is done to a training image before the network sees it; all off by default."""

    crop_padding: int = 0
    flip: bool = False
    resized_crop: int = 0
    scale: tuple[float, ...] = (0.08, 1.0)
    ratio: tuple[float, ...] = (0.75, 4 / 3)
    brightness: float = 0.0
    contrast: float = 0.0
    saturation: float = 0.0
    hue: float = 0.0

    def __post_init__(self) -> None:
        for name in ("crop_padding", "resized_crop", "brightness", "contrast", "saturation"):
            _require(getattr(self, name) >= 0, f"augment.{name}", getattr(self, name), "at least 0")
        _require(0 <= self.hue <= 0.5, "augment.hue", self.hue, "in [0, 0.5]")
        for name in ("scale", "ratio"):
            pair = getattr(self, name)
            ordered = len(pair) == 2 and 0 < pair[0] <= pair[1]
            _require(ordered, f"augment.{name}", list(pair), "[smallest, largest], above 0")
        _require(self.scale[1] <= 1, "augment.scale", list(self.scale), "at most 1")


@dataclass(frozen=True)
class DistillSection:
    """A frozen teacher whose softened answers are learned beside, or instead of, the labels.

    ``teacher`` is a run folder, or a model name together with ``weights`` (a state dict file);
    empty means no distillation.
    """

    teacher: str = ""
    weights: str = ""
    alpha: float = 1.0
    temperature: float = 1.0
    batch_statistics: bool = False

    def __post_init__(self) -> None:
        _require(0 <= self.alpha <= 1, "distill.alpha", self.alpha, "in [0, 1]")
        _require(self.temperature > 0, "distill.temperature", self.temperature, "above 0")


@dataclass(frozen=True)
class Recipe:
    """A whole recipe. Two runs of equal recipes on the same machine end in the same weights."""

    model: ModelSection = field(default_factory=ModelSection)
    data: DataSection = field(default_factory=DataSection)
    scheme: SchemeSection = field(default_factory=SchemeSection)
    train: TrainSection = field(default_factory=TrainSection)
    augment: AugmentSection = field(default_factory=AugmentSection)
    distill: DistillSection = field(default_factory=DistillSection)

    @classmethod
    def load(cls, source: str | os.PathLike[str]) -> "Recipe":
        """Load a shipped recipe by its name, or a ``.toml`` file by its path.

        A file may start from another one (``base = "cifar10-resnet20-float"``) and may hold longer
        or shorter forms of itself (``[forms.full.train]``), chosen with a colon: ``NAME:full``.
        A base that is a file is found beside the file that names it.
        """
        name, form = split_form(os.fspath(source))
        return cls.from_table(_select(_read(name), form, name), name)

    @classmethod
    def from_toml(cls, text: str, source: str = "the recipe") -> "Recipe":
        """Make a recipe from resolved TOML text, as `to_toml` writes it."""
        return cls.from_table(tables.parse(text, source), source)

    @classmethod
    def from_table(cls, table: Mapping[str, Any], source: str = "the recipe") -> "Recipe":
        """Make a recipe from nested tables; unknown keys and wrong types raise `InputError`."""
        hints = get_type_hints(cls)
        for section in table:
            if section not in hints:
                raise unknown(f"section in {source}", section, hints)
        return cls(**{name: tables.typed(hints[name], table[name], name) for name in table})

    @staticmethod
    def shipped() -> list[str]:
        """Name the recipes that come with plumline, longer forms included."""
        names = []
        for path in sorted(SHIPPED.glob("*.toml")):
            names.append(path.stem)
            names.extend(
                f"{path.stem}:{form}" for form in sorted(_read(path.stem).get("forms", {}))
            )
        return names

    def override(self, changes: Mapping[str, str]) -> "Recipe":
        """Return a recipe with some keys changed, each given as ``section.key`` and a text.

        The text is read as the type of the key; options go one level deeper
        (``scheme.options.delta``). Another ``name`` drops the options of the old one.
        """
        table = {name.name: dict(vars(getattr(self, name.name))) for name in fields(self)}
        hints = get_type_hints(type(self))
        for section, keys in table.items():
            if changes.get(f"{section}.name", keys.get("name")) != keys.get("name"):
                keys["options"] = {}
        for path, text in changes.items():
            section, _, rest = path.partition(".")
            if section not in hints:
                raise unknown("recipe section", section, hints)
            kinds = get_type_hints(hints[section])
            key, _, inner = rest.partition(".")
            if key not in kinds:
                raise unknown("recipe key", path, [f"{section}.{kind}" for kind in kinds])
            if get_origin(kinds[key]) is dict and inner:
                table[section][key] = {**table[section][key], inner: tables.literal(text)}
            elif inner:
                raise InputError(f"{path}: {section}.{key} has no keys of its own")
            else:
                table[section][key] = tables.typed_text(kinds[key], text, path)
        return self.from_table(table)

    def to_toml(self) -> str:
        """Write the recipe with every key, so that a run folder says all that was in force."""
        return tables.dump(self)

    def essence(self) -> "Recipe":
        """Return what decides the weights: recipes of equal essence train the same network.

        Keys without effect have their defaults, options of the scheme are those that have not, and
        files of a teacher have their absolute paths.
        """
        defaults, distill = TrainSection(), self.distill
        train = {name: getattr(defaults, name) for name in WITHOUT_EFFECT}
        return replace(
            self,
            scheme=replace(self.scheme, options=_chosen(self.scheme)),
            train=replace(self.train, **train),
            distill=replace(
                distill, teacher=_absolute(distill.teacher), weights=_absolute(distill.weights)
            ),
        )

    def differences(self, other: "Recipe") -> list[str]:
        """List what differs in the essence, as ``train.epochs = 3, not 15`` (self, then other)."""
        mine, others = self.essence(), other.essence()
        return [
            f"{section.name}.{key} = {value!r}, not {theirs!r}"
            for section in fields(self)
            for key, value in vars(getattr(mine, section.name)).items()
            if (theirs := getattr(getattr(others, section.name), key)) != value
        ]


def _chosen(section: SchemeSection) -> dict[str, Any]:
    """Return the options of a scheme that have other values than their defaults."""
    scheme = schemes.create(section.name, **section.options)
    values = {field: getattr(scheme, field.name) for field in fields(scheme)}
    return {field.name: value for field, value in values.items() if value != field.default}


def _absolute(source: str) -> str:
    """Return the path of a file or folder that is there; else it is a name."""
    return os.path.abspath(source) if os.path.exists(source) else source


def split_form(source: str) -> tuple[str, str]:
    """Split ``NAME:form`` or ``FILE.toml:form``; the form is empty where there is none."""
    if source.endswith(".toml") or ":" not in source:
        return source, ""
    name, _, form = source.rpartition(":")
    return name, form


def _require(holds: bool, key: str, value: Any, rule: str) -> None:
    if not holds:
        raise InputError(f"{key} = {value!r}: it must be {rule}")


def _read(name: str, seen: tuple[Path, ...] = ()) -> dict[str, Any]:
    """Read a recipe file with its bases merged in, forms still apart."""
    path = Path(name)
    if path.suffix != ".toml":
        path = SHIPPED / f"{name}.toml"
        if not path.is_file():
            raise unknown("recipe", name, [file.stem for file in SHIPPED.glob("*.toml")])
    elif not path.is_file():
        raise InputError(f"there is no recipe file {name!r}")
    if path in seen:
        raise InputError(f"{path}: its base leads back to itself; remove one of the base lines")
    try:
        text = path.read_text(encoding="utf-8")
    except UnicodeDecodeError as error:
        raise InputError(f"{path} is not valid TOML: it is not in UTF-8 ({error})") from error
    table = tables.parse(text, str(path))
    base = table.pop("base", None)
    if base is None:
        return table
    if not isinstance(base, str):
        raise InputError(f"{path}: base = {base!r}: it must be a recipe's name or a .toml file")
    if base.endswith(".toml"):
        base = str(path.parent / base)
    return _merge(_read(base, (*seen, path)), table)


def _select(table: dict[str, Any], form: str, name: str) -> dict[str, Any]:
    """Take the forms out of a table and merge the chosen one into the rest."""
    rest = dict(table)
    forms = rest.pop("forms", {})
    if not form:
        return rest
    if form not in forms:
        raise unknown(f"form of {name}", form, forms)
    return _merge(rest, forms[form])


def _merge(base: Mapping[str, Any], changes: Mapping[str, Any]) -> dict[str, Any]:
    """Merge nested tables; ``changes`` win, and another ``name`` drops the old one's options."""
    merged = dict(base)
    if changes.get("name", base.get("name")) != base.get("name"):
        merged.pop("options", None)
    for key, value in changes.items():
        both = isinstance(value, Mapping) and isinstance(merged.get(key), Mapping)
        merged[key] = _merge(merged[key], value) if both else value
    return merged
