"""What a method does, without its names, comments, order of definitions and constants that change nothing.

Two methods with the same `fingerprint` differ in nothing but that and their seeds; `shape` compares the rest.
"""

import ast
import hashlib
import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING, Any

from aarlab.integrity.code import code_of, nodes_of, parse
from aarlab.integrity.emit import Emitter, Program

if TYPE_CHECKING:
    from datasketch import MinHash

ENTRY = "train"
"""The function that is a method's beginning."""
SEED = re.compile(
    r"seed|random_?state|nonce|salt|rng|^(id|name|title|note|comment|description|version|date|run)$", re.I
)
"""Keys of a configuration that choose draws, or nothing."""
_READS = re.compile(r"\b(open|read_text|read_bytes|load|loads|loadtxt|genfromtxt|fromfile|memmap|iterdir|glob)\b")
_DOCS = (".md", ".rst", ".txt")
_SHINGLE = 5
_MOST = 5_000


@dataclass(frozen=True)
class Normal:
    """A method's code, normalised."""

    fingerprint: str
    """SHA-256. Equal: the same but for names, comments, layout, dead code, seeds, and rounding of constants."""
    shingles: frozenset[int]
    """Hashes of stretches of syntax in which names and constants are blank; the smallest ones where there are many."""


def fingerprint(files: Mapping[str, str]) -> str:
    """SHA-256 of what a method does: its code, and the values of the files that the code reads."""
    return _fingerprint(tuple(sorted(files.items())))


@lru_cache(maxsize=512)
def _fingerprint(items: tuple[tuple[str, str], ...]) -> str:
    files = dict(items)
    code = code_of(files)
    reads = any(_READS.search(text) for _, text in code)
    values = [(path, _values(files[path])) for path in sorted(files) if reads and _is_data(path)]
    return _hash([_normal(code).fingerprint, *(f"{path}={value}" for path, value in values)])


def size(files: Mapping[str, str]) -> int:
    """How much code there is to compare: different stretches of syntax."""
    return len(_normal(code_of(files)).shingles)


def likeness(one: Mapping[str, str], other: Mapping[str, str]) -> float:
    """Jaccard similarity of the syntax of two methods, estimated by MinHash (Broder 1997), 0 to 1."""
    return float(sketch(one).jaccard(sketch(other)))


def sketch(files: Mapping[str, str]) -> "MinHash":
    """What `likeness` compares, for who compares one method with many."""
    return _sketch(code_of(files))


def _is_data(path: str) -> bool:
    return not path.endswith((".py", ".pyw", *_DOCS))


@lru_cache(maxsize=512)
def _sketch(code: tuple[tuple[str, str], ...]) -> "MinHash":
    from datasketch import MinHash  # it brings in scipy

    sketch = MinHash(num_perm=128, seed=1)
    sketch.update_batch([value.to_bytes(8, "big") for value in _normal(code).shingles])
    return sketch


@lru_cache(maxsize=512)
def _normal(code: tuple[tuple[str, str], ...]) -> Normal:
    trees = [(path, _small(parse(text))) for path, text in code]
    readable = [(path, tree) for path, tree in trees if tree is not None]
    lost = ["".join(text.split()) for (_, text), (_, tree) in zip(code, trees, strict=True) if tree is None]
    program = Program.of(readable)
    strict = Emitter(program, constants=True)
    first = {name: _hash(strict.tokens(node)) for name, node in program.definitions.items()}
    second = {name: strict.tokens(node, own=first) for name, node in program.definitions.items()}
    kept = program.reachable(ENTRY)
    loose = Emitter(program, constants=False)
    streams = [loose.tokens(node) for name, node in program.definitions.items() if name in kept]
    streams += [[one[i : i + 8] for i in range(0, min(len(one), 8 * _MOST), 8)] for one in lost]
    parts = [
        *second.get(ENTRY, []),
        *sorted(_hash(second[name]) for name in kept if name != ENTRY and not program.constant(name)),
        *(token for statement in program.loose for token in strict.tokens(statement, own=first)),
        *lost,
    ]
    return Normal(_hash(parts), frozenset(sorted(set(_shingles(streams)))[:_MOST]))


def _small(tree: ast.Module | None) -> ast.Module | None:
    """The tree, unless it is too large to compare part by part; then its text is compared."""
    return tree if tree is not None and nodes_of(tree)[1] else None


def _shingles(streams: list[list[str]]) -> Iterator[int]:
    for stream in streams:
        for start in range(max(1, len(stream) - _SHINGLE + 1)):
            stretch = "\x00".join(stream[start : start + _SHINGLE]).encode(errors="replace")
            yield int.from_bytes(hashlib.blake2b(stretch, digest_size=8).digest(), "big")


def _hash(parts: list[str]) -> str:
    return hashlib.sha256("\x00".join(parts).encode(errors="replace")).hexdigest()


@lru_cache(maxsize=1024)
def _values(text: str) -> str:
    """The values of a data file without those that are seeds or notes; the words of one that is no JSON."""
    try:
        return json.dumps(_plain(json.loads(text)), sort_keys=True)
    except (ValueError, RecursionError):
        return " ".join(text.split())


def _plain(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: _plain(inner) for key, inner in value.items() if not SEED.search(key)}
    return [_plain(inner) for inner in value] if isinstance(value, list) else value
