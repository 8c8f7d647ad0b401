"""`analyze` a network: statistics of its weights, and operations under execution models."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from plumline.analysis import repetition, symbols
from plumline.analysis.execution import ExecutionModel, Operations, names, parse
from plumline.analysis.layer import Layer, Network
from plumline.analysis.results import Analysis, LayerAnalysis
from plumline.analysis.sources.read import read_network
from plumline.errors import InputError

DEFAULT_OPERATIONS = ("dense", "sparse", "ucnn", "tables", "plan")
"""Execution models that take no search: all but ``summerge``."""

ALL = "all"

CHANNEL_GROUP = 4


def analyze(
    source: Any,
    *,
    input_shape: Sequence[int] | None = None,
    shapes: Mapping[str, Sequence[int]] | None = None,
    operations: Iterable[str | ExecutionModel] | None = None,
    channel_group: int = CHANNEL_GROUP,
) -> Analysis:
    """Analyse the convolutions and linear layers of a network.

    Args:
        source: path of an ONNX file, a ``.plum`` file or a run folder; a `Program`, an
            ``onnx.ModelProto``, a PyTorch module, or a `Network` read before.
        input_shape: of one sample of a module, without the batch: (3, 224, 224).
        shapes: of inputs that leave sizes open, by name, with the batch.
        operations: execution models to count operations under, as `execution.parse` reads them:
            names, ``"ucnn:group=4"``, or models; or ``"all"``. By default those that take no
            search. Of models that need few values, default and all have those only where the
            network has a layer with few.
        channel_group: length of the runs of channels whose repetition is counted.

    Raises:
        InputError: no network, none with weights, a NaN weight, a shape that does not fit, or a
            model asked for that serves no layer.
    """
    if channel_group < 1:
        raise InputError(f"channel_group is {channel_group}: give a number of channels from 1")
    network = read_network(
        source, input_shape=None if input_shape is None else tuple(input_shape), shapes=shapes
    )
    found = {id(layer): symbols.read(layer.matrix) for layer in network.layers}
    schemes = {id(layer): symbols.scheme(layer, found[id(layer)]) for layer in network.layers}
    quantized = any(scheme != symbols.FLOAT for scheme in schemes.values())
    models = _models(operations, quantized, network)
    layers = [
        _layer(layer, found[id(layer)], schemes[id(layer)], models, channel_group)
        for layer in network.layers
    ]
    labels = tuple(model.label for model in models)
    return Analysis(network.source, network.kind, labels, channel_group, tuple(layers))


def _models(
    specs: Iterable[str | ExecutionModel] | None, quantized: bool, network: Network
) -> tuple[ExecutionModel, ...]:
    asked = DEFAULT_OPERATIONS if specs is None else tuple(specs)
    every = ALL in asked
    models = parse(names() if every else asked)
    unserved = [model for model in models if model.needs_few_values and not quantized]
    if unserved and specs is not None and not every:
        raise InputError(
            f"{network.source} has no quantized layer, and {unserved[0].name!r} counts only layers "
            f"whose filters have at most {symbols.FEW} values: ask for 'dense' or 'sparse'"
        )
    return tuple(model for model in models if model not in unserved)


def _layer(
    layer: Layer,
    found: symbols.Symbols,
    scheme: str,
    models: Iterable[ExecutionModel],
    channel_group: int,
) -> LayerAnalysis:
    codes = repetition.codes(layer.matrix, found.distinct <= symbols.FEW)
    is_float = scheme == symbols.FLOAT
    counts: dict[str, Operations | None] = {
        model.label: None if model.needs_few_values and is_float else model.count(layer)
        for model in models
    }
    return LayerAnalysis(
        name=layer.name,
        op=layer.op,
        kernel=layer.step.kernel if layer.step else "",
        weight_shape=tuple(layer.weight.shape),
        groups=layer.groups,
        strides=layer.strides,
        input_size=layer.input_size,
        output_size=layer.output_size,
        scheme=scheme,
        pattern=found.summary,
        region_channels=(
            symbols.region_channels(layer) if scheme == symbols.SIGNED_BINARY else None
        ),
        parameters=layer.parameters,
        effectual=int((layer.matrix != 0).sum()),
        distinct_filters=repetition.distinct_filters(codes),
        slices=layer.filters * layer.channels,
        distinct_slices=repetition.distinct_slices(codes, layer),
        channel_groups=layer.filters * layer.taps * -(-layer.channels // channel_group),
        distinct_channel_groups=repetition.distinct_channel_groups(codes, layer, channel_group),
        entropy_bits=float(found.entropy.mean()),
        form=layer.form,
        packed_bytes=layer.packed_bytes,
        dense_macs=layer.dense_macs,
        operations=counts,
    )
