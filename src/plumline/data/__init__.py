"""Labelled image sets as numpy arrays: official layouts on disk, nothing downloaded, no PyTorch."""

from importlib import import_module
from pkgutil import iter_modules

from plumline.data.dataset import ArraySplit, DataSet, Split, normalize
from plumline.data.registry import names, open, register

for _module in iter_modules(__path__):  # each set registers itself
    import_module(f"{__name__}.{_module.name}")

__all__ = ["ArraySplit", "DataSet", "Split", "names", "normalize", "open", "register"]
