"""Convolutional networks written for being quantized: one file a family, one name a model."""

from importlib import import_module
from pkgutil import iter_modules

from plumline.models.counting import count_macs, count_parameters
from plumline.models.registry import create, names, register
from plumline.models.weights import load_arrays, load_npz

for _module in iter_modules(__path__):  # each family registers its models
    import_module(f"{__name__}.{_module.name}")

__all__ = [
    "count_macs",
    "count_parameters",
    "create",
    "load_arrays",
    "load_npz",
    "names",
    "register",
]
