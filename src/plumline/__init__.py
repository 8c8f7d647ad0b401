"""plumline: train networks whose weights repeat and vanish, and run them fast on a CPU.

Importing plumline loads nothing else; a part is loaded when one of its names is first used, so that
running a compiled program needs numpy alone.
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from plumline import data, models, schemes
    from plumline.compiler import compile
    from plumline.convert import ConversionReport, convert_, freeze
    from plumline.errors import InputError
    from plumline.export import export_onnx
    from plumline.runtime import Program, load
    from plumline.schemes import Binary, Float, SignedBinary, Ternary
    from plumline.training import Recipe, fit

__version__ = "0.1.0"

_HOME = {
    "Binary": "schemes",
    "ConversionReport": "convert",
    "Float": "schemes",
    "InputError": "errors",
    "Program": "runtime",
    "Recipe": "training",
    "SignedBinary": "schemes",
    "Ternary": "schemes",
    "compile": "compiler",
    "convert_": "convert",
    "export_onnx": "export",
    "fit": "training",
    "freeze": "convert",
    "load": "runtime",
}
_MODULES = ("data", "models", "schemes")

__all__ = [
    "Binary",
    "ConversionReport",
    "Float",
    "InputError",
    "Program",
    "Recipe",
    "SignedBinary",
    "Ternary",
    "compile",
    "convert_",
    "data",
    "export_onnx",
    "fit",
    "freeze",
    "load",
    "models",
    "schemes",
]


def __getattr__(name: str) -> Any:
    if name in _MODULES:
        return import_module(f"plumline.{name}")
    if name in _HOME:
        return getattr(import_module(f"plumline.{_HOME[name]}"), name)
    raise AttributeError(f"module 'plumline' has no attribute {name!r}")


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
