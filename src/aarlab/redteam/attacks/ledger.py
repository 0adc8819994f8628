"""Changing what was written down: entries, order, tail, whole chains, heads, keys and the clock."""

import time
from collections.abc import Callable
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from aarlab.canonical import write_atomic
from aarlab.errors import OperatorError
from aarlab.lab import budgets
from aarlab.lab.audit import audit
from aarlab.lab.chain import verify_chain
from aarlab.lab.events import Kind
from aarlab.lab.heads import Signer
from aarlab.lab.ledger import Ledger
from aarlab.lab.sqlite_store import SqliteStore, read_events
from aarlab.paths import StudyPaths
from aarlab.redteam.attack import Attack, Blow
from aarlab.redteam.forge import Entries, copy_of, heads, new_chain, statements, write_heads
from aarlab.redteam.hands import VANILLA, prove
from aarlab.redteam.naive import NaiveScorer
from aarlab.redteam.target import Range
from aarlab.settings import StudyConfig
from aarlab.wire import Budgets

_UNSEEN = "changes that an audit did not find"
_BEHIND = 4
_SECONDS = 30.0
_PLAIN: Entries = [{"time": place, "kind": "verified", "by": "alice", "pgr": 0.1 * place} for place in range(1, 7)]
"""A naive ledger."""

Forge = Callable[[StudyPaths], None]


@dataclass(frozen=True)
class Change:
    """One way of changing a ledger."""

    words: str
    """What was done."""
    forge: Forge
    """Does it to a copy of a study."""
    kept: bool = False
    """Whether it can only be found with the public key noted elsewhere before: then the audit is given it."""


def _naive(change: Callable[[Entries], Entries]) -> Callable[[NaiveScorer], Blow]:
    def blow(naive: NaiveScorer) -> Blow:
        naive.ledger(change([dict(entry) for entry in _PLAIN]))
        return Blow(float(naive.ledger_is_fine()), _UNSEEN, 0, "the file is JSON as before, so it is believed")

    return blow


def _ours(*changes: Change) -> Callable[[Range], Blow]:
    def blow(labs: Range) -> Blow:
        target = labs.lab("system")
        prove(target, {"honest": {"method.py": VANILLA}})
        _await_signature(target.paths)
        found, unseen = [], 0
        for change in changes:
            with copy_of(target.paths) as copy:
                key = heads(copy)[0].key if change.kept else None
                assert audit(copy, key=key).ok, "the copy fits before it is changed"
                change.forge(copy)
                faults = audit(copy, key=key).faults
            unseen += not faults
            found.append(f"{change.words}: {faults[0].text[:70] if faults else 'NOT FOUND'}")
        return Blow(unseen, _UNSEEN, 0, "; ".join(found))

    return blow


def _await_signature(study: StudyPaths) -> None:
    """A verification is signed at once, but beside the answer. Raises OperatorError when it is not."""
    seq = max(event.seq for event in read_events(study.database) if event.kind == Kind.VERIFY_FINISHED)
    deadline = time.monotonic() + _SECONDS
    while audit(study).signed < seq:
        if time.monotonic() > deadline:
            raise OperatorError(f"entry {seq} of the range's ledger is not signed")
        time.sleep(0.05)


def _sql(words: str, *lines: str) -> Change:
    return Change(words, lambda copy: statements(copy, *lines))


def _chain(words: str, change: Callable[[Entries], Entries]) -> Change:
    return Change(words, lambda copy: new_chain(copy, change))


def _better(entries: Entries) -> Entries:
    """The last verified row was a better one."""
    for entry in entries:
        if entry["kind"] == Kind.VERIFY_FINISHED and entry["body"]["score"]:
            entry["body"]["score"]["value"] = 9.0
    return entries


def _cut(copy: StudyPaths) -> None:
    """Cuts entries that were signed; newer heads stay, as somebody has them."""
    last = heads(copy)[-1].seq
    statements(copy, f"DELETE FROM ledger WHERE seq > {last - _BEHIND}")


def _forged_head(copy: StudyPaths) -> None:
    """A better ledger, and heads for it that were signed with another key."""
    new_chain(copy, _better)
    _sign_all(copy, Signer(b"f" * 32, study="redteam"))


def _new_key(copy: StudyPaths) -> None:
    """The same, and the public key replaced everywhere that it stands."""
    forger = Signer(b"f" * 32, study="redteam")

    def own_key(entries: Entries) -> Entries:
        entries[0]["meta"]["key"] = forger.key
        return _better(entries)

    new_chain(copy, own_key)
    _sign_all(copy, forger)
    write_atomic(copy.public_key, forger.pem)


def _sign_all(copy: StudyPaths, forger: Signer) -> None:
    last = list(read_events(copy.database))[-1]
    write_heads(copy, [forger.sign(number=1, seq=last.seq, hash=last.hash, time=1.0)])


# ---- the clock ----------------------------------------------------------------------------------------------

_MOVED = "entries out of order, or budget won back"
_JUMPS = (600.0, -86_400.0, 60.0, 172_800.0, -3 * 86_400.0, 60.0)
"""Seconds by which the host's clock moves between entries: a day back, two forward, three back."""


