"""run() allocates nothing: any program needs as many allocations as one without a node."""

import json
import os
import platform
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from native_support import ISAS, THREADS

HERE = Path(__file__).parent
COMPILER = shutil.which("cc") or shutil.which("gcc")

pytestmark = [
    pytest.mark.skipif(
        platform.libc_ver()[0] != "glibc", reason="the counter replaces glibc's malloc"
    ),
    pytest.mark.skipif(COMPILER is None, reason="there is no C compiler to build the counter with"),
    pytest.mark.skipif(
        "asan" in os.environ.get("LD_PRELOAD", ""), reason="AddressSanitizer has its own malloc"
    ),
]


@pytest.fixture(scope="module")
def counter(tmp_path_factory):
    library = tmp_path_factory.mktemp("counter") / "count.so"
    source = HERE / "count_allocations.c"
    subprocess.run([COMPILER, "-shared", "-fPIC", "-O1", "-o", library, source], check=True)
    return library


@pytest.mark.parametrize("isa", ISAS)
@pytest.mark.parametrize("threads", THREADS)
def test_run_allocates_nothing(counter, isa, threads):
    command = [sys.executable, HERE / "count_run_allocations.py", isa, str(threads)]
    environment = os.environ | {"LD_PRELOAD": str(counter)}
    done = subprocess.run(command, capture_output=True, text=True, env=environment, check=False)
    assert done.returncode == 0, done.stderr
    counts = json.loads(done.stdout)
    assert counts == dict.fromkeys(counts, counts["nothing"])
