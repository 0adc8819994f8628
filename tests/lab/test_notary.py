"""The notary: when heads are signed, what a crash or a clock leaves, and which ledgers it does not go on with."""

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from aarlab.errors import OperatorError
from aarlab.lab.audit import audit
from aarlab.lab.events import Kind
from aarlab.lab.heads import Head, Signer, read_heads
from aarlab.lab.ledger import Ledger
from aarlab.lab.notary import Notary
from aarlab.lab.sqlite_store import SqliteStore
from aarlab.paths import StudyPaths
from aarlab.settings import StudyConfig
from tests.support.forge import statements
from tests.support.lab import until

SIGNER = Signer(b"s" * 32, study="toy")


class Desk:
    """A ledger with a notary, and nothing else of the lab."""

    def __init__(self, paths: StudyPaths, *, signer: Signer = SIGNER, entries: int = 10, seconds: float = 60.0) -> None:
        self.time = 1000.0
        self.failures: list[OperatorError] = []
        self.paths = paths
        self.notary = Notary(
            paths, signer, fatal=self.failures.append, clock=lambda: self.time, entries=entries, seconds=seconds
        )
        self.ledger = Ledger(
            SqliteStore(paths.database), fatal=self.failures.append, clock=lambda: self.time, durable=self.notary.saw
        )
        try:
            self.notary.start(self.ledger)
        except OperatorError:
            self.ledger.close()
            raise
        with self.ledger.open() as book:
            if not book.state.seq:
                body = {"config": StudyConfig().model_dump(mode="json"), "problem": "toy", "digest": "d"}
                book.write(Kind.STUDY_CREATED, "lab", body, key=signer.key)

    def write(self, kind: Kind = Kind.CONTROL_SET, *, times: int = 1) -> None:
        for _ in range(times):
            with self.ledger.open() as book:
                book.write(kind, "operator", {"researcher": None, "action": "run", "reason": ""})

    def signed(self) -> list[int]:
        return [head.seq for head in self.heads()]

    def heads(self) -> list[Head]:
        return [head for _, head in read_heads(self.paths.heads) if head is not None]

    def close(self) -> None:
        self.ledger.close()
        self.notary.close()


Open = Callable[..., Desk]


@pytest.fixture
def begin(tmp_path: Path) -> Iterator[Open]:
    opened: list[Desk] = []

    def begin(**options: object) -> Desk:
        opened.append(Desk(StudyPaths(tmp_path), **options))  # type: ignore[arg-type]  # passed on as they are
        return opened[-1]

    yield begin
    for desk in opened:
        desk.close()


def test_heads_are_signed_at_once_after_n_entries_and_at_the_end(begin: Open) -> None:
    desk = begin(entries=10)
    assert desk.signed() == [0]
    desk.write(times=8)
    desk.write(Kind.SESSION_STARTED)
    until(lambda: desk.signed() == [0, 10])
    desk.write(times=9)
    desk.write()
    until(lambda: desk.signed() == [0, 10, 20])
    desk.write(times=3)
    desk.close()
    assert desk.signed() == [0, 10, 20, 23]
    assert [head.number for head in desk.heads()] == [1, 2, 3, 4]
    assert audit(desk.paths, key=SIGNER.key).ok


def test_heads_are_signed_after_some_time_if_there_is_anything_new(begin: Open) -> None:
    desk = begin(seconds=0.05)
    desk.write()
    until(lambda: desk.signed() == [0, 2])


def test_a_clock_that_goes_back_breaks_nothing(begin: Open) -> None:
    desk = begin()
    for time in (2000.0, 500.0, -3.0):
        desk.time = time
        desk.write(Kind.SESSION_STARTED)
        until(lambda: desk.heads()[-1].time == time)  # noqa: B023 - used before the next round
    desk.close()
    found = audit(desk.paths, key=SIGNER.key)
    assert found.ok
    assert any("clock went back" in note for note in found.notes)
    begin().close()


def test_entries_without_a_head_are_what_a_crash_leaves_and_the_next_start_signs_them(begin: Open) -> None:
    desk = begin()
    desk.write(times=3)
    desk.ledger.close()  # as kill -9 would: the notary never learns of the end
    found = audit(desk.paths, key=SIGNER.key)
    assert (found.ok, found.signed, found.entries) == (True, 0, 4)
    assert any("4 entries came after the newest signed head" in note for note in found.notes)
    again = begin()
    again.write(Kind.SESSION_STARTED)
    until(lambda: again.signed() == [0, 5])
    assert audit(desk.paths, key=SIGNER.key).ok


def test_a_head_that_git_never_got_is_no_fault(begin: Open) -> None:
    desk = begin()
    desk.write(times=3)
    desk.close()
    head = SIGNER.sign(number=3, seq=4, hash=desk.heads()[-1].hash, time=1.0)
    with desk.paths.heads.open("ab") as stream:
        stream.write(head.line + b"\n")
    assert audit(desk.paths, key=SIGNER.key).ok
    again = begin()
    again.write(Kind.SESSION_STARTED)
    again.close()
    assert audit(desk.paths, key=SIGNER.key).ok


def test_a_ledger_that_is_not_the_one_that_was_signed_is_not_served(begin: Open) -> None:
    desk = begin()
    desk.write(times=3)
    desk.close()
    statements(desk.paths.database, "DELETE FROM ledger WHERE seq > 2")
    with pytest.raises(OperatorError, match="is not the one whose entry 4 was signed"):
        begin()


def test_another_key_does_not_go_on_with_a_study(begin: Open) -> None:
    begin().close()
    with pytest.raises(OperatorError, match="is not the key of this study"):
        begin(signer=Signer(b"t" * 32, study="toy"))


def test_the_lab_ends_when_a_head_cannot_be_published(begin: Open) -> None:
    desk = begin()
    (desk.paths.heads_repository / "HEAD").write_text("no repository any more")
    desk.write(Kind.SESSION_STARTED)
    until(lambda: len(desk.failures) == 1)
    assert "a head of the ledger cannot be published: git" in str(desk.failures[0])
