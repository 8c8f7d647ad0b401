"""Lets the tests run on another build of the native module: the one in $PLUMLINE_NATIVE_DIR."""

import importlib.util
import os
import sys
from pathlib import Path

NAME = "plumline.runtime._native"


def use_build_from_environment() -> None:
    """Load the module from $PLUMLINE_NATIVE_DIR, if set, so that every later import finds it."""
    folder = os.environ.get("PLUMLINE_NATIVE_DIR")
    if not folder or NAME in sys.modules:
        return
    (path,) = Path(folder).glob("_native*.so")
    spec = importlib.util.spec_from_file_location(NAME, path)
    assert spec
    assert spec.loader
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    sys.modules[NAME] = module
    import plumline.runtime

    plumline.runtime._native = module
