"""Sets of networks that are measured as a whole: one file each, registered by name."""

from importlib import import_module
from pkgutil import iter_modules

for _module in iter_modules(__path__):  # each suite registers itself
    import_module(f"{__name__}.{_module.name}")
