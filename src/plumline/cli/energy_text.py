"""What ``plumline energy`` prints for people."""

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from plumline.cli.text import number, table

if TYPE_CHECKING:
    from plumline.energy import Estimate, Measured


def layers(found: "Estimate") -> str:
    """Lay out one row a layer, and the parts of the chip that take energy."""
    names = [name for name, total in found.components.items() if total]
    head = ["layer", "MACs", "density", *names, "energy"]
    rows = [
        [
            layer.layer.name,
            number(layer.layer.weights * layer.layer.columns),
            number(layer.layer.density),
            *(_short(layer.components[name]) for name in names),
            _short(layer.energy),
        ]
        for layer in found.layers
    ]
    products = [layer.layer for layer in found.layers]
    weights = sum(product.weights for product in products)
    total = [
        "total",
        number(sum(product.weights * product.columns for product in products)),
        number(sum(sum(product.nonzeros) for product in products) / weights),
        *(_short(found.components[name]) for name in names),
        _short(found.energy),
    ]
    return table(head, [*rows, total])


def summary(found: "Estimate", whole: "Estimate", samples: int) -> str:
    """Say the sum for some samples, that of the dense dataflow, and which figures are derived."""
    array = found.array
    lines = [
        f"{_short(found.energy)} {found.unit} with {found.dataflow} dataflow, "
        f"{found.number_format}, {array.multipliers} multipliers, {array.ports} ports, "
        f"table {found.table}"
    ]
    if samples > 1:
        each = found.energy / samples
        lines.append(f"for {samples} samples at once, {_short(each)} {found.unit} a sample")
    if found.dataflow != "dense" and found.energy:
        lines.append(
            f"dense dataflow, as if no weight were zero: {_short(whole.energy)} {whole.unit}, "
            f"{whole.energy / found.energy:.2f}x"
        )
    lines += [f"derived, not published: {name}: {how}" for name, how in found.derived.items()]
    if found.unpriced:
        lines.append(f"no figure in this table, counted as 0: {', '.join(found.unpriced)}")
    return "\n".join(lines)


def simulated(rows: Sequence[Mapping[str, Any]], layers: int) -> str:
    """Lay out what STONNE counted beside the model."""
    head = ["layer", "cycles by STONNE", "energy by STONNE", "by this model", "model/STONNE"]
    body = [
        [
            row["layer"],
            number(row["cycles"]),
            *(_short(row[key]) for key in ("energy", "model")),
            number(row["ratio"]),
        ]
        for row in rows
    ]
    return f"{table(head, body)}\n{len(rows)} of {layers} layers simulated; without DRAM"


def measured(found: "Measured") -> str:
    """Say what the counters of this machine counted."""
    each = f" of {found.samples_per_call} samples" if found.samples_per_call > 1 else ""
    return (
        f"measured here ({', '.join(found.zones)}): {found.joules_per_sample:.4g} J a sample, "
        f"{found.net_joules_per_sample:.4g} J without the {found.idle_watts:.1f} W of the idle "
        f"machine, over {found.calls:,} calls{each}"
    )


def _short(value: float) -> str:
    return f"{value:,.4g}" if value < 1e4 else f"{value:,.0f}"
