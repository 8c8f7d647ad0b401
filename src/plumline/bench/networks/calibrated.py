"""A float network with 8-bit activations and weights, as ``plumline quantize`` makes them."""

from dataclasses import replace

from plumline.bench.subject import Subject

IMAGES = 4


def quantize(subject: Subject) -> Subject:
    """Return the network in QuantizeLinear/DequantizeLinear form, calibrated with random inputs.

    Activations are uint8 with one scale, weights int8 with a scale a filter. The module is left
    out: PyTorch has no part in it.

    ONNX Runtime's own quantizer is not used: it puts codes on either side of PRelu, Pad and Slice
    too, and OpenVINO's answers to a ResNet-20 in that form are not those of the other runtimes.
    """
    from plumline.quantization import quantize as insert_quantizers

    assert isinstance(subject.onnx, bytes)
    shapes = subject.shapes(1)
    found = insert_quantizers(
        subject.onnx, lambda: (subject.noise(shapes, seed) for seed in range(IMAGES))
    )
    made = Subject.of_onnx(found.model.SerializeToString(), subject.name)
    return replace(made, metadata=subject.metadata)
