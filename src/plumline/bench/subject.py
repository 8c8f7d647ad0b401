"""The network that contenders run: its ONNX bytes, program or module, as far as they exist."""

import os
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from plumline.errors import InputError

Shape = tuple[int | str, ...]
Feed = dict[str, NDArray[Any]]


@dataclass(frozen=True)
class Subject:
    """One network in the forms that are at hand; each contender takes the form that it can run.

    ``inputs`` has the shape of each input, with a text for a size that is open. ``module`` is a
    callable on torch tensors (an ``nn.Module`` in evaluation mode), its arguments in the order of
    ``inputs``. ``onnx`` is the content of a file, or its path as text.
    """

    name: str
    inputs: Mapping[str, Shape]
    metadata: Mapping[str, str] = field(default_factory=dict)
    onnx: bytes | str | None = None
    artifact: Any = None
    module: Any = None

    @classmethod
    def open(cls, path: str | os.PathLike[str], module: Any = None) -> "Subject":
        """Read a ``.onnx`` or ``.plum`` file.

        An exported program (``torch.export``) with the same name and the suffix ``.pt2`` beside it
        is taken as the module when none is given.
        """
        file = Path(path)
        if not file.is_file():
            raise InputError(f"there is no file {os.fspath(path)!r}")
        if file.suffix == ".plum":
            return cls.of_program(file)
        if file.suffix != ".onnx":
            raise InputError(f"{os.fspath(path)!r} is neither a .onnx nor a .plum file")
        beside = file.with_suffix(".pt2")
        if module is None and beside.is_file():
            module = _load_exported(beside)
        return cls.of_onnx(file.read_bytes(), os.fspath(path), module)

    @classmethod
    def of_onnx(cls, data: bytes, name: str, module: Any = None) -> "Subject":
        """Take the bytes of an ONNX file, with the module it was made from when there is one."""
        import onnx

        try:
            model = onnx.load_model_from_string(data)
        except Exception as error:  # protobuf's own error types differ between its versions
            raise InputError(f"{name}: not an ONNX file, or a damaged one") from error
        constants = {tensor.name for tensor in model.graph.initializer}
        inputs = {
            value.name: tuple(
                dim.dim_value if dim.HasField("dim_value") else dim.dim_param or "?"
                for dim in value.type.tensor_type.shape.dim
            )
            for value in model.graph.input
            if value.name not in constants
        }
        metadata = {item.key: item.value for item in model.metadata_props}
        return cls(name, inputs, metadata, onnx=data, module=module)

    @classmethod
    def of_program(cls, path: Path) -> "Subject":
        """Read a ``.plum`` file; needs numpy alone."""
        from plumline.runtime import Artifact

        artifact = Artifact.read(path)
        inputs = {port.name: tuple(port.shape) for port in artifact.inputs}
        return cls(os.fspath(path), inputs, artifact.metadata, artifact=artifact)

    def shapes(
        self, batch: int = 1, given: Mapping[str, tuple[int, ...]] | None = None
    ) -> dict[str, tuple[int, ...]]:
        """Settle the open sizes: the first axis is ``batch``, whole shapes may be ``given``."""
        given = given or {}
        for name in given:
            if name not in self.inputs:
                raise InputError(f"{self.name} has no input {name!r}: {', '.join(self.inputs)}")
            if not _fits(given[name], self.inputs[name]):
                wanted = ", ".join(map(str, self.inputs[name]))
                raise InputError(f"input {name!r} takes ({wanted}), not {given[name]}")
        return {
            name: given[name] if name in given else self._settle(name, shape, batch)
            for name, shape in self.inputs.items()
        }

    def _settle(self, name: str, shape: Shape, batch: int) -> tuple[int, ...]:
        sizes = [batch if axis == 0 and isinstance(n, str) else n for axis, n in enumerate(shape)]
        if any(isinstance(size, str) for size in sizes):
            wanted = ",".join(map(str, sizes))
            raise InputError(
                f"the size of input {name!r} is open: give it, as --shape {name}={wanted}"
            )
        return tuple(int(size) for size in sizes)

    def noise(self, shapes: Mapping[str, tuple[int, ...]], seed: int = 0) -> Feed:
        """Make standard normal inputs."""
        random = np.random.default_rng(seed)
        return {
            name: random.standard_normal(shape, dtype=np.float32) for name, shape in shapes.items()
        }


def _fits(shape: tuple[int, ...], declared: Shape) -> bool:
    return len(shape) == len(declared) and all(
        isinstance(wanted, str) or size == wanted
        for size, wanted in zip(shape, declared, strict=True)
    )


def _load_exported(path: Path) -> Any:
    from plumline._extras import require

    torch = require("torch", "train")
    return torch.export.load(path).module()
