"""The instructions that the kernels for AMX are compiled to: the same bits as the emulation.

Where the processor has no tile registers, each instruction is trapped and carried out by the
library that ``trap_tiles.c`` makes. So all that is left untried there is the processor itself.
"""

import os
import platform
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

native: Any = pytest.importorskip("plumline.runtime._native")
HERE = Path(__file__).parent
COMPILER = shutil.which("cc") or shutil.which("gcc")
HAS_AMX = "amx" in native.available_isas()

pytestmark = [
    pytest.mark.skipif("avx512" not in native.available_isas(), reason="AMX comes with AVX-512"),
    pytest.mark.skipif(platform.system() != "Linux", reason="AMX is used on Linux"),
    pytest.mark.skipif(COMPILER is None, reason="there is no C compiler to build the trap with"),
    pytest.mark.skipif(
        "asan" in os.environ.get("LD_PRELOAD", ""), reason="the trap must be preloaded alone"
    ),
]


@pytest.fixture(scope="module")
def trap(tmp_path_factory: pytest.TempPathFactory) -> Path:
    library = tmp_path_factory.mktemp("trap") / "trap.so"
    source = HERE / "trap_tiles.c"
    options = ["-shared", "-fPIC", "-O1", "-ffp-contract=off", "-Wall", "-Wextra", "-Werror"]
    subprocess.run([str(COMPILER), *options, "-o", library, source, "-lm"], check=True)
    return library


# Generated code may be faster than tiles; here the tiles are to run.
GIVEN_TILES = {"PLUMLINE_JIT": "0"}


def run(arguments: list[str], **environment: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, str(HERE / "run_tile_instructions.py"), *arguments]
    done = subprocess.run(
        command,
        capture_output=True,
        text=True,
        env=os.environ | GIVEN_TILES | environment,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return done


def test_compiled_instructions_give_the_bits_of_the_emulation(trap: Path) -> None:
    done = run([], **({} if HAS_AMX else {"LD_PRELOAD": str(trap)}))
    assert done.stderr == ""
    assert HAS_AMX or int(done.stdout) > 1000


@pytest.mark.skipif(HAS_AMX, reason="real products cannot be made wrong")
def test_amx_that_answers_wrongly_stays_off(trap: Path) -> None:
    done = run(["wrong"], LD_PRELOAD=str(trap), PLUMLINE_TEST_WRONG_TILES="1")
    assert "limbs" not in done.stdout
    assert "/avx512" in done.stdout
    assert done.stderr.count("AMX stays off") == 1
