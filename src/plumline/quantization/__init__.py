"""Post-training quantization: a float ONNX network to the same one on 8-bit integers (QDQ)."""

from plumline.quantization.quantize import METHODS, Quantized, quantize
from plumline.quantization.samples import read_samples

__all__ = ["METHODS", "Quantized", "quantize", "read_samples"]
