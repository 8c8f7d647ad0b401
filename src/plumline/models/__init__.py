"""Convolutional networks written for being quantized: one file a family, one name a model."""

from importlib import import_module
from pkgutil import iter_modules

from plumline.models.registry import create, names, register

for _module in iter_modules(__path__):  # each family registers its models
    import_module(f"{__name__}.{_module.name}")

__all__ = ["create", "names", "register"]
