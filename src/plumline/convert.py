"""Give layers a weight scheme, report what they hold, make their weights plain again."""

import difflib
import math
from collections.abc import Callable, Iterable, Mapping
from dataclasses import asdict, dataclass
from fnmatch import fnmatchcase
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn.utils import parametrize

from plumline.errors import InputError
from plumline.schemes import Float, Quantizer, Scheme, quantizer_of

CONVERTIBLE = (nn.Conv1d, nn.Conv2d, nn.Conv3d, nn.Linear)

Preset = Callable[[Mapping[str, nn.Module]], set[str]]


@dataclass(frozen=True)
class Row:
    """One layer, or the sum over some.

    ``parameters`` counts the numbers of the weight, ``effectual`` those that are not zero,
    ``density`` is their ratio, and ``bits`` is what one weight takes on disk (without what is
    stored once a filter).
    """

    layer: str
    scheme: str
    parameters: int
    effectual: int
    bits: float

    @property
    def density(self) -> float:
        """Part of the weights that are not zero, in [0, 1]; 0 where there are none."""
        return self.effectual / self.parameters if self.parameters else 0.0

    def to_dict(self) -> dict[str, Any]:
        """Return the columns by name, ready for JSON."""
        return {**asdict(self), "density": self.density}


@dataclass(frozen=True)
class ConversionReport:
    """What the weights of a model are: one row a layer with a weight of two axes or more.

    Biases, and other parameters that are vectors, are not counted. Density is a statement about
    quantized weights, so their total stands apart from that of the weights left in floating point.
    """

    rows: tuple[Row, ...]

    @property
    def quantized(self) -> Row:
        """The sum over the layers that have a scheme other than float."""
        return _total("quantized", [row for row in self.rows if row.scheme != Float.name])

    @property
    def unquantized(self) -> Row:
        """The sum over the layers left in floating point."""
        return _total("float", [row for row in self.rows if row.scheme == Float.name])

    @property
    def total(self) -> Row:
        """The sum over all layers."""
        return _total("all", self.rows)

    def to_dict(self) -> dict[str, Any]:
        """Return the rows and the three totals, ready for JSON."""
        return {
            "layers": [row.to_dict() for row in self.rows],
            "quantized": self.quantized.to_dict(),
            "float": self.unquantized.to_dict(),
            "total": self.total.to_dict(),
        }

    def __str__(self) -> str:
        """Return the table, totals last."""
        head = ("layer", "scheme", "parameters", "effectual", "density", "bits")
        body = [_cells(row) for row in self.rows]
        totals = [_cells(row) for row in (self.quantized, self.unquantized, self.total)]
        widths = [max(map(len, column)) for column in zip(head, *body, *totals, strict=True)]
        rule = "  ".join("-" * width for width in widths)
        lines = [_line(cells, widths) for cells in (head, *body, *totals)]
        return "\n".join([lines[0], rule, *lines[1 : len(body) + 1], rule, *lines[len(body) + 1 :]])


def convert_(
    model: nn.Module,
    scheme: Scheme | Mapping[str, Scheme],
    keep: Iterable[str] | str = (),
) -> ConversionReport:
    """Give layers a scheme, in place: ``weight`` becomes a parametrization of a latent weight.

    Conv1d, Conv2d, Conv3d (depthwise and grouped ones too) and Linear layers are converted. The
    latent weight is the parameter ``<layer>.parametrizations.weight.original``; an optimizer made
    before the conversion still holds it.

    Args:
        model: any module; nothing in it is changed when an error is raised.
        scheme: one for all layers, or shell patterns of layer names (``"layer1.*"``, where ``*``
            matches dots too), each with its scheme; of several that match, the last one counts.
        keep: patterns of layers to leave in floating point, and names of presets: ``"plum"`` keeps
            the first convolution, 1x1 convolutions of shortcuts and the last linear layer.

    Returns:
        What the weights are now. `summarize` gives the same later, as after training.

    Raises:
        InputError: a pattern that matches no layer, a layer that has a scheme already, options that
            do not fit a layer, or no layer left to convert.
    """
    layers = {name: layer for name, layer in model.named_modules() if _convertible(layer)}
    if not layers:
        raise InputError(
            f"a {type(model).__name__} with no layer to convert: it has no Conv1d, Conv2d, Conv3d "
            "and no Linear"
        )
    chosen = _choose(model, layers, _by_pattern(scheme))
    kept = _kept(model, layers, keep)
    chosen = {name: chosen[name] for name in layers if name in chosen and name not in kept}
    if not chosen:
        raise InputError(
            f"no layer to convert among {len(layers)} convolution and linear layers: "
            "widen the patterns, or keep fewer layers"
        )
    quantizers = {
        name: _quantizer(name, layers[name], wanted)
        for name, wanted in chosen.items()
        if wanted.quantizes
    }
    for name, quantizer in quantizers.items():
        quantizer.to(_weight(layers[name]).device).train(layers[name].training)
        parametrize.register_parametrization(layers[name], "weight", quantizer)
    return summarize(model)


