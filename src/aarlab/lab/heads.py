"""Signed heads: what the lab publishes of its ledger, and how anybody checks one with the public key alone."""

import os
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated, Any

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat, load_pem_public_key
from pydantic import BaseModel, ConfigDict, Field, ValidationError

from aarlab.canonical import canonical_json, digest
from aarlab.errors import UserError
from aarlab.wire import Finding

_PURPOSE = "aarlab ledger head 1"
"""In every signature, so that it can stand for nothing else."""
_ON_THE_FORUM = 16
Hex64 = Annotated[str, Field(pattern=r"^[0-9a-f]{64}$")]


class Head(BaseModel):
    """The lab's word for "the ledger has this entry at this place". One line of JSON wherever it is published."""

    model_config = ConfigDict(frozen=True, extra="forbid", strict=True)

    number: int = Field(ge=1)
    """1, 2, 3, ...: the heads of a study have no holes."""
    study: str
    """Name of the study."""
    seq: int = Field(ge=0)
    """The entry; 0 stands for the empty ledger."""
    hash: Hex64
    """Its hash, and so that of everything before it."""
    time: float
    """UTC seconds on the lab's clock when it was signed: a statement, on which no check relies."""
    key: Hex64
    """Public key of the signature, raw, in hex; every study has one of its own."""
    signature: str = Field(pattern=r"^[0-9a-f]{128}$")
    """Ed25519 over `payload`, in hex."""

    @property
    def payload(self) -> bytes:
        """What is signed: the canonical JSON of all fields but the signature, and a purpose."""
        return _payload(self.model_dump(exclude={"signature"}))

    @property
    def line(self) -> bytes:
        """As it stands in heads.jsonl, without the line's end."""
        return canonical_json(self.model_dump())

    @property
    def when(self) -> str:
        """The time in words."""
        return datetime.fromtimestamp(self.time, UTC).strftime("%Y-%m-%d %H:%M:%S UTC")


class Signer:
    """Signs heads of one study."""

    def __init__(self, secret: bytes, *, study: str) -> None:
        """`secret` has 32 bytes and comes from the vault."""
        self._secret = Ed25519PrivateKey.from_private_bytes(secret)
        self._study = study
        public = self._secret.public_key()
        self.key = public.public_bytes(Encoding.Raw, PublicFormat.Raw).hex()
        """The public key, raw, in hex."""
        self.pem = public.public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)
        """The same as the file ledger.pub, which `openssl pkeyutl -verify` reads too."""

    def sign(self, *, number: int, seq: int, hash: str, time: float) -> Head:
        """The signed head of entry `seq`."""
        body: dict[str, Any] = {"number": number, "seq": seq, "hash": hash, "time": time}
        body |= {"study": self._study, "key": self.key}
        return Head(**body, signature=self._secret.sign(_payload(body)).hex())


def misfit(head: Head, key: str) -> str | None:
    """Why a head is not one that the holder of `key` has signed, in words; None when it is."""
    if head.key != key:
        return f"signed under another key ({fingerprint(head.key)})"
    try:
        Ed25519PublicKey.from_public_bytes(bytes.fromhex(key)).verify(bytes.fromhex(head.signature), head.payload)
    except InvalidSignature:
        return "the signature does not fit what it says"
    return None


def fingerprint(key: str) -> str:
    """A key's short name, to be compared by people."""
    return digest(bytes.fromhex(key))[:16]


def read_key(path: Path) -> str:
    """The public key in a PEM file, raw, in hex. Raises UserError."""
    try:
        found = load_pem_public_key(path.read_bytes())
    except OSError as error:
        raise UserError(f"{path}: cannot be read: {error.strerror}") from None
    except ValueError:
        found = None
    if not isinstance(found, Ed25519PublicKey):
        raise UserError(f"{path}: holds no Ed25519 public key; a study has one in ledger.pub")
    return found.public_bytes(Encoding.Raw, PublicFormat.Raw).hex()


def parse_head(text: str | bytes) -> Head | None:
    """A head from its JSON; None when it is none."""
    try:
        return Head.model_validate_json(text)
    except ValidationError:
        return None


def read_heads(path: Path) -> Iterator[tuple[int, Head | None]]:
    """Number and head of each whole line of heads.jsonl, oldest first; None for a line that is no head.

    What comes after the last line's end was torn by a crash: nobody was shown it.
    """
    if path.is_file():
        for number, line in enumerate(path.read_bytes().split(b"\n")[:-1], 1):
            yield number, parse_head(line)


class HeadFile:
    """heads.jsonl, open for one writer."""

    def __init__(self, path: Path) -> None:
        """Opens or creates the file, and cuts a line that a crash has torn."""
        self._descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_APPEND | os.O_CLOEXEC, 0o644)
        raw = path.read_bytes()
        if len(whole := raw[: raw.rfind(b"\n") + 1]) != len(raw):
            os.ftruncate(self._descriptor, len(whole))

    def append(self, head: Head) -> None:
        """Durable when it returns. Raises OSError, and leaves no part of a line, when the disk refuses."""
        line, end = head.line + b"\n", os.fstat(self._descriptor).st_size
        try:
            if os.write(self._descriptor, line) != len(line):
                raise OSError("the disk is full")
            os.fsync(self._descriptor)
        except OSError:
            os.ftruncate(self._descriptor, end)
            raise

    def close(self) -> None:
        """Once."""
        os.close(self._descriptor)


def head_post(heads: Sequence[Head]) -> Finding | None:
    """The lab's one post on the forum, made from the newest heads and no event: so no entry has to name its own hash.

    Every researcher's copy of the forum holds it, and `aarlab ledger verify --head FILE` reads that copy.
    """
    newest = [head for head in heads if head.seq][-_ON_THE_FORUM:]
    if not newest:
        return None
    lines = "\n".join(head.line.decode() for head in reversed(newest))
    why = "Signed by the lab, newest first. Whoever keeps a line can show a ledger that was changed later."
    return Finding(
        id="ledger-head",
        seq=newest[-1].seq,
        author="lab",
        kind="ledger head",
        title=f"Ledger head: entry {newest[-1].seq} is {newest[-1].hash}",
        text=f"{why}\n\n{lines}",
        submission=None,
        replies_to=None,
        corrects=None,
        corrected_by=(),
        cites=(),
        votes=0,
    )


def _payload(body: dict[str, Any]) -> bytes:
    return canonical_json({"purpose": _PURPOSE, **body})
