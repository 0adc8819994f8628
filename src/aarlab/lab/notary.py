"""The notary: signs heads of the ledger and publishes them, in a thread of its own."""

import threading
import time
from collections.abc import Callable, Sequence

from aarlab.canonical import write_atomic
from aarlab.errors import OperatorError
from aarlab.lab.chain import GENESIS
from aarlab.lab.events import Kind
from aarlab.lab.headrepo import HeadRepository
from aarlab.lab.heads import Head, HeadFile, Signer, head_post, read_heads, read_key
from aarlab.lab.ledger import Ledger
from aarlab.lab.store import Event
from aarlab.paths import StudyPaths
from aarlab.wire import Finding

AT_ONCE = frozenset(
    {
        Kind.LAB_STARTED,
        Kind.SESSION_STARTED,
        Kind.SESSION_ENDED,
        Kind.MARKS_SCORED,
        Kind.VERIFY_FINISHED,
        Kind.FINAL_NAMED,
        Kind.FINAL_OPENING,
        Kind.FINAL_OPENED,
    }
)
"""Entries after which a head is signed at once."""
ENTRIES = 25
"""Otherwise a head is signed after so many entries,"""
SECONDS = 60.0
"""or after so many seconds in which there were any."""


class Notary:
    """Signs what it is told to be durable. Only the newest head counts, so what comes while it works shares one."""

    def __init__(
        self,
        paths: StudyPaths,
        signer: Signer,
        *,
        fatal: Callable[[OperatorError], None],
        clock: Callable[[], float] = time.time,
        entries: int = ENTRIES,
        seconds: float = SECONDS,
    ) -> None:
        """Writes nothing yet. `fatal` is told when a head cannot be published."""
        self._paths, self._signer, self._fatal, self._clock = paths, signer, fatal, clock
        self._entries, self._seconds = entries, seconds
        self._changed = threading.Condition()
        self._heads: list[Head] = []
        self._last: Event | None = None
        self._urgent = self._closing = False
        self._thread: threading.Thread | None = None

    @property
    def key(self) -> str:
        """The public key, raw, in hex."""
        return self._signer.key

    @property
    def heads(self) -> Sequence[Head]:
        """What was published, oldest first."""
        with self._changed:
            return tuple(self._heads)

    def start(self, ledger: Ledger) -> None:
        """Checks that the ledger is the one that was signed, and signs from now on. Before the first entry.

        Raises OperatorError when key, heads and ledger do not belong together.
        """
        self._check(ledger)
        if not self._paths.public_key.exists():
            write_atomic(self._paths.public_key, self._signer.pem)
        self._file, self._repository = HeadFile(self._paths.heads), HeadRepository(self._paths.heads_repository)
        if not self._heads:
            self._publish(0, GENESIS)
        self._thread = threading.Thread(target=self._work, name="notary", daemon=True)
        self._thread.start()

    def saw(self, events: Sequence[Event]) -> None:
        """Takes note of durable entries; from any thread, in any order."""
        with self._changed:
            newest = max(events, key=lambda event: event.seq)
            if self._last is None or newest.seq > self._last.seq:
                self._last = newest
            self._urgent = self._urgent or any(event.kind in AT_ONCE for event in events)
            if self._due():
                self._changed.notify()

    def post(self, *, after: int = 0) -> tuple[Finding, ...]:
        """The lab's post on the forum, if there is a head of an entry after `after`."""
        post = head_post(self.heads)
        return (post,) if post and post.seq > after else ()

    def close(self) -> None:
        """Signs the last entry that it was told of."""
        if self._thread is None:
            return
        with self._changed:
            self._closing = True
            self._changed.notify()
        self._thread.join()
        self._thread = None
        self._file.close()

    def _check(self, ledger: Ledger) -> None:
        public = self._paths.public_key
        first = next(iter(ledger.events()), None)
        known = {read_key(public)} if public.exists() else set()
        known |= {first.meta["key"]} if first and "key" in first.meta else set()
        if known - {self.key}:
            raise OperatorError(
                f"{self._paths.vault}/signing.key is not the key of this study ({public}); restore it from a backup"
            )
        self._heads = [head for _, head in read_heads(self._paths.heads) if head is not None]
        newest = max(self._heads, key=lambda head: head.seq, default=None)
        if newest is not None and newest.seq:
            entry = next(iter(ledger.events(after=newest.seq - 1)), None)
            if entry is None or entry.hash != newest.hash:
                raise OperatorError(
                    f"the ledger {self._paths.database} is not the one whose entry {newest.seq} was signed on "
                    f"{newest.when}; see `aarlab ledger verify --study {self._paths.root}`"
                )

    def _due(self) -> bool:
        fresh = self._last.seq - self._heads[-1].seq if self._last and self._heads else 0
        return self._closing or (fresh > 0 and (self._urgent or fresh >= self._entries))

    def _work(self) -> None:
        while True:
            with self._changed:
                self._changed.wait_for(self._due, timeout=self._seconds)
                entry, closing = self._last, self._closing
                self._urgent = False
            try:
                if entry is not None and entry.seq > self._heads[-1].seq:
                    self._publish(entry.seq, entry.hash)
            except (OSError, OperatorError) as error:
                self._fatal(OperatorError(f"a head of the ledger cannot be published: {error}"))
                return
            if closing:
                return

    def _publish(self, seq: int, hash: str) -> None:
        number = self._heads[-1].number + 1 if self._heads else 1
        head = self._signer.sign(number=number, seq=seq, hash=hash, time=round(self._clock(), 3))
        self._file.append(head)
        self._repository.publish(head)
        with self._changed:
            self._heads.append(head)
