"""Repetition and sparsity of a network, layer by layer and as a whole: the result types."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, fields
from math import prod
from typing import Any

from plumline.analysis.execution.operations import Operations

Counts = Mapping[str, Operations | None]


@dataclass(frozen=True)
class LayerAnalysis:
    """What the weights of one layer are, and what applying them to one sample takes.

    Sizes are without the batch. ``name`` is the module's, or that of the program's step.

    - ``op``: ``"conv"`` or ``"linear"``; ``kernel``: the engine's kernel, empty outside a program.
    - ``weight_shape``: (M, C / groups, *kernel); ``input_size``, ``output_size``: (C, *spatial).
    - ``scheme``: what the weights look like, one of `symbols.SCHEMES`; ``pattern``: the value sets
      of the filters; ``region_channels``: C_t of a signed-binary layer, else None.
    - ``parameters``, ``effectual``: weights, and those that are not zero.
    - ``distinct_filters`` of M; ``slices``, ``distinct_slices``: R x S pieces of one filter and
      channel; ``channel_groups``, ``distinct_channel_groups``: runs of channels at one tap. Filters
      are compared without a factor of their own (`repetition.codes`).
    - ``entropy_bits``: a weight, mean entropy of a filter's own distribution of values.
    - ``packed_bytes``: of the weights in the artifact; ``form``: as what they are held there.
    - ``dense_macs``: multiply-accumulates of one sample as if nothing were zero or repeated.
    - ``operations``: by label of the execution model; None where a model does not serve the layer.
    """

    name: str
    op: str
    kernel: str
    weight_shape: tuple[int, ...]
    groups: int
    strides: tuple[int, ...]
    input_size: tuple[int, ...]
    output_size: tuple[int, ...]
    scheme: str
    pattern: str
    region_channels: int | None
    parameters: int
    effectual: int
    distinct_filters: int
    slices: int
    distinct_slices: int
    channel_groups: int
    distinct_channel_groups: int
    entropy_bits: float
    form: str
    packed_bytes: int
    dense_macs: int
    operations: Counts

    @property
    def quantized(self) -> bool:
        """Whether every filter has few values."""
        return self.scheme != "float"

    @property
    def density(self) -> float:
        """Part of the weights that are not zero, in [0, 1]."""
        return self.effectual / self.parameters

    @property
    def dense_operations(self) -> Operations:
        """What the execution model ``dense`` counts."""
        return Operations(self.dense_macs - prod(self.output_size), self.dense_macs)

    @property
    def packed_bits(self) -> float:
        """Bits of the artifact a weight, coefficients and indices included."""
        return 8 * self.packed_bytes / self.parameters

    def to_dict(self) -> dict[str, Any]:
        """Return all columns, ready for JSON."""
        return _to_dict(self)


@dataclass(frozen=True)
class Totals:
    """The sum over some layers; ``entropy_bits`` is the mean over their weights.

    ``operations`` has every label; a layer that a model does not serve counts as under ``dense``.
    """

    layers: int
    parameters: int
    effectual: int
    entropy_bits: float
    packed_bytes: int
    dense_macs: int
    dense_operations: Operations
    operations: Mapping[str, Operations]

    @property
    def density(self) -> float:
        """Part of the weights that are not zero, in [0, 1]; 0 where there are none."""
        return self.effectual / self.parameters if self.parameters else 0.0

    @property
    def packed_bits(self) -> float:
        """Bits of the artifact a weight; 0 where there are none."""
        return 8 * self.packed_bytes / self.parameters if self.parameters else 0.0

    def to_dict(self) -> dict[str, Any]:
        """Return all columns, ready for JSON."""
        return _to_dict(self)


@dataclass(frozen=True)
class Analysis:
    """A network's layers in the order they run.

    ``kind`` is ``"onnx"``, ``"program"``, ``"run"`` or ``"model"``; ``source`` names it.
    ``models`` are the labels of the execution models counted; ``channel_group`` is the length of
    the runs of channels whose repetition is counted.
    """

    source: str
    kind: str
    models: tuple[str, ...]
    channel_group: int
    layers: tuple[LayerAnalysis, ...]

    @property
    def total(self) -> Totals:
        """The sum over all layers."""
        return self._sum(self.layers)

    @property
    def quantized(self) -> Totals:
        """The sum over the layers whose filters have few values."""
        return self._sum([layer for layer in self.layers if layer.quantized])

    def _sum(self, layers: Iterable[LayerAnalysis]) -> Totals:
        layers = tuple(layers)
        parameters = sum(layer.parameters for layer in layers)
        operations = {}
        for label in self.models:
            counts = [layer.operations[label] or layer.dense_operations for layer in layers]
            operations[label] = sum(counts, Operations())
        return Totals(
            layers=len(layers),
            parameters=parameters,
            effectual=sum(layer.effectual for layer in layers),
            entropy_bits=sum(layer.entropy_bits * layer.parameters for layer in layers)
            / max(parameters, 1),
            packed_bytes=sum(layer.packed_bytes for layer in layers),
            dense_macs=sum(layer.dense_macs for layer in layers),
            dense_operations=sum((layer.dense_operations for layer in layers), Operations()),
            operations=operations,
        )

    def to_dict(self) -> dict[str, Any]:
        """Return everything, ready for JSON."""
        return {
            "source": self.source,
            "kind": self.kind,
            "models": list(self.models),
            "channel_group": self.channel_group,
            "total": self.total.to_dict(),
            "quantized": self.quantized.to_dict(),
            "layers": [layer.to_dict() for layer in self.layers],
        }

    def rows(self) -> list[dict[str, Any]]:
        """Return one flat row a layer and model, ready for CSV: the long form that plots want."""
        rows = []
        for layer in self.layers:
            facts = {k: _flat(v) for k, v in layer.to_dict().items() if "operations" not in k}
            for label, counts in layer.operations.items():
                found = {"additions": "", "multiplications": ""} if counts is None else vars(counts)
                rows.append({**facts, "model": label, **found})
        return rows


def _to_dict(record: LayerAnalysis | Totals) -> dict[str, Any]:
    plain = {
        field.name: list(value) if isinstance(value, tuple) else value
        for field in fields(record)
        if (value := getattr(record, field.name)) is not record.operations
    }
    counts = {
        label: None if found is None else {**vars(found), "total": found.total}
        for label, found in record.operations.items()
    }
    derived = {"density": record.density, "packed_bits": record.packed_bits}
    dense = {**vars(record.dense_operations), "total": record.dense_operations.total}
    return {**plain, **derived, "dense_operations": dense, "operations": counts}


def _flat(value: Any) -> Any:
    return "x".join(map(str, value)) if isinstance(value, list) else value
