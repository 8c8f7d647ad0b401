"""Sets of networks that are measured as a whole: one file each, registered by name."""

from importlib import import_module
from pkgutil import iter_modules

from plumline.bench.suites.registry import Case, Group, Settings, Suite, look_up, names, suite

for _module in iter_modules(__path__):  # each suite registers itself
    if _module.name != "__main__":
        import_module(f"{__name__}.{_module.name}")

__all__ = ["Case", "Group", "Settings", "Suite", "look_up", "names", "suite"]
