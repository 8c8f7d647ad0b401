"""The assembler, instruction by instruction against a disassembler, and where code may run."""

import os
import subprocess
import sys
from itertools import product
from typing import Any

import pytest
from x86_machine import disassemble

native: Any = pytest.importorskip("plumline.runtime._native")
GENERAL = ["rax", "rcx", "rdx", "rbx", "rsp", "rbp", "rsi", "rdi"] + [f"r{i}" for i in range(8, 16)]
COMPUTATIONS = ("vaddps", "vsubps", "vpaddw", "vpsubw", "vfmadd231ps", "vfnmadd231ps")
DISPLACEMENTS = (0, 1, -1, 64, -64, 127, 128, -128, -129, 64 * 127, 64 * 128, -64 * 128, 2**31 - 64)
WIDTHS = pytest.mark.parametrize("width", [32, 64])


def registers(width: int) -> range:
    return range(16 if width == 32 else 32)


def vector(width: int, number: int) -> str:
    return f"{'y' if width == 32 else 'z'}mm{number}"


def memory(width: int, base: int, displacement: int) -> str:
    size = {8: "qword", 32: "ymmword", 64: "zmmword"}[width]
    return f"{size} ptr {address(base, displacement)}"


def address(base: int, displacement: int) -> str:
    if not displacement:
        return f"[{GENERAL[base]}]"
    magnitude = abs(displacement)
    digits = str(magnitude) if magnitude < 10 else hex(magnitude)
    return f"[{GENERAL[base]} {'+' if displacement > 0 else '-'} {digits}]"


def assert_assembles(width: int, forms: list[tuple[tuple[str, list[int]], str]]) -> None:
    code = native.assemble(width, [instruction for instruction, _ in forms])
    read = [f"{i.mnemonic} {i.op_str}".strip() for i in disassemble(code)]
    assert read == [text for _, text in forms]


@WIDTHS
@pytest.mark.parametrize("name", COMPUTATIONS)
def test_computations_on_registers(name: str, width: int) -> None:
    some = [r for r in registers(width) if r % 3 == 0 or r in (7, 8, 16, 31)]
    assert_assembles(
        width,
        [
            ((name, [t, a, b]), f"{name} " + ", ".join(vector(width, r) for r in (t, a, b)))
            for t, a, b in product(some, repeat=3)
        ],
    )


@WIDTHS
@pytest.mark.parametrize("name", COMPUTATIONS)
def test_computations_on_memory(name: str, width: int) -> None:
    last = registers(width)[-1]
    forms = []
    for t, base, d in product((0, 7, 8, last), range(16), DISPLACEMENTS):
        a = last - t
        text = f"{name} {vector(width, t)}, {vector(width, a)}, {memory(width, base, d)}"
        forms.append(((name, [t, a, base, d]), text))
    assert_assembles(width, forms)


@WIDTHS
def test_loads_and_stores(width: int) -> None:
    forms = []
    for r, base, d in product(registers(width), range(16), DISPLACEMENTS):
        register, place = vector(width, r), memory(width, base, d)
        forms.append((("load", [r, base, d]), f"vmovups {register}, {place}"))
        forms.append((("store", [base, d, r]), f"vmovups {place}, {register}"))
    assert_assembles(width, forms)


@WIDTHS
def test_zero_and_constants(width: int) -> None:
    forms = [
        (("zero", [r]), "vxorps " + ", ".join([vector(width, r)] * 3)) for r in registers(width)
    ]
    assert_assembles(width, forms)
    for r in range(16):
        code = native.assemble(width, [("broadcast", [r, 0x3F800000])])
        assert [f"{i.mnemonic} {i.op_str}" for i in disassemble(code)] == [
            "mov eax, 0x3f800000",
            f"vmovd xmm{r}, eax",
            f"vbroadcastss {vector(width, r)}, xmm{r}",
        ]


def test_general_instructions() -> None:
    pairs = list(product(range(16), repeat=2))
    forms = [(("add", [a, b]), f"add {GENERAL[a]}, {GENERAL[b]}") for a, b in pairs]
    for (a, b), d in product(pairs, DISPLACEMENTS):
        forms.append((("mov", [a, b, d]), f"mov {GENERAL[a]}, {memory(8, b, d)}"))
        forms.append((("lea", [a, b, d]), f"lea {GENERAL[a]}, {address(b, d)}"))
    forms += [(("push", [a]), f"push {name}") for a, name in enumerate(GENERAL)]
    forms += [(("pop", [a]), f"pop {name}") for a, name in enumerate(GENERAL)]
    forms += [(("vzeroupper", []), "vzeroupper"), (("ret", []), "ret")]
    assert_assembles(64, forms)


def test_short_displacements_count_in_vectors() -> None:
    """Most accesses of generated code reach 128 vectors to either side with one byte."""
    for d in (-128 * 64, 127 * 64):
        assert len(native.assemble(64, [("vaddps", [1, 1, 6, d])])) == 7
    assert len(native.assemble(64, [("vaddps", [1, 1, 6, 128 * 64])])) == 10
    assert len(native.assemble(32, [("vaddps", [1, 1, 6, 64])])) == 5


RUN_SOME_CODE = """
import ctypes, numpy as np
from native_build import use_build_from_environment
use_build_from_environment()
from plumline.runtime import _native
{before}
program = _native.MergeProgram(np.ones((1, 1, 1), np.int8), 2, 0)
x, y = np.ones((1, 16), np.float32), np.zeros((1, 1, 16), np.float32)
for _ in range(2):
    print(program.run(x, y, 0, 1, 32, True, (16, 9)))
"""
FORBID = """
if ctypes.CDLL(None).prctl(65, 1, 0, 0, 0):  # PR_SET_MDWE: no page becomes executable later
    raise SystemExit(77)
"""


def run_some_code(before: str = "", **environment: str) -> subprocess.CompletedProcess[str]:
    path = os.pathsep.join(entry for entry in sys.path if entry)
    return subprocess.run(
        [sys.executable, "-c", RUN_SOME_CODE.format(before=before)],
        env={**os.environ, "PYTHONPATH": path, **environment},
        capture_output=True,
        text=True,
        check=False,
    )


@pytest.mark.skipif("avx2" not in native.available_isas(), reason="needs AVX2")
def test_code_is_made_unless_it_is_not_wanted() -> None:
    assert run_some_code().stdout.split() == ["True", "True"]
    unwanted = run_some_code(PLUMLINE_JIT="0")
    assert unwanted.stdout.split() == ["False", "False"]
    assert unwanted.stderr == ""


@pytest.mark.skipif("avx2" not in native.available_isas(), reason="needs AVX2")
def test_a_system_that_forbids_it_is_reported_once() -> None:
    refused = run_some_code(FORBID)
    if refused.returncode == 77:
        pytest.skip("this system cannot forbid executable memory")
    assert refused.stdout.split() == ["False", "False"]
    assert refused.stderr.count("plumline: no executable memory") == 1
