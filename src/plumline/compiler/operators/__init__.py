"""How each ONNX operator becomes steps: one file a family, registered beside its definition."""

from plumline.compiler.operators import (  # noqa: F401 - importing a file registers its operators
    activations,
    arrangement,
    conv,
    elementwise,
    linear,
    neutral,
    normalization,
    pooling,
    quantization,
    reshaping,
)
