"""Contexts of the smallest budget there can be."""

from dataclasses import replace
from pathlib import Path

import pytest

from plumline.reproduce import BUDGETS
from plumline.reproduce.context import Context


@pytest.fixture
def context(tmp_path: Path) -> Context:
    """The budget smoke with still smaller images; nothing is printed."""
    smoke = BUDGETS["smoke"]
    tiny = replace(smoke, changes={**smoke.changes, "data.options.size": "8"})
    return Context(tiny, tmp_path / "out", tmp_path / "runs", None, lambda line: None)