def _naive_clock(naive: NaiveScorer) -> Blow:
    late = {"time": -86_400, "kind": "verified", "by": "mallory", "pgr": 0.9}
    path = naive.ledger([*_PLAIN, late])
    first = "mallory" in path.read_text().split("}", 1)[0]
    return Blow(float(first), _MOVED, 0, "a result written last, with the clock set back, was the first")


def _our_clock(labs: Range) -> Blow:
    """The real ledger and store with a clock that is moved: the host's own cannot be, and need not."""
    with TemporaryDirectory() as folder:
        return _with_moved_clock(Path(folder) / "lab.db", labs.lab("system").config)


def _with_moved_clock(path: Path, config: StudyConfig) -> Blow:
    store = SqliteStore(path)
    try:
        left = _work(store, config)
    finally:
        store.close()
    won = 0.0
    for before, after in pairwise(left):
        won += max(0.0, after.seconds - before.seconds) + max(0, after.verifications - before.verifications)
    events = list(read_events(path))
    order = [event.body["id"] for event in events if event.kind == Kind.VERIFY_REQUESTED]
    moved = sum(name != f"v-{number}" for number, name in enumerate(order)) + (not verify_chain(events).ok)
    words = f"{len(order)} entries over {len(_JUMPS)} jumps in order, the chain fits, no second and no answer came back"
    return Blow(won + moved, _MOVED, 0, words)


def _work(store: SqliteStore, config: StudyConfig) -> list[Budgets]:
    """One entry after each jump of the clock; what is left of the budgets then."""
    now = [1_000_000.0]
    ledger = Ledger(store, fatal=_fail, clock=lambda: now[0])
    _begin(ledger, config)
    left = []
    for number, jump in enumerate(_JUMPS):
        now[0] += jump
        with ledger.open() as book:
            work = {"id": f"v-{number}", "snapshot": "s", "content": str(number), "proposal": "p"}
            book.write(Kind.VERIFY_REQUESTED, "mallory", work)
            left.append(budgets.left(book.state, now=now[0]))
    return left


def _fail(error: OperatorError) -> None:
    raise error


def _begin(ledger: Ledger, config: StudyConfig) -> None:
    member: dict[str, Any] = {"name": "mallory", "mind": "search", "direction": "x", "family": "any", "index": 0}
    with ledger.open() as book:
        named = {"config": config.model_dump(mode="json"), "problem": "small", "digest": "d"}
        book.write(Kind.STUDY_CREATED, "lab", named)
        book.write(Kind.RESEARCHER_ADMITTED, "operator", member)
        book.write(Kind.SESSION_STARTED, "operator", {})


_SWAP = ("UPDATE ledger SET seq = 99999 WHERE seq = 6", "UPDATE ledger SET seq = 6 WHERE seq = 7")
_INSERT = (
    "UPDATE ledger SET seq = -seq WHERE seq > 6",
    "UPDATE ledger SET seq = 1 - seq WHERE seq < 0",
    "INSERT INTO ledger SELECT 7, kind, actor, body, meta, hash, 'x' FROM ledger WHERE seq = 6",
)
ATTACKS = (
    Attack(
        "edit an entry",
        "ledger",
        "Changes a number in the record, as it lies and with a chain of hashes that fits again.",
        _naive(lambda entries: [{**entry, "pgr": 0.9} for entry in entries]),
        _ours(_sql("edited", "UPDATE ledger SET body = '{}' WHERE seq = 6"), _chain("edited, new hashes", _better)),
    ),
    Attack(
        "delete an entry",
        "ledger",
        "Takes a failure out of the record.",
        _naive(lambda entries: entries[:2] + entries[3:]),
        _ours(
            _sql("deleted", "DELETE FROM ledger WHERE seq = 6"),
            _chain("deleted, new hashes", lambda entries: entries[:5] + entries[6:]),
        ),
    ),
    Attack(
        "swap two entries",
        "ledger",
        "Makes the second the first.",
        _naive(lambda entries: [entries[1], entries[0], *entries[2:]]),
        _ours(
            _sql("swapped", *_SWAP, "UPDATE ledger SET seq = 7 WHERE seq = 99999"),
            _chain("swapped, new hashes", lambda entries: [*entries[:5], entries[6], entries[5], *entries[7:]]),
        ),
    ),
    Attack(
        "insert an entry",
        "ledger",
        "Puts into the record what never happened.",
        _naive(lambda entries: [*entries[:2], {**entries[1], "by": "mallory"}, *entries[2:]]),
        _ours(
            _sql("inserted", *_INSERT),
            _chain("inserted, new hashes", lambda entries: [*entries[:6], dict(entries[5]), *entries[6:]]),
        ),
    ),
    Attack(
        "cut the tail",
        "ledger",
        "Takes the last entries away, as if they had not been written yet.",
        _naive(lambda entries: entries[:-2]),
        _ours(Change("cut", _cut)),
    ),
    Attack(
        "forge a head",
        "ledger",
        "Writes a whole new ledger and signs its head with another key, then replaces the public key as well.",
        _naive(lambda entries: [{**entry, "by": "mallory"} for entry in entries]),
        _ours(Change("head of another key", _forged_head), Change("public key replaced too", _new_key, kept=True)),
    ),
    Attack(
        "move the clock",
        "ledger",
        "Sets the host's clock back and forward between entries.",
        _naive_clock,
        _our_clock,
    ),
)
