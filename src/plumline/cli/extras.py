"""Which extra of plumline brings which package."""

EXTRAS = {
    "base": {"numpy": "numpy", "onnx": "onnx"},
    "train": {
        "torch": "torch",
        "onnxscript": "onnxscript",
        "lightning_fabric": "lightning-fabric",
        "kornia": "kornia",
        "sklearn": "scikit-learn",
        "scipy": "scipy",
        "PIL": "pillow",
        "tqdm": "tqdm",
    },
    "bench": {"onnxruntime": "onnxruntime", "openvino": "openvino"},
    "tensorboard": {"tensorboard": "tensorboard"},
    "report": {"matplotlib": "matplotlib"},
}
"""For each extra, the modules it brings and the distributions that they come from."""


def cure(module: str | None) -> str | None:
    """Return what to install when a module is not found; None when no extra brings it."""
    root = (module or "").split(".")[0]
    for extra, modules in EXTRAS.items():
        if root in modules:
            wanted = "plumline" if extra == "base" else f"plumline[{extra}]"
            return f"this needs the package {modules[root]!r}: pip install '{wanted}'"
    return None
