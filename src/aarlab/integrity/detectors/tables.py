""" "embedded table": answers, weights or code carried as data inside a method."""

import re
from collections.abc import Iterator

from aarlab.integrity.case import Case, Suspicion
from aarlab.integrity.dense import dense
from aarlab.integrity.evidence import Found, suspicion
from aarlab.integrity.reading import Reading, readings

NAME = "embedded table"
WORDS = "The method carries data inside its files."
SOME, MUCH = 1024, 4096
"""Bytes of dense data in all files of a method from which it is a warning, or quarantine. Largest of 190 files of this
package: 330; of 350 files of scikit-learn: 1,030, in 155 kB."""
_UNPACK = re.compile(
    r"(zlib|gzip|bz2|lzma)\.(decompress\w*|open)|base64\.\w*decode\w*|binascii\.(unhexlify|a2b_\w+)|codecs\.decode"
    r"|bytes\.fromhex|bytearray\.fromhex|numpy\.(frombuffer|fromstring)|marshal\.loads|pickle\.loads"
)
_LITERAL = 64
"""Characters of a literal from which unpacking it is more than a constant."""


def embedded_table(case: Case) -> Iterator[Suspicion]:
    """Volume of data beside words, literals that are unpacked, and literals that are run as code."""
    volumes = {path: dense(text) for path, text in case.files.items()}
    total = sum(volumes.values())
    found = [one for reading in readings(case.files) for one in _rules(reading)]
    if total > SOME:
        path = max(volumes, key=lambda path: volumes[path])
        quote = f"{path}: {_densest(case.files[path])}"
        found.append(Found("volume", "quarantine" if total > MUCH else "warning", quote))
    for one in suspicion(NAME, WORDS, found):
        numbers = {"dense bytes": total, "bound": MUCH if total > MUCH else SOME}
        yield Suspicion(one.detector, one.level, one.words, {**one.statistic, **numbers}, one.quotes)


def _rules(reading: Reading) -> Iterator[Found]:
    for run in reading.runs:
        if run.origin == "literal":
            yield reading.found("runs a string as code", "warning", run.line)
    for use in reading.uses:
        if use.how == "call" and _UNPACK.fullmatch(use.name.removeprefix("builtins.")) and _long(use.given):
            yield reading.found("unpacks a literal", "warning", use.line)


def _long(given: tuple[str, ...]) -> bool:
    return any(one.startswith('"') and len(one) > _LITERAL for one in given)


def _densest(text: str) -> str:
    """The line with the most data, among the longest ones."""
    lines = sorted(text.splitlines(), key=len, reverse=True)[:20]
    return max(lines, key=lambda line: dense(line[:2000]), default="")
