"""Events times energies: what a network takes, layer by layer."""

from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass
from typing import Any

from plumline._names import look_up
from plumline.energy.array import Array, MatrixProduct, count
from plumline.energy.events import COMPONENTS, EVENTS, Events
from plumline.energy.tables import BITS, EnergyTable


@dataclass(frozen=True)
class LayerEnergy:
    """What one layer takes: its events, and the energy of each part of the chip.

    ``components`` has the energy of one sample by part (`COMPONENTS`), in the unit of the table.
    """

    layer: MatrixProduct
    events: Events
    components: Mapping[str, float]

    @property
    def energy(self) -> float:
        """The sum over the components."""
        return sum(self.components.values())

    def to_dict(self) -> dict[str, Any]:
        """Return one flat record, ready for CSV and JSON."""
        return {
            "layer": self.layer.name,
            "macs": self.layer.weights * self.layer.columns,
            "density": self.layer.density,
            **asdict(self.events),
            **{f"energy_{name}": energy for name, energy in self.components.items()},
            "energy": self.energy,
        }


@dataclass(frozen=True)
class Estimate:
    """The energy of a network on an array, in ``unit``, and how each figure is known.

    ``prices`` has the energy of each event that the table knows. ``derived`` says, for each event
    that happens and whose energy is no published one, how it was derived; ``unpriced`` are the
    events that happen and that the table has no figure for.
    """

    table: str
    unit: str
    number_format: str
    dataflow: str
    array: Array
    layers: tuple[LayerEnergy, ...]
    prices: Mapping[str, float]
    derived: Mapping[str, str]
    unpriced: tuple[str, ...]

    @property
    def energy(self) -> float:
        """The sum over the layers."""
        return sum(layer.energy for layer in self.layers)

    @property
    def components(self) -> dict[str, float]:
        """The sum over the layers of each part of the chip."""
        return {name: sum(layer.components[name] for layer in self.layers) for name in COMPONENTS}

    def to_dict(self) -> dict[str, Any]:
        """Return everything, ready for JSON."""
        return {
            "table": self.table,
            "unit": self.unit,
            "format": self.number_format,
            "dataflow": self.dataflow,
            "array": asdict(self.array),
            "energy": self.energy,
            "components": self.components,
            "layers": [layer.to_dict() for layer in self.layers],
            "derived": dict(self.derived),
            "unpriced": list(self.unpriced),
        }


def estimate(
    layers: Iterable[MatrixProduct],
    *,
    table: EnergyTable,
    number_format: str = "fp16",
    dataflow: str = "sparse",
    array: Array | None = None,
) -> Estimate:
    """Estimate the energy of one inference.

    Raises `InputError` for an unknown format or dataflow, and where the table has an event in other
    formats only.

    Args:
        layers: the matrix products of the network, for one image or as many as ``columns`` count.
        table: event energies.
        number_format: of weights, activations and partial sums alike; a key of `BITS`.
        dataflow: ``"dense"`` or ``"sparse"``, see `array`.
        array: the accelerator; `Array` as it is if None.
    """
    array = array or Array()
    bits = look_up("number format", number_format, BITS)
    counted = [(layer, count(layer, array, dataflow, bits)) for layer in layers]
    known = {event: table.price(event, number_format, array.buffer_kib) for event in EVENTS}
    prices = {event: price.energy for event, price in known.items() if price}
    total = asdict(sum((events for _, events in counted), Events()))
    happening = {event: known[event] for event in EVENTS if total[event]}
    return Estimate(
        table=table.name,
        unit=table.unit,
        number_format=number_format,
        dataflow=dataflow,
        array=array,
        layers=tuple(
            LayerEnergy(layer, events, by_component(events, prices)) for layer, events in counted
        ),
        prices=prices,
        derived={e: p.source for e, p in happening.items() if p and not p.published},
        unpriced=tuple(event for event, price in happening.items() if price is None),
    )


def by_component(events: Events, prices: Mapping[str, float]) -> dict[str, float]:
    """Return the energy of each part of the chip; events without a price take none."""
    return {
        component: sum(getattr(events, event) * prices.get(event, 0.0) for event in parts)
        for component, parts in COMPONENTS.items()
    }
