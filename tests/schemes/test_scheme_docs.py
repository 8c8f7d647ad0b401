"""The examples of docs/schemes.md run in the order in which they stand."""

import re
from pathlib import Path

import pytest

from plumline.schemes import base

PAGE = Path(__file__).parents[2] / "docs" / "schemes.md"


@pytest.fixture(autouse=True)
def _registry(monkeypatch):
    monkeypatch.setattr(base, "_SCHEMES", dict(base._SCHEMES))


def test_examples_run(capsys):
    blocks = re.findall(r"```python\n(.*?)```", PAGE.read_text(encoding="utf-8"), re.DOTALL)
    assert len(blocks) == 4
    names = {"__name__": "examples"}
    for block in blocks:
        exec(compile(block, str(PAGE), "exec"), names)
    assert "of the quantized weights are not zero" in capsys.readouterr().out
