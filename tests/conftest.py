"""What holds for the whole suite."""

import os

from native_build import use_build_from_environment

# One thread a process, for PyTorch and what the tests start: the suite runs a process on each core.
os.environ.setdefault("OMP_NUM_THREADS", "1")

use_build_from_environment()
