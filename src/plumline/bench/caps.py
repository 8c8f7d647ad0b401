"""Holding every runtime to one instruction set, where it can be: settings of a new process.

Libraries read these variables when they are loaded, so a process that measures under a cap is
started with them. Whether a runtime heeds its variable is then found out, not assumed: see
`Contender.heeds`.
"""

import os

CAPS = {
    "avx2": {
        "PLUMLINE_ISA": "avx2",
        "ONEDNN_MAX_CPU_ISA": "AVX2",
        "ATEN_CPU_CAPABILITY": "avx2",
        "MKL_ENABLE_INSTRUCTIONS": "AVX2",
    },
    "avx512": {
        "PLUMLINE_ISA": "avx512",
        "ONEDNN_MAX_CPU_ISA": "AVX512_CORE",
        "ATEN_CPU_CAPABILITY": "avx512",
        "MKL_ENABLE_INSTRUCTIONS": "AVX512",
    },
    "avx512_vnni": {
        "PLUMLINE_ISA": "avx512_vnni",
        "ONEDNN_MAX_CPU_ISA": "AVX512_CORE_VNNI",
        "ATEN_CPU_CAPABILITY": "avx512",
        "MKL_ENABLE_INSTRUCTIONS": "AVX512",
    },
    "amx": {"PLUMLINE_ISA": "amx", "ONEDNN_MAX_CPU_ISA": "AVX512_CORE_AMX"},
}

BEYOND: dict[str, tuple[str, ...]] = {
    "avx2": ("avx512", "amx"),
    "avx512": ("vnni", "amx"),
    "avx512_vnni": ("amx",),
    "amx": (),
}
"""Words in the name of a kernel that goes beyond a cap."""


def within(isa: str, kernels: str) -> bool:
    """Say whether the names of kernels show none beyond a cap."""
    return not any(word in kernels for word in BEYOND[isa])


def environment(isa: str) -> dict[str, str]:
    """Return this process's environment, with the settings of a cap."""
    return {**os.environ, **CAPS[isa]}


def in_force(isa: str) -> bool:
    """Say whether this process was started with the settings of a cap."""
    return all(os.environ.get(key) == value for key, value in CAPS[isa].items())
