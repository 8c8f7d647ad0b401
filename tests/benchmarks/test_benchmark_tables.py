"""The numbers in the documents are those of the CSV files."""

import importlib.util
import subprocess
import sys
from pathlib import Path
from types import ModuleType

import pytest

ROOT = Path(__file__).parents[2]


def test_every_table_in_the_documents_is_up_to_date() -> None:
    command = [sys.executable, str(ROOT / "benchmarks" / "tables.py"), "--check"]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr


@pytest.fixture
def tables(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> ModuleType:
    """The script, with one file of results."""
    spec = importlib.util.spec_from_file_location("tables", ROOT / "benchmarks" / "tables.py")
    assert spec
    assert spec.loader
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    (tmp_path / "a.csv").write_text("cap,over,ratio\navx2,best other,2.25\navx2,torch,\n")
    monkeypatch.setattr(module, "RESULTS", tmp_path)
    return module


@pytest.mark.parametrize(
    ("marker", "table"),
    [
        (
            "a.csv | over, ratio=faster:.1f",
            "| over | faster |\n|---|---|\n| best other | 2.2 |\n| torch |  |",
        ),
        ("a.csv b.csv | ratio | cap=avx2, over=best other", "| ratio |\n|---|\n| 2.25 |"),
        ("a.csv | ratio | over=nobody", "| ratio |\n|---|"),
        ("b.csv | ratio", "*Not measured yet.*"),
    ],
)
def test_a_marker_says_files_columns_and_rows(marker: str, table: str, tables: ModuleType) -> None:
    text = "before\n<!-- table: {} -->\n{}\n<!-- end -->\nafter"
    filled = tables.TABLE.sub(tables.fill, text.format(marker, "old"))
    assert filled == text.format(marker, table)
    assert tables.TABLE.sub(tables.fill, filled) == filled
