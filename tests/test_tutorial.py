"""The pages are run as they stand: the tutorial's blocks in order, and the tour of the README."""

import re
import shlex
from pathlib import Path

import pytest

from plumline.cli import main

ROOT = Path(__file__).parents[1]
BLOCK = re.compile(r"^```(python|sh)\n(.*?)^```$", re.MULTILINE | re.DOTALL)


def blocks(page: str) -> list[tuple[str, str]]:
    return BLOCK.findall((ROOT / page).read_text(encoding="utf-8"))


def run(page: str) -> None:
    """Run Python blocks in one namespace, each line of a shell block as a ``plumline`` command."""
    names: dict[str, object] = {"__name__": page}
    for number, (language, text) in enumerate(blocks(page)):
        if language == "python":
            exec(compile(text, f"{page}, block {number}", "exec"), names)
            continue
        for line in text.splitlines():
            program, *arguments = shlex.split(line, comments=True)
            assert program == "plumline"
            assert main(arguments) == 0, line


@pytest.mark.parametrize("page", ["docs/tutorial.md", "README.md"])
def test_a_page_runs_as_it_stands(
    page: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("PLUMLINE_DATA", raising=False)  # a page assumes no data on the disk
    run(page)
    assert "Traceback" not in capsys.readouterr().err


def test_the_pages_have_blocks_to_run() -> None:
    languages = [language for language, _ in blocks("docs/tutorial.md")]
    assert languages.count("python") >= 7
    assert languages.count("sh") >= 4
    (tour,) = [text for language, text in blocks("README.md") if language == "python"]
    assert len([line for line in tour.splitlines() if line]) <= 15


@pytest.mark.parametrize("page", ["README.md", *(f"docs/{p.name}" for p in ROOT.glob("docs/*.md"))])
def test_links_between_pages_lead_somewhere(page: str) -> None:
    path = ROOT / page
    for target in re.findall(r"\]\(([^)#:]+)(?:#[^)]*)?\)", path.read_text(encoding="utf-8")):
        assert (path.parent / target).exists(), f"{page} links to {target}"


def test_every_dependency_has_its_reason() -> None:
    page = (ROOT / "docs/dependencies.md").read_text(encoding="utf-8").lower()
    project = (ROOT / "pyproject.toml").read_text(encoding="utf-8")
    lists = re.findall(r"^\w+ = (\[.*?\])$", project, re.M | re.S)
    packages = [text for block in lists for text in re.findall(r'"([\w.-]+)>=', block)]
    assert len(packages) > 10
    assert not [name for name in packages if name.lower() not in page]
