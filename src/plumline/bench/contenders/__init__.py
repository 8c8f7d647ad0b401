"""The runtimes that can run a network: one file each, registered by name."""

from importlib import import_module
from pkgutil import iter_modules

from plumline.bench.contenders.registry import (
    Bind,
    Call,
    Contender,
    Shapes,
    able,
    contender,
    heeded,
    look_up,
    names,
)

for _module in iter_modules(__path__):  # each contender registers itself
    import_module(f"{__name__}.{_module.name}")

__all__ = ["Bind", "Call", "Contender", "Shapes", "able", "contender", "heeded", "look_up", "names"]
