"""The numbers in the documents are those of the CSV files."""

import argparse
import csv
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


def test_no_table_names_a_folder_of_the_machine_that_made_it() -> None:
    paths = sorted((ROOT / "benchmarks" / "results").rglob("*.csv"))
    assert paths
    for path in paths:
        with path.open(encoding="utf-8", newline="") as file:
            cells = [cell for row in csv.reader(file) for cell in row]
        assert [cell for cell in cells if cell.startswith("/")] == [], path


def script(name: str) -> ModuleType:
    """Import a script of the folder `benchmarks`."""
    spec = importlib.util.spec_from_file_location(name, ROOT / "benchmarks" / f"{name}.py")
    assert spec
    assert spec.loader
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_a_trained_network_is_timed_by_its_name_below_the_runs(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    module = script("cifar10_resnet20")
    calls: list[tuple[list[str], Path]] = []
    monkeypatch.setattr(
        module, "plumline", lambda *arguments, folder: calls.append(([*arguments], folder))
    )
    module.speed("binary", argparse.Namespace(runs=tmp_path, form="plum"))
    (((verb, network, *_, table), folder),) = calls
    assert (verb, str(network)) == ("bench", "cifar10-resnet20-binary-plum/net.onnx")
    assert folder == tmp_path
    assert table.is_absolute()


@pytest.fixture
def tables(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> ModuleType:
    """The script, with one file of results."""
    module = script("tables")
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
