"""What every weight scheme is: options that can be written down, and a module that applies them."""

from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass, fields
from typing import Any, ClassVar, TypeVar

from torch import Tensor, nn
from torch.nn.utils import parametrize

from plumline._names import look_up, unknown
from plumline.errors import InputError


class Quantizer(nn.Module, ABC):
    """The parametrization of one weight: maps the latent tensor to the effective one.

    Both have the shape (K, C / groups, *kernel) of a convolution or (out, in) of a linear layer;
    axis 0 counts filters, axis 1 input channels. Whatever the effective weight depends on, other
    than the latent one, is a buffer or a parameter, so that a state dict holds it.
    """

    def __init__(self, scheme: "Scheme") -> None:
        super().__init__()
        self.scheme = scheme

    @abstractmethod
    def forward(self, latent: Tensor) -> Tensor:
        """Return the effective weight, of the latent weight's shape and dtype."""

    def region_signs(self, latent: Tensor) -> Tensor | None:
        """Return the sign of each weight's region, broadcastable to ``latent``.

        None where regions have none, as in most schemes.
        """
        return None

    def extra_repr(self) -> str:
        """Show the options."""
        return repr(self.scheme)


@dataclass(frozen=True)
class Scheme(ABC):
    """What the weights of a layer may be. A subclass is a frozen dataclass: its fields are options.

    ``name`` is what recipes and reports call it. ``bits`` is what one weight takes on disk, apart
    from what is stored once a filter. ``quantizes`` is false where layers are left as they are.
    """

    name: ClassVar[str]
    bits: ClassVar[float]
    quantizes: ClassVar[bool] = True

    @abstractmethod
    def quantizer(self, weight: Tensor) -> Quantizer:
        """Make the parametrization for this weight.

        Raises `InputError` where the options do not fit the weight's shape.
        """

    def to_table(self) -> dict[str, Any]:
        """Return the table that `from_table` turns back into this scheme, without unset options."""
        options = {key: value for key, value in asdict(self).items() if value is not None}
        return {"name": self.name, **options}


def quantizer_of(layer: nn.Module) -> Quantizer | None:
    """Return the quantizer of a converted layer's weight; None for any other layer."""
    if not parametrize.is_parametrized(layer, "weight"):
        return None
    chain = layer.parametrizations["weight"]  # type: ignore[index] # a ModuleDict
    return next((step for step in chain if isinstance(step, Quantizer)), None)


_SCHEMES: dict[str, type[Scheme]] = {}

S = TypeVar("S", bound=type[Scheme])


def register_scheme(name: str) -> Callable[[S], S]:
    """Class decorator: make a scheme known under ``name``."""

    def register(scheme: S) -> S:
        if name in _SCHEMES:
            raise InputError(f"there already is a scheme named {name!r}: choose another name")
        scheme.name = name
        _SCHEMES[name] = scheme
        return scheme

    return register


def names() -> list[str]:
    """Return the names of all schemes, sorted."""
    return sorted(_SCHEMES)


def create(name: str, **options: Any) -> Scheme:
    """Make the scheme of this name, as in ``create("signed-binary", delta=0.05)``.

    Raises `InputError` for an unknown name, an unknown option or a value that is not allowed.
    """
    scheme = look_up("scheme", name, _SCHEMES)
    known = [field.name for field in fields(scheme)]
    for option in options:
        if option not in known:
            raise unknown(f"option of the scheme {name!r}", option, known)
    return scheme(**options)


def from_table(table: Mapping[str, Any]) -> Scheme:
    """Make a scheme from a recipe's table: ``name``, and the options beside it."""
    if not isinstance(table.get("name"), str):
        raise InputError(f"a scheme needs a name: write name = one of {', '.join(names())}")
    return create(**table)


def check_choice(option: str, value: object, choices: tuple[str, ...]) -> None:
    """Raise `InputError` unless the option is one of the choices."""
    if value not in choices:
        raise InputError(f"{option} is {value!r}: choose from {', '.join(choices)}")


def check_range(option: str, value: object, low: float, high: float) -> None:
    """Raise `InputError` unless the option is a number in [low, high]."""
    if isinstance(value, bool) or not isinstance(value, (int, float)) or not low <= value <= high:
        raise InputError(f"{option} is {value!r}: give a number from {low:g} to {high:g}")
