"""The page on training says what the code does."""

import re
from dataclasses import fields
from pathlib import Path
from typing import Any

import pytest

from plumline.training import Recipe
from plumline.training.schedule import SCHEDULES
from plumline.training.tables import literal

PAGE = (Path(__file__).parents[2] / "docs" / "training.md").read_text()


def documented(section: str) -> dict[str, Any]:
    """Read the keys and defaults of a section's table."""
    part = PAGE.split(f"### `[{section}]`")[1].split("\n## ")[0].split("\n### ")[0]
    rows = re.findall(r"^\| `(\w+)` \| `(.+?)` \| .+ \|$", part, re.MULTILINE)
    return {key: literal(default) for key, default in rows}


@pytest.mark.parametrize("section", ["scheme", "train", "augment", "distill"])
def test_every_key_is_there_with_its_default(section: str) -> None:
    values = vars(getattr(Recipe(), section))
    plain = {key: list(v) if isinstance(v, tuple) else v for key, v in values.items()}
    assert documented(section) == plain


def test_every_recipe_section_and_schedule_is_there() -> None:
    for name in [field.name for field in fields(Recipe)]:
        assert f"`[{name}]`" in PAGE
    for name in SCHEDULES:
        assert f"| `{name}` |" in PAGE


def test_every_shipped_recipe_is_there() -> None:
    part = PAGE.split("## Recipes")[1].split("\n### ")[0]
    named = set()
    for cell in re.findall(r"^\| (`.+?) \|", part, re.MULTILINE):
        first, *others = re.findall(r"`([\w-]+)`", cell)
        # `cifar10-resnet20-float` `-binary`: the latter is cifar10-resnet20-binary.
        named |= {first, *(first.rpartition("-")[0] + other for other in others)}
    assert named == {name.partition(":")[0] for name in Recipe.shipped()}
    for name in Recipe.shipped():
        assert f":{name.partition(':')[2]}" in part


def test_the_loop_of_ones_own_learns(capsys: pytest.CaptureFixture[str]) -> None:
    code = PAGE.split("## Your own loop")[1].split("```python\n")[1].split("```")[0]
    exec(compile(code, "docs/training.md", "exec"), {})
    assert float(capsys.readouterr().out) > 90