def summarize(model: nn.Module) -> ConversionReport:
    """Report the weights of a model as they are now, converted or not."""
    rows = []
    for name, layer in model.named_modules():
        weight = getattr(layer, "weight", None)
        if not isinstance(weight, Tensor) or weight.ndim < 2:
            continue
        quantizer = quantizer_of(layer)
        scheme = quantizer.scheme if quantizer else Float()
        effectual = int(torch.count_nonzero(weight.detach()))
        rows.append(Row(name, scheme.name, weight.numel(), effectual, scheme.bits))
    return ConversionReport(tuple(rows))


def freeze(model: nn.Module) -> nn.Module:
    """Replace each converted weight by its effective values, in place; outputs stay bit-equal.

    Afterwards the layers are plain ones with plain parameters, and the latent weights are gone:
    freeze a copy (``copy.deepcopy(model)``) of a model that is to be trained on.

    Returns:
        The same model.
    """
    layers = [layer for layer in model.modules() if quantizer_of(layer)]
    # All values come before any change: layers may share one latent weight.
    weights = [_weight(layer) for layer in layers]
    for layer, weight in zip(layers, weights, strict=True):
        _own_class(layer)
        parametrize.remove_parametrizations(layer, "weight", leave_parametrized=False)
        layer.weight = nn.Parameter(weight.detach().clone(), requires_grad=weight.requires_grad)
    return model


def check_finite(model: nn.Module) -> None:
    """Raise `InputError` where a parameter is NaN or infinite, or a buffer NaN.

    A latent weight that is NaN is on no side of a threshold, so that its whole filter may become
    zeros: the effective weights of a broken network can look sound.
    """
    known = [(n, p) for n, p in model.named_parameters() if not nn.parameter.is_lazy(p)]
    wrong = {name: ~parameter.isfinite() for name, parameter in known}
    wrong |= {name: tensor.isnan() for name, tensor in model.named_buffers()}
    for name, where in wrong.items():
        if where.any():
            raise InputError(
                f"{name!r} is NaN or infinite in {int(where.sum())} of {where.numel()} places: go "
                "back to an earlier checkpoint, or train again at a lower rate"
            )


def plum_preset(layers: Mapping[str, nn.Module]) -> set[str]:
    """Keep what PLUM keeps: the first convolution, 1x1 shortcut convolutions, the classifier.

    First and last are in the order in which the modules were assigned to the model. A shortcut is
    told by its name: a part of it contains one of `SHORTCUT_NAMES`. A 1x1 convolution elsewhere, as
    inside a bottleneck block, is converted.
    """
    convolutions = [name for name, layer in layers.items() if not isinstance(layer, nn.Linear)]
    linears = [name for name, layer in layers.items() if isinstance(layer, nn.Linear)]
    shortcuts = [name for name in convolutions if _is_shortcut(name, layers[name])]
    return {*convolutions[:1], *shortcuts, *linears[-1:]}


SHORTCUT_NAMES = ("shortcut", "downsample", "skip", "residual", "projection")

PRESETS: dict[str, Preset] = {"plum": plum_preset}


def _own_class(layer: nn.Module) -> None:
    """Give a parametrized layer a class that is not shared with its deep copies.

    PyTorch makes a class for each parametrized layer, with a property for the weight, but a deep
    copy shares it; removing the property from the copy would take it from the original too.
    """
    shared = type(layer)
    layer.__class__ = type(shared.__name__, shared.__bases__, dict(shared.__dict__))


