"""What an execution model is, and the table of them: each file beside this one adds its own."""

from abc import ABC, abstractmethod
from collections.abc import Callable, Iterable
from dataclasses import dataclass, fields
from typing import Any, ClassVar, TypeVar

from plumline._names import look_up
from plumline._specs import read_options, with_options
from plumline.analysis.execution.graph import LayerGraph
from plumline.analysis.execution.operations import Operations
from plumline.analysis.layer import Layer


@dataclass(frozen=True)
class ExecutionModel(ABC):
    """A way to execute a layer. A subclass is a frozen dataclass: its fields are options.

    ``name`` is what command line and reports call it; ``needs_few_values`` is whether it serves
    only layers whose filters have few values.
    """

    name: ClassVar[str]
    needs_few_values: ClassVar[bool] = False

    @property
    def label(self) -> str:
        """The name with all options, as `parse` reads it: ``summerge:tile=8:sparsity=on``."""
        options = {field.name: getattr(self, field.name) for field in fields(self)}
        return with_options(self.name, options)

    @abstractmethod
    def count(self, layer: Layer) -> Operations | None:
        """Count the operations of one sample; None where the layer cannot be executed so."""

    @abstractmethod
    def graph(self, layer: Layer) -> LayerGraph:
        """Return what `count` counts, to be executed; for layers that it counts, and small ones."""


_MODELS: dict[str, type[ExecutionModel]] = {}
_STANDARD: dict[str, tuple[ExecutionModel, ...]] = {}

M = TypeVar("M", bound=type[ExecutionModel])


def execution_model(name: str, *standard: dict[str, Any]) -> Callable[[M], M]:
    """Class decorator: make a model known under ``name``.

    The name alone stands for one model a table of ``standard`` options, or for the defaults.
    """

    def register(model: M) -> M:
        model.name = name
        _MODELS[name] = model
        _STANDARD[name] = tuple(model(**options) for options in standard or ({},))
        return model

    return register


def names() -> list[str]:
    """List the models in the order in which they were registered."""
    return list(_MODELS)


def parse(specs: Iterable[str | ExecutionModel]) -> tuple[ExecutionModel, ...]:
    """Turn ``"summerge"``, ``"ucnn:group=4"`` and models made already into models, each once.

    Raises `InputError` for an unknown name, an unknown option or a value that is not allowed.
    """
    found: dict[str, ExecutionModel] = {}
    for spec in specs:
        models = (spec,) if isinstance(spec, ExecutionModel) else _parse(spec)
        found |= {model.label: model for model in models}
    return tuple(found.values())


def _parse(spec: str) -> tuple[ExecutionModel, ...]:
    name, colon, _ = spec.partition(":")
    model = look_up("execution model", name, _MODELS)
    if not colon:
        return _STANDARD[name]
    known = [field.name for field in fields(model)]
    return (model(**read_options("execution model", spec, known)),)
