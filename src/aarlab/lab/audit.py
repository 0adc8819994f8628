"""The audit of a study's folder: the chain, the signed heads, and whether they belong together. Needs no vault.

A chain alone shows slips. Who owns the file can write a new chain, or cut the old one's tail; neither fits a head that
was published before, and without the signing key nobody can publish another.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path
from typing import Literal

from aarlab.errors import UserError
from aarlab.lab.chain import GENESIS, ChainReport, verify_chain
from aarlab.lab.events import Kind
from aarlab.lab.headrepo import read_commits
from aarlab.lab.heads import Head, fingerprint, misfit, parse_head, read_heads, read_key
from aarlab.lab.seals import Seal, check_seals, seal_of
from aarlab.lab.sqlite_store import read_events
from aarlab.lab.store import Event
from aarlab.paths import StudyPaths


@dataclass(frozen=True)
class Witness:
    """A head, and where it was found."""

    source: str
    """In words."""
    head: Head


@dataclass(frozen=True)
class Fault:
    """Something that does not belong together."""

    kind: Literal["chain", "tail", "rewritten", "signature", "key", "heads", "transcript"]
    """The chain does not fit itself; ends early; is another than was signed; or key, heads or a transcript are not as
    they were."""
    seq: int | None
    """The first entry that cannot be trusted; None when the fault is in the heads."""
    text: str
    """In words."""


@dataclass(frozen=True)
class Audit:
    """What an audit has found."""

    entries: int
    """Entries that fit the chain."""
    head: str
    """Hash of the last of them."""
    key: str | None
    """Public key that was relied on, in hex."""
    heads: int
    """Signed heads that fit the ledger."""
    signed: int
    """The last entry that one of them covers."""
    faults: tuple[Fault, ...]
    """What is wrong, worst first; empty when nothing is."""
    notes: tuple[str, ...]
    """What a reader should know besides."""

    @property
    def ok(self) -> bool:
        """Whether everything belongs together."""
        return not self.faults


def audit(paths: StudyPaths, *, key: str | None = None, kept: Sequence[Witness | str] = ()) -> Audit:
    """Checks a study's folder against its own published heads and against what the auditor has `kept` elsewhere.

    `key` is a public key that was kept elsewhere, in hex; by default that of the folder. A string in `kept` is a hash.
    Raises OperatorError when there is no ledger or it cannot be read.
    """
    own = read_key(paths.public_key) if paths.public_key.is_file() else None
    trusted = key or own
    witnesses, faults = _published(paths)
    witnesses += [entry for entry in kept if isinstance(entry, Witness)]
    good, bad = _check_signatures(witnesses, trusted)
    walk = _Walk({witness.head.seq for witness in good}, {entry for entry in kept if isinstance(entry, str)})
    chain = verify_chain(walk.along(read_events(paths.database)))
    fitting, misfits = _compare(good, chain, walk.at)
    faults = [*_chain_faults(chain), *misfits, *_kept_faults(walk), *_key_faults(own, key, walk), *bad, *faults]
    changed, unchecked = check_seals(paths.transcripts, walk.seals)
    faults += [Fault("transcript", None, text) for text in changed]
    if not witnesses and not walk.looked_for:
        text = "there is no published head (heads.jsonl, heads.git), so a cut tail or a new chain would not be seen"
        faults.append(Fault("heads", None, f"{text}; name one with --head"))
    signed = max((witness.head.seq for witness in fitting), default=0)
    notes = (*_notes(paths, fitting, unsigned=chain.entries - signed, own_key=key is None), *unchecked)
    return Audit(chain.entries, chain.head, trusted, len(fitting), signed, tuple(faults), notes)


def read_kept(text: str) -> list[Witness | str]:
    """What `--head` names: a hash, or a file with heads (of `ledger head --json`, heads.jsonl, a copy of the forum).

    Raises UserError.
    """
    path = Path(text)
    if not path.is_file():
        if len(text) == 64 and set(text) <= set("0123456789abcdef"):
            return [text]
        raise UserError(f"--head {text[:80]}: is neither a file nor a hash of 64 hexadecimal digits")
    try:
        content = path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError):
        raise UserError(f"--head {path}: cannot be read as text") from None
    if len(content.strip()) == 64:
        return read_kept(content.strip())
    heads = dict.fromkeys(parse_head(part) for part in (content, *(line.lstrip("> ") for line in content.splitlines())))
    found: list[Witness | str] = [Witness(str(path), head) for head in heads if head is not None]
    if not found:
        raise UserError(f"--head {path}: holds no head of a ledger")
    return found


class _Walk:
    """Remembers of the chain, while it is verified, what heads speak of."""

    def __init__(self, seqs: set[int], hashes: set[str]) -> None:
        self.at: dict[int, str] = {0: GENESIS}
        self.key: str | None = None
        """What the first entry says."""
        self.begun = False
        self.seals: list[Seal] = []
        """Of transcripts."""
        self.looked_for, self.seen = hashes, {GENESIS}
        self._seqs = seqs

    def along(self, events: Iterator[Event]) -> Iterator[Event]:
        for event in events:
            yield event  # resumed only if it fits
            if not self.begun:
                self.begun, self.key = True, event.meta.get("key")
            if event.seq in self._seqs:
                self.at[event.seq] = event.hash
            if event.hash in self.looked_for:
                self.seen.add(event.hash)
            if event.kind == Kind.TRANSCRIPT_SEALED:
                self.seals.append(seal_of(event))


def _published(paths: StudyPaths) -> tuple[list[Witness], list[Fault]]:
    """The heads of the folder, read before the ledger, which may grow meanwhile."""
    lines = list(read_heads(paths.heads))
    commits = read_commits(paths.heads_repository)
    faults = [_heads_fault(f"heads.jsonl line {number} is no head") for number, head in lines if head is None]
    faults += [_heads_fault(f"heads.git commit {commit[:10]} is no head") for commit, head in commits if head is None]
    witnesses = [Witness(f"heads.jsonl line {number}", head) for number, head in lines if head]
    in_file = {witness.head for witness in witnesses}
    for place, witness in enumerate(witnesses, 1):
        if witness.head.number != place:
            faults.append(_heads_fault(f"{witness.source} is head {witness.head.number}: lines were taken or moved"))
            break
    for commit, head in commits:
        if head is not None and head not in in_file:
            faults.append(_heads_fault(f"heads.git commit {commit[:10]} (entry {head.seq}) is not in heads.jsonl"))
            witnesses.append(Witness(f"heads.git commit {commit[:10]}", head))
    return witnesses, faults


def _heads_fault(text: str) -> Fault:
    return Fault("heads", None, text)


def _check_signatures(witnesses: Sequence[Witness], key: str | None) -> tuple[list[Witness], list[Fault]]:
    if key is None:
        return [], [Fault("key", None, "there is no public key (ledger.pub); name one with --key")] if witnesses else []
    good, faults = [], []
    for witness in witnesses:
        problem = misfit(witness.head, key)
        if problem:
            faults.append(Fault("signature", None, f"{witness.source}: {problem}"))
        else:
            good.append(witness)
    return good, faults


def _chain_faults(chain: ChainReport) -> list[Fault]:
    return [Fault("chain", chain.entries + 1, chain.problem)] if chain.problem else []


def _compare(
    witnesses: Sequence[Witness], chain: ChainReport, at: Mapping[int, str]
) -> tuple[list[Witness], list[Fault]]:
    """Heads that fit the chain, and the first that does not, and the last that is beyond its end."""
    fitting = [witness for witness in witnesses if at.get(witness.head.seq) == witness.head.hash]
    beyond = [witness for witness in witnesses if witness.head.seq > chain.entries]
    others = [witness for witness in witnesses if at.get(witness.head.seq, witness.head.hash) != witness.head.hash]
    faults = []
    if others:
        first = min(others, key=lambda witness: witness.head.seq)
        below = max((w.head.seq for w in fitting if w.head.seq < first.head.seq), default=0)
        text = (
            f"entry {first.head.seq} is not the one that was signed on {first.head.when} ({first.source}): "
            f"the ledger was written anew somewhere in entries {below + 1} to {first.head.seq}"
        )
        faults.append(Fault("rewritten", below + 1, text))
    if beyond and chain.ok:
        last = max(beyond, key=lambda witness: witness.head.seq)
        text = (
            f"the tail was cut: the ledger ends with entry {chain.entries}, but entry {last.head.seq} was signed on "
            f"{last.head.when} ({last.source})"
        )
        faults.append(Fault("tail", chain.entries + 1, text))
    return fitting, faults


def _kept_faults(walk: _Walk) -> list[Fault]:
    return [
        Fault("tail", None, f"no entry has the published head {head}: the tail was cut, or the ledger written anew")
        for head in sorted(walk.looked_for - walk.seen)
    ]


def _key_faults(own: str | None, key: str | None, walk: _Walk) -> list[Fault]:
    trusted = key or own
    faults = []
    if key and own and own != key:
        text = f"ledger.pub holds another key ({fingerprint(own)}) than the one given ({fingerprint(key)})"
        faults.append(Fault("key", None, text))
    if trusted and walk.begun and walk.key != trusted:
        faults.append(Fault("key", 1, f"entry 1 does not name the public key {fingerprint(trusted)}"))
    return faults


def _notes(paths: StudyPaths, fitting: Sequence[Witness], *, unsigned: int, own_key: bool) -> tuple[str, ...]:
    notes = []
    if own_key:
        notes.append("the public key is the folder's own; compare it with one that you have from elsewhere (--key)")
    if unsigned > 0 and fitting:
        notes.append(f"{unsigned} entries came after the newest signed head; a cut among them would not be seen")
    times = [witness.head.time for witness in sorted(fitting, key=lambda witness: witness.head.number)]
    if any(later < earlier for earlier, later in pairwise(times)):
        notes.append("the lab's clock went back between two heads; their order is that of their numbers")
    if paths.heads.is_file() and not paths.heads.read_bytes().endswith(b"\n"):
        notes.append("the last line of heads.jsonl was torn by a crash and does not count")
    return tuple(notes)
