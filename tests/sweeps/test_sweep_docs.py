"""The page on sweeps says what the code does."""

import re
from pathlib import Path

import pytest

from plumline.sweeps import Spec

PAGE = (Path(__file__).parents[2] / "docs" / "sweeps.md").read_text()


def test_the_file_on_the_page_is_a_sweep():
    (text,) = re.findall(r"```toml\n(.*?)```", PAGE, re.DOTALL)
    spec = Spec.from_toml(text)
    assert len(list(spec.grid())) == 2 * 3 * 2
    for point in spec.grid():
        spec.recipe(point)


def test_every_shipped_sweep_is_there_and_no_other():
    assert re.findall(r"^\| `(plum-[a-z-]+)` \|", PAGE, re.MULTILINE) != []
    assert set(re.findall(r"^\| `(plum-[a-z-]+)` \|", PAGE, re.MULTILINE)) == set(Spec.shipped())


def test_the_examples_run(tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    for code in re.findall(r"```python\n(.*?)```", PAGE, re.DOTALL):
        exec(compile(code, "docs/sweeps.md", "exec"), {})
    said = capsys.readouterr().out
    assert "'width': 0.59375" in said
    assert "'blocks': '2-2-1'" in said
    assert (tmp_path / "sweeps" / "delta" / "results.csv").is_file()


@pytest.mark.parametrize("key", ["base", "about", "sampler", "trials", "seed", "goal"])
def test_every_key_is_there(key):
    assert f"| `{key}` |" in PAGE
