"""Packages of optional extras, imported only when they are needed."""

import importlib
from types import ModuleType

from plumline.errors import MissingDependencyError


def require(module: str, extra: str) -> ModuleType:
    """Import ``module``; when it is missing, say which extra of plumline brings it."""
    try:
        return importlib.import_module(module)
    except ModuleNotFoundError as error:
        if error.name is None or error.name.split(".")[0] != module.split(".")[0]:
            raise
        raise MissingDependencyError(
            f"this needs the package {error.name!r}: pip install 'plumline[{extra}]'"
        ) from error
