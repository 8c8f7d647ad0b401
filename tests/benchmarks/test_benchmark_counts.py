"""The files of counts are what the code counts, and agree with those of other commands."""

import csv
import importlib.util
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
RESULTS = ROOT / "benchmarks" / "results"


def read(name: str) -> list[dict[str, str]]:
    with (RESULTS / name).open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def test_densities_are_those_of_the_schemes() -> None:
    spec = importlib.util.spec_from_file_location("counts", ROOT / "benchmarks" / "counts.py")
    assert spec
    assert spec.loader
    counts = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(counts)
    written = [(row["latents"], float(row["density"])) for row in read("counts/latent-density.csv")]
    found = [(row["latents"], pytest.approx(row["density"])) for row in counts.densities()]
    assert written == found


def test_both_files_of_energy_have_the_same_ratio_at_the_standard_array() -> None:
    arrays = {
        (row["table"], row["format"]): float(row["256/128"])
        for row in read("counts/energy-arrays.csv")
    }
    found = {
        (row["table"], row["format"]): float(row["ratio"])
        for row in read("plum/energy.csv")
        if row["layer"] == "all"
    }
    both = arrays.keys() & found.keys()
    assert len(both) == 6
    assert all(arrays[key] == pytest.approx(found[key]) for key in both)
