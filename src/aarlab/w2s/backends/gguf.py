"""Reads GGUF files (version 2 and 3) and dequantises the block types that SmolLM2's Q4_1 file holds.

Format: the GGUF specification of ggml; block layouts: ggml-common.h (Q4_1, Q8_0).
"""

import struct
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

FloatArray = NDArray[np.float32]

MAGIC = b"GGUF"
DEFAULT_ALIGNMENT = 32
STRING, ARRAY = 8, 9
SCALARS = {0: "B", 1: "b", 2: "H", 3: "h", 4: "I", 5: "i", 6: "f", 7: "?", 10: "Q", 11: "q", 12: "d"}
"""struct codes of the value types of metadata."""
F32, F16, Q4_1, Q8_0 = 0, 1, 3, 8
BLOCKS = {F32: (1, 4), F16: (1, 2), Q4_1: (32, 20), Q8_0: (32, 34)}
"""Values and bytes in a block of each supported tensor type."""


class _Cursor:
    def __init__(self, data: memoryview) -> None:
        self.data = data
        self.at = 0

    def scalar(self, code: str) -> Any:
        (value,) = struct.unpack_from("<" + code, self.data, self.at)
        self.at += struct.calcsize("<" + code)
        return value

    def string(self) -> str:
        size = self.scalar("Q")
        self.at += size
        return bytes(self.data[self.at - size : self.at]).decode("utf-8", "replace")

    def value(self, kind: int) -> Any:
        if kind == STRING:
            return self.string()
        if kind == ARRAY:
            inner, count = self.scalar("I"), self.scalar("Q")
            return [self.value(inner) for _ in range(count)]
        if kind not in SCALARS:
            raise ValueError(f"GGUF metadata of type {kind} is not known")
        return self.scalar(SCALARS[kind])


@dataclass(frozen=True)
class Entry:
    """Where one tensor lies."""

    shape: tuple[int, ...]
    """Row-major: the slowest dimension first."""
    kind: int
    """ggml type number."""
    offset: int
    """First byte, from the start of the file."""


@dataclass(frozen=True)
class GgufFile:
    """An opened file; tensors are read and dequantised on demand."""

    path: Path
    metadata: Mapping[str, Any]
    """All keys, strings decoded."""
    entries: Mapping[str, Entry]
    """Tensors by name."""

    def tensor(self, name: str) -> FloatArray:
        """Dequantises one tensor to float32 in row-major shape. Raises ValueError on a type outside BLOCKS."""
        entry = self.entries[name]
        if entry.kind not in BLOCKS:
            raise ValueError(f"tensor {name} of {self.path.name} has the unsupported GGUF type {entry.kind}")
        values, size = BLOCKS[entry.kind]
        count = int(np.prod(entry.shape))
        raw = np.fromfile(self.path, np.uint8, count // values * size, offset=entry.offset)
        return dequantise(raw, entry.kind).reshape(entry.shape)


def read_gguf(path: Path) -> GgufFile:
    """Reads metadata and tensor positions. Raises ValueError when `path` is not a GGUF file."""
    cursor = _Cursor(np.memmap(path, dtype=np.uint8, mode="r").data)
    if bytes(cursor.data[:4]) != MAGIC:
        raise ValueError(f"{path.name} is not a GGUF file")
    cursor.at = 4
    if cursor.scalar("I") not in (2, 3):
        raise ValueError(f"{path.name} has a GGUF version other than 2 and 3")
    tensors, keys = cursor.scalar("Q"), cursor.scalar("Q")
    metadata = {cursor.string(): cursor.value(cursor.scalar("I")) for _ in range(keys)}
    found = {cursor.string(): _entry(cursor) for _ in range(tensors)}
    alignment = metadata.get("general.alignment", DEFAULT_ALIGNMENT)
    base = -(-cursor.at // alignment) * alignment
    return GgufFile(path, metadata, {name: Entry(e.shape, e.kind, base + e.offset) for name, e in found.items()})


def _entry(cursor: _Cursor) -> Entry:
    dimensions = [cursor.scalar("Q") for _ in range(cursor.scalar("I"))]
    return Entry(tuple(reversed(dimensions)), cursor.scalar("I"), cursor.scalar("Q"))


def dequantise(raw: NDArray[np.uint8], kind: int) -> FloatArray:
    """Turns the bytes of whole blocks into a flat float32 array. Raises ValueError on a type outside BLOCKS."""
    if kind == F32:
        return raw.view("<f4").astype(np.float32)
    if kind == F16:
        return raw.view("<f2").astype(np.float32)
    if kind == Q4_1:
        return _q4_1(raw.reshape(-1, 20))
    if kind == Q8_0:
        blocks = raw.reshape(-1, 34)
        return np.asarray(blocks[:, 2:].view(np.int8) * _halves(blocks[:, :2]), np.float32).reshape(-1)
    raise ValueError(f"unsupported GGUF type {kind}")


def _halves(columns: NDArray[np.uint8]) -> FloatArray:
    return np.ascontiguousarray(columns).view("<f2").astype(np.float32)


def _q4_1(blocks: NDArray[np.uint8]) -> FloatArray:
    scale, low, nibbles = _halves(blocks[:, :2]), _halves(blocks[:, 2:4]), blocks[:, 4:]
    quants = np.concatenate([nibbles & 15, nibbles >> 4], axis=1)
    return (quants * scale + low).reshape(-1)
