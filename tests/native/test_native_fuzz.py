"""Whatever a program says, the engine answers or refuses: it never crashes."""

import subprocess
import sys
from pathlib import Path

import pytest

FOLDER = Path(__file__).parent


def counted(script, seed, cases):
    """What a script prints, a number; it dies where the engine does."""
    command = [sys.executable, str(FOLDER / script), str(seed), str(cases)]
    done = subprocess.run(command, capture_output=True, text=True, timeout=300, check=False)
    assert done.returncode == 0, done.stderr[-4000:]
    return int(done.stdout)


@pytest.mark.parametrize("seed", range(3))
def test_random_programs_are_answered_or_refused(seed):
    assert counted("fuzz_operators.py", seed, 3000) > 3000 / 3  # enough get as far as running


def test_random_chains_of_convolutions_equal_the_reference():
    assert counted("fuzz_chains.py", 0, 40) > 40


def test_random_chains_of_layers_on_codes_equal_the_reference():
    assert counted("fuzz_code_chains.py", 0, 30) > 30
