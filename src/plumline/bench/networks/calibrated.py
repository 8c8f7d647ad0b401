"""A float network with 8-bit activations and weights, by ONNX Runtime's own calibration."""

import logging
import tempfile
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

from plumline._extras import require
from plumline.bench.subject import Feed, Subject

IMAGES = 4


def quantize(subject: Subject) -> Subject:
    """Return the network in QuantizeLinear/DequantizeLinear form, calibrated with random inputs.

    Activations are uint8 with one scale, weights int8 with a scale a filter. The module is left
    out: PyTorch has no part in it.
    """
    quantization = require("onnxruntime.quantization", "bench")
    assert isinstance(subject.onnx, bytes)

    with tempfile.TemporaryDirectory() as folder:
        source, folded, target = (Path(folder) / f"{n}.onnx" for n in ("float", "folded", "int8"))
        source.write_bytes(subject.onnx)
        level = logging.root.level
        logging.root.setLevel(logging.ERROR)
        try:
            prepare = require("onnxruntime.quantization.shape_inference", "bench").quant_pre_process
            prepare(source, folded, skip_symbolic_shape=True)
            quantization.quantize_static(
                folded,
                target,
                _Images(subject),
                quant_format=quantization.QuantFormat.QDQ,
                per_channel=True,
                activation_type=quantization.QuantType.QUInt8,
                weight_type=quantization.QuantType.QInt8,
            )
        finally:
            logging.root.setLevel(level)
        made = Subject.of_onnx(target.read_bytes(), subject.name)
    return replace(made, metadata=subject.metadata)


class _Images:
    """Random inputs, one feed after the other, in the form that the quantizer asks for them."""

    def __init__(self, subject: Subject) -> None:
        shapes = subject.shapes(1)
        self._feeds: Iterator[Feed] = (subject.noise(shapes, seed) for seed in range(IMAGES))

    def get_next(self) -> Feed | None:
        return next(self._feeds, None)
