"""The container of a ``.plum`` file: tensors and texts in one safetensors file, with a digest.

Layout: 8 bytes little-endian header length, a JSON header, the tensors' bytes. The header begins
with the SHA-256 of the whole file, taken with the digest itself replaced by zeros, so any changed
byte is found. Tensors are aligned to 64 bytes; as safetensors allows no holes, a gap is itself a
tensor named ``padding.<n>``. See docs/artifact.md.
"""

import hashlib
import json
import math
import re
from collections.abc import Mapping
from typing import Any, NoReturn

import numpy as np
from numpy.typing import NDArray

from plumline.errors import ArtifactError

Array = NDArray[Any]

ALIGNMENT = 64
MAX_HEADER = 64 << 20
_DTYPES: dict[str, np.dtype[Any]] = {
    "F32": np.dtype("<f4"),
    "I32": np.dtype("<i4"),
    "U8": np.dtype("u1"),
    "I8": np.dtype("i1"),
}
_CODES = {dtype: code for code, dtype in _DTYPES.items()}
_PREFIX = b'{"__metadata__":{"sha256":"'
_DIGEST = slice(8 + len(_PREFIX), 8 + len(_PREFIX) + 64)
_BLANK = b"0" * 64
_PADDING = "padding."
_SURROGATE = re.compile(r"\\u[dD][89a-fA-F]")


def pack(texts: Mapping[str, str], tensors: Mapping[str, Array]) -> bytes:
    """Lay out texts and tensors (float32, int32, uint8, int8) as the bytes of one file."""
    chunks: list[bytes] = []
    entries: dict[str, Any] = {}
    end = 0

    def append(name: str, code: str, shape: tuple[int, ...], data: bytes) -> None:
        nonlocal end
        offsets = [end, end + len(data)]
        entries[name] = {"dtype": code, "shape": list(shape), "data_offsets": offsets}
        chunks.append(data)
        end += len(data)

    for name, array in tensors.items():
        gap = -end % ALIGNMENT
        if gap:
            append(f"{_PADDING}{len(chunks)}", "U8", (gap,), bytes(gap))
        code = _CODES[array.dtype.newbyteorder("<")]
        append(name, code, array.shape, array.astype(_DTYPES[code], order="C").tobytes())
    header = {"__metadata__": {"sha256": _BLANK.decode(), **texts}, **entries}
    encoded = json.dumps(header, separators=(",", ":"), allow_nan=False).encode()
    encoded += b" " * (-(8 + len(encoded)) % ALIGNMENT)
    return seal(len(encoded).to_bytes(8, "little") + encoded + b"".join(chunks))


def seal(data: bytes) -> bytes:
    """Return the file's bytes with the digest of their contents written into its place."""
    return data[: _DIGEST.start] + _digest(data) + data[_DIGEST.stop :]


def unpack(data: bytes) -> tuple[dict[str, str], dict[str, Array]]:
    """Read texts and tensors (read-only views of ``data``); refuse anything not well formed."""
    header, body = _header(data)
    texts = header.pop("__metadata__")
    if not isinstance(texts, dict) or not all(isinstance(text, str) for text in texts.values()):
        _refuse("its metadata are not texts")
    del texts["sha256"]
    tensors: dict[str, Array] = {}
    end = 0
    for name, entry in header.items():
        array, begin, stop = _tensor(name, entry, body)
        if begin != end:
            _refuse(f"tensor {name!r} does not begin where the one before it ends")
        end = stop
        if not name.startswith(_PADDING):
            tensors[name] = array
    if end != len(body):
        _refuse(f"{len(body) - end} bytes follow its last tensor")
    return texts, tensors


def _header(data: bytes) -> tuple[dict[str, Any], memoryview]:
    if len(data) < _DIGEST.stop or data[8 : _DIGEST.start] != _PREFIX:
        _refuse("it is not a plumline program, or it is cut short")
    length = int.from_bytes(data[:8], "little")
    if length > MAX_HEADER or 8 + length > len(data):
        _refuse(f"its header of {length} bytes does not fit in its {len(data)} bytes")
    if data[_DIGEST] != _digest(data):
        _refuse("its checksum is wrong: copy or compile it again")
    try:
        header = parse_json(data[8 : 8 + length].decode())
    except ValueError as error:
        raise ArtifactError(f"the file is damaged: its header cannot be read ({error})") from None
    if not isinstance(header, dict) or not isinstance(header.get("__metadata__"), dict):
        _refuse("its header is not a table")
    return header, memoryview(data)[8 + length :]


def parse_json(text: str) -> Any:
    """Parse strict JSON: no repeated keys, no NaN or infinity; any defect is a `ValueError`.

    Every text can be encoded: half of a surrogate pair, which JSON can spell, is a defect too.
    """

    def table(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
        result = dict(pairs)
        if len(result) != len(pairs):
            raise ValueError("a key is repeated")
        return result

    def constant(name: str) -> NoReturn:
        raise ValueError(f"{name} is not a number")

    def real(digits: str) -> float:
        number = float(digits)
        return number if math.isfinite(number) else constant(digits[:40])

    try:
        value = json.loads(text, object_pairs_hook=table, parse_constant=constant, parse_float=real)
        if _SURROGATE.search(text):
            json.dumps(value, ensure_ascii=False).encode()
    except RecursionError:
        raise ValueError("it is nested too deeply") from None
    return value


def _tensor(name: str, entry: Any, body: memoryview) -> tuple[Array, int, int]:
    if not isinstance(entry, dict) or set(entry) != {"dtype", "shape", "data_offsets"}:
        _refuse(f"tensor {name!r} is not described by dtype, shape and data_offsets")
    code, shape, offsets = entry["dtype"], entry["shape"], entry["data_offsets"]
    if not isinstance(code, str) or code not in _DTYPES:
        _refuse(f"tensor {name!r} has the unknown type {code!r}"[:200])
    if not _is_shape(shape) or not _sizes(offsets) or len(offsets) != 2:
        _refuse(f"tensor {name!r} has a shape or offsets that are not sizes")
    dtype, (begin, stop) = _DTYPES[code], offsets
    if stop > len(body) or stop - begin != math.prod(shape) * dtype.itemsize:
        _refuse(f"tensor {name!r} does not lie inside the file, or has another size than its shape")
    return np.frombuffer(body[begin:stop], dtype).reshape(shape), begin, stop


def _sizes(value: Any) -> bool:
    # bool is an int in Python.
    return isinstance(value, list) and all(
        type(size) is int and 0 <= size < 1 << 40 for size in value
    )


def _is_shape(value: Any) -> bool:
    # numpy has at most 32 axes, and refuses a shape whose sizes have too large a product even when
    # one of them is 0; a product beyond 2**40 could only lie.
    return _sizes(value) and len(value) <= 32 and math.prod(size or 1 for size in value) < 1 << 40


def _digest(data: bytes) -> bytes:
    digest = hashlib.sha256(data[: _DIGEST.start])
    digest.update(_BLANK)
    digest.update(memoryview(data)[_DIGEST.stop :])
    return digest.hexdigest().encode()


def _refuse(reason: str) -> NoReturn:
    raise ArtifactError(f"the file is damaged: {reason}")