def _weight(layer: nn.Module) -> Tensor:
    weight = layer.weight
    if not isinstance(weight, Tensor):
        raise TypeError(f"the weight of {type(layer).__name__} is a {type(weight).__name__}")
    return weight


def _convertible(layer: nn.Module) -> bool:
    return isinstance(layer, CONVERTIBLE)


def _is_shortcut(name: str, layer: nn.Module) -> bool:
    pointwise = math.prod(_weight(layer).shape[2:]) == 1
    return pointwise and any(word in name.lower() for word in SHORTCUT_NAMES)


def _by_pattern(scheme: Scheme | Mapping[str, Scheme]) -> Mapping[str, Scheme]:
    table = scheme if isinstance(scheme, Mapping) else {"*": scheme}
    for given in table.values():
        if not isinstance(given, Scheme):
            raise InputError(f"{given!r} is no scheme: make one, such as plumline.SignedBinary()")
    return table


def _choose(
    model: nn.Module, layers: Mapping[str, nn.Module], schemes: Mapping[str, Scheme]
) -> dict[str, Scheme]:
    """Return the scheme of each matched layer, the last pattern counting."""
    chosen: dict[str, Scheme] = {}
    for pattern, scheme in schemes.items():
        chosen |= dict.fromkeys(_match(model, layers, pattern), scheme)
    return chosen


def _kept(model: nn.Module, layers: Mapping[str, nn.Module], keep: Iterable[str] | str) -> set[str]:
    kept: set[str] = set()
    for entry in [keep] if isinstance(keep, str) else keep:
        if entry in PRESETS:
            kept |= PRESETS[entry](layers)
        else:
            kept.update(_match(model, layers, entry, others=PRESETS))
    return kept


def _match(
    model: nn.Module, layers: Mapping[str, nn.Module], pattern: str, others: Iterable[str] = ()
) -> list[str]:
    """Return the layers whose names match; raise `InputError` that says why when none does."""
    found = [name for name in layers if fnmatchcase(name, pattern)]
    if found:
        return found
    for name, module in model.named_modules():
        if name and fnmatchcase(name, pattern):
            raise InputError(
                f"the pattern {pattern!r} matches {name!r}, a {type(module).__name__}, and no "
                f"convertible layer: {_inside(layers, name)}"
            )
    near = difflib.get_close_matches(pattern, [*layers, *others], n=1)
    hint = f"did you mean {near[0]!r}?" if near else f"layers are named {_some(layers)}"
    raise InputError(f"the pattern {pattern!r} matches no layer: {hint}")


def _inside(layers: Iterable[str], name: str) -> str:
    if any(layer.startswith(f"{name}.") for layer in layers):
        return f"for the layers in it write {f'{name}.*'!r}"
    return "name Conv1d, Conv2d, Conv3d or Linear layers"


def _some(names: Iterable[str]) -> str:
    shown = [repr(name) for name in names]
    return ", ".join(shown[:3] + ["..."] * (len(shown) > 3))


def _quantizer(name: str, layer: nn.Module, scheme: Scheme) -> Quantizer:
    if quantizer_of(layer):
        raise InputError(f"the layer {name!r} has a scheme already: convert a model only once")
    weight = _weight(layer)
    if nn.parameter.is_lazy(weight):
        raise InputError(f"the layer {name!r} has no weight yet: run the model once before")
    try:
        return scheme.quantizer(weight.detach())
    except InputError as error:
        raise InputError(f"layer {name!r}: {error}") from None


def _total(label: str, rows: Iterable[Row]) -> Row:
    rows = list(rows)
    parameters = sum(row.parameters for row in rows)
    bits = sum(row.parameters * row.bits for row in rows) / max(parameters, 1)
    return Row("total", label, parameters, sum(row.effectual for row in rows), bits)


def _cells(row: Row) -> tuple[str, ...]:
    counts = f"{row.parameters:,}", f"{row.effectual:,}"
    return row.layer or "(model)", row.scheme, *counts, f"{row.density:.3f}", f"{row.bits:.2f}"


def _line(cells: tuple[str, ...], widths: list[int]) -> str:
    left = [cell.ljust(width) for cell, width in zip(cells[:2], widths[:2], strict=True)]
    right = [cell.rjust(width) for cell, width in zip(cells[2:], widths[2:], strict=True)]
    return "  ".join(left + right)
