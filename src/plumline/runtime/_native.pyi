from collections.abc import Mapping, Sequence
from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

_Attribute: TypeAlias = int | float | str | Sequence[int] | Sequence[float]
_Node: TypeAlias = tuple[
    str,
    str,
    Sequence[int],
    Sequence[int],
    Mapping[str, _Attribute],
    Mapping[str, NDArray[Any]],
]

class NativeError(ValueError): ...

def best_isa() -> str: ...
def available_isas() -> list[str]: ...
def operators() -> list[str]: ...

class Graph:
    def __init__(
        self,
        values: int,
        inputs: Sequence[tuple[int, Sequence[int]]],
        outputs: Sequence[int],
        constants: Mapping[int, NDArray[np.float32]],
        nodes: Sequence[_Node],
        isa: str,
        threads: int,
    ) -> None: ...
    def infer(self, shapes: Sequence[Sequence[int]]) -> list[tuple[int, ...]]: ...
    def run(
        self,
        inputs: Sequence[NDArray[np.float32]],
        outputs: Sequence[NDArray[np.float32]],
    ) -> None: ...
    def kernels(self) -> list[str]: ...
    def candidates(self) -> list[tuple[tuple[int, ...], list[tuple[str, float]]]]: ...
    def reasons(self) -> list[str]: ...
    def profile(self, inputs: Sequence[NDArray[np.float32]], repeats: int) -> list[float]: ...
    @property
    def threads(self) -> int: ...
    @property
    def arena_bytes(self) -> int: ...
