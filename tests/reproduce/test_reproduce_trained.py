"""The densities that counts assume for trained networks are those that training came to."""

import csv
from pathlib import Path

import pytest

from plumline.reproduce.plum.arithmetic import TRAINED

RESULTS = Path(__file__).parents[2] / "benchmarks" / "results"


def test_counts_use_the_densities_of_the_trained_networks() -> None:
    with (RESULTS / "plum" / "accuracy.csv").open(newline="") as file:
        found = {row["scheme"]: float(row["density"]) for row in csv.DictReader(file)}
    assert {scheme: pytest.approx(found[scheme], abs=5e-4) for scheme in TRAINED} == TRAINED
