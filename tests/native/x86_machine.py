"""Executes generated x86-64 code in Python: what a disassembler reads, on checked memory.

So code for any instruction set is tested on any machine, and an access outside of what a function
was given is an error, not luck.
"""

import os
from typing import Any
from unittest.mock import patch

import numpy as np
from numpy.typing import NDArray

with patch.object(os, "RTLD_DEEPBIND", 0, create=True):  # AddressSanitizer does not allow it
    import capstone
    from capstone import x86

Bytes = NDArray[np.uint8]
PRESERVED = ("rbx", "rbp", "rsp", "r12", "r13", "r14", "r15")
WIDTHS = {"xmm": 16, "ymm": 32, "zmm": 64}


def disassemble(code: bytes, start: int = 0) -> list[capstone.CsInsn]:
    """Every instruction from ``start`` to the end, which must be reached without a gap."""
    reader = capstone.Cs(capstone.CS_ARCH_X86, capstone.CS_MODE_64)
    reader.detail = True
    instructions = list(reader.disasm(code[start:], start))
    assert start + sum(i.size for i in instructions) == len(code)
    return instructions


class Machine:
    """Registers, and memory that is the arrays that were mapped."""

    def __init__(self, code: bytes) -> None:
        self.instructions = {i.address: i for i in disassemble(code)}
        self.registers = {f"r{i}": 0xDEAD0000 + i for i in range(8, 16)}
        self.registers |= {f"r{n}": 0xBEEF for n in ("ax", "bx", "cx", "dx", "bp", "si", "di")}
        self.vectors = {i: np.full(64, 0xEE, np.uint8) for i in range(32)}
        self.memory: list[tuple[int, Bytes]] = []
        self.registers["rsp"] = self.map(np.zeros(256, np.uint8)) + 256

    def map(self, array: NDArray[Any]) -> int:
        """Make a C-contiguous array accessible; its address, far from that of all others."""
        address = (len(self.memory) + 1) << 32
        self.memory.append((address, array.reshape(-1).view(np.uint8)))
        return address

    def call(self, entry: int, *arguments: int) -> None:
        """Run from ``entry`` to its return, and check that the caller's registers survive."""
        self.registers |= zip(("rdi", "rsi", "rdx", "rcx"), arguments, strict=True)
        before = {name: self.registers[name] for name in PRESERVED}
        while (instruction := self.instructions[entry]).mnemonic != "ret":
            self.step(instruction)
            entry += instruction.size
        assert {name: self.registers[name] for name in PRESERVED} == before

    def at(self, address: int, size: int) -> Bytes:
        for start, content in self.memory:
            if start <= address and address + size <= start + len(content):
                return content[address - start : address - start + size]
        raise IndexError(f"an access to {size} bytes at {address:#x}")

    def address(self, instruction: Any, operand: Any) -> int:
        memory = operand.mem
        assert memory.index == memory.segment == 0
        return int(self.registers[instruction.reg_name(memory.base)] + memory.disp)

    def read(self, instruction: Any, operand: Any, size: int) -> Bytes:
        if operand.type == x86.X86_OP_MEM:
            return self.at(self.address(instruction, operand), size)
        return self.vectors[int(instruction.reg_name(operand.reg)[3:])][:size]

    def step(self, i: Any) -> None:
        if i.mnemonic.startswith("v"):
            self.step_vector(i)
        else:
            self.step_integer(i)

    def step_integer(self, i: Any) -> None:
        registers, operands = self.registers, i.operands
        names = [i.reg_name(o.reg) if o.type == x86.X86_OP_REG else "" for o in operands]
        if i.mnemonic == "mov" and operands[1].type == x86.X86_OP_IMM:
            assert names[0] == "eax"
            registers["rax"] = operands[1].imm
        elif i.mnemonic == "mov":
            place = self.at(self.address(i, operands[1]), 8)
            registers[names[0]] = int(place.view(np.int64)[0])
        elif i.mnemonic == "lea":
            registers[names[0]] = self.address(i, operands[1])
        elif i.mnemonic == "add":
            registers[names[0]] += registers[names[1]]
        elif i.mnemonic == "push":
            registers["rsp"] -= 8
            self.at(registers["rsp"], 8).view(np.int64)[0] = registers[names[0]]
        elif i.mnemonic == "pop":
            registers[names[0]] = int(self.at(registers["rsp"], 8).view(np.int64)[0])
            registers["rsp"] += 8
        else:
            raise NotImplementedError(i.mnemonic)

    def step_vector(self, i: Any) -> None:
        if i.mnemonic == "vzeroupper":
            return
        operands = i.operands
        vector = next(o for o in operands if o.type == x86.X86_OP_REG)
        size = WIDTHS[i.reg_name(vector.reg)[:3]]
        target = self.read(i, operands[0], size)
        if i.mnemonic == "vmovd":
            target.view(np.uint32)[:] = [self.registers["rax"], 0, 0, 0]
            return
        if i.mnemonic == "vbroadcastss":
            target.view(np.uint32)[:] = self.read(i, operands[1], 16).view(np.uint32)[0]
            return
        target[:] = self.result(i, [self.read(i, o, size) for o in operands])

    def result(self, i: Any, values: list[Bytes]) -> Bytes:
        if i.mnemonic == "vmovups":
            return values[1]
        if i.mnemonic == "vxorps":
            return values[1] ^ values[2]
        if i.mnemonic in ("vpaddw", "vpsubw"):
            a, b = (value.view(np.uint16) for value in values[1:])
            return (a + b if i.mnemonic == "vpaddw" else a - b).view(np.uint8)
        # Doubles hold products of floats exactly, and round their sums as one rounding would.
        t, a, b = (value.view(np.float32).astype(np.float64) for value in values)
        results = {
            "vaddps": lambda: a + b,
            "vsubps": lambda: a - b,
            "vfmadd231ps": lambda: t + a * b,
            "vfnmadd231ps": lambda: t - a * b,
        }
        total: Bytes = results[i.mnemonic]().astype(np.float32).view(np.uint8)
        return total
