"""The ledger: order, durability, one writer, and tampering that is found."""

import sqlite3
import threading
from pathlib import Path

import pytest

from aarlab.errors import OperatorError, ResearcherError
from aarlab.lab.chain import verify_chain
from aarlab.lab.sqlite_store import SqliteStore, count_events, newest_events, read_events
from aarlab.lab.store import Draft


def draft(number: int = 0, **body: object) -> Draft:
    return Draft("note.saved", "r1", {"text": f"note {number}", **body}, {"time": 1.5})


def filled(path: Path, count: int = 5) -> str:
    """A closed ledger of `count` entries; its head."""
    store = SqliteStore(path)
    head = store.append([draft(number) for number in range(count)])[-1].hash
    store.close()
    return head


def change(path: Path, *statements: str) -> None:
    """What an owner of the file can do, who removes the triggers first."""
    with sqlite3.connect(path) as connection:
        connection.execute("DROP TRIGGER ledger_update")
        connection.execute("DROP TRIGGER ledger_delete")
        for statement in statements:
            connection.execute(statement)
    connection.close()


def test_entries_are_numbered_chained_and_read_back(tmp_path: Path) -> None:
    store = SqliteStore(tmp_path / "lab.db")
    first, second = store.append([draft(1, names=("a", "b")), draft(2)])
    (third,) = store.append([draft(3)])
    assert [event.seq for event in (first, second, third)] == [1, 2, 3]
    assert (first.prev, second.prev, third.prev) == ("0" * 64, first.hash, second.hash)
    assert list(store.events()) == [first, second, third]
    assert list(store.events(after=2)) == [third]
    assert first.body["names"] == ["a", "b"]
    store.close()


def test_a_reopened_ledger_goes_on_where_it_ended(tmp_path: Path) -> None:
    head = filled(tmp_path / "lab.db")
    store = SqliteStore(tmp_path / "lab.db")
    (event,) = store.append([draft(9)])
    store.close()
    assert (event.seq, event.prev) == (6, head)
    assert verify_chain(read_events(tmp_path / "lab.db")).entries == 6


def test_many_threads_append_without_holes(tmp_path: Path) -> None:
    store = SqliteStore(tmp_path / "lab.db")

    def work(thread: int) -> None:
        for number in range(50):
            store.append([draft(number, thread=thread)])

    threads = [threading.Thread(target=work, args=(index,)) for index in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    store.close()
    events = list(read_events(tmp_path / "lab.db"))
    assert verify_chain(events).ok
    assert len(events) == 400
    for writer in range(8):
        assert [e.body["text"] for e in events if e.body["thread"] == writer] == [f"note {n}" for n in range(50)]


def test_it_can_be_read_while_it_is_written(tmp_path: Path) -> None:
    store = SqliteStore(tmp_path / "lab.db")
    store.append([draft(1)])
    assert [event.seq for event in read_events(tmp_path / "lab.db")] == [1]
    store.append([draft(2)])
    assert [event.seq for event in read_events(tmp_path / "lab.db")] == [1, 2]
    store.close()


def test_a_second_writer_is_refused_in_one_line(tmp_path: Path) -> None:
    store = SqliteStore(tmp_path / "lab.db")
    with pytest.raises(OperatorError, match="another lab server already writes"):
        SqliteStore(tmp_path / "lab.db")
    store.close()
    SqliteStore(tmp_path / "lab.db").close()


def test_a_closed_ledger_takes_nothing(tmp_path: Path) -> None:
    store = SqliteStore(tmp_path / "lab.db")
    store.close()
    store.close()
    with pytest.raises(OperatorError, match="closed"):
        store.append([draft()])


@pytest.mark.parametrize("statement", ["UPDATE ledger SET actor = 'r2'", "DELETE FROM ledger"])
def test_the_table_refuses_slips(tmp_path: Path, statement: str) -> None:
    filled(tmp_path / "lab.db")
    with sqlite3.connect(tmp_path / "lab.db") as connection, pytest.raises(sqlite3.IntegrityError, match="append only"):
        connection.execute(statement)
    connection.close()


TAMPERING = {
    "edited body": ('UPDATE ledger SET body = \'{"text":"better"}\' WHERE seq = 3',),
    "edited meta": ("UPDATE ledger SET meta = '{\"time\":2}' WHERE seq = 3",),
    "edited actor": ("UPDATE ledger SET actor = 'r2' WHERE seq = 3",),
    "broken JSON": ("UPDATE ledger SET body = '{' WHERE seq = 3",),
    "deleted": ("DELETE FROM ledger WHERE seq = 3",),
    "deleted first": ("DELETE FROM ledger WHERE seq = 1",),
    "swapped": (
        "UPDATE ledger SET seq = 99 WHERE seq = 2",
        "UPDATE ledger SET seq = 2 WHERE seq = 3",
        "UPDATE ledger SET seq = 3 WHERE seq = 99",
    ),
    "inserted": ("INSERT INTO ledger SELECT 6, kind, actor, body, meta, prev, 'x' FROM ledger WHERE seq = 5",),
}


@pytest.mark.parametrize("name", TAMPERING)
def test_tampering_is_found_and_the_ledger_is_not_served(tmp_path: Path, name: str) -> None:
    filled(tmp_path / "lab.db")
    change(tmp_path / "lab.db", *TAMPERING[name])
    assert not verify_chain(read_events(tmp_path / "lab.db")).ok
    with pytest.raises(OperatorError, match="does not verify"):
        SqliteStore(tmp_path / "lab.db")


def test_a_cut_tail_is_found_with_a_head_that_was_kept(tmp_path: Path) -> None:
    head = filled(tmp_path / "lab.db")
    assert verify_chain(read_events(tmp_path / "lab.db"), head=head).ok
    change(tmp_path / "lab.db", "DELETE FROM ledger WHERE seq = 5")
    assert verify_chain(read_events(tmp_path / "lab.db")).ok
    assert (
        verify_chain(read_events(tmp_path / "lab.db"), head=head).problem == f"no entry has the published head {head}"
    )


@pytest.mark.parametrize("body", [{"text": "\ud800"}, {"number": float("nan")}])
def test_what_is_no_json_is_refused_and_leaves_no_hole(tmp_path: Path, body: dict[str, object]) -> None:
    store = SqliteStore(tmp_path / "lab.db")
    with pytest.raises(ResearcherError):
        store.append([draft(1), Draft("note.saved", "r1", body, {})])
    store.append([draft(2)])
    store.close()
    assert [event.body["text"] for event in read_events(tmp_path / "lab.db")] == ["note 2"]


def test_what_is_no_ledger_is_one_line(tmp_path: Path) -> None:
    with pytest.raises(OperatorError, match="there is no ledger"):
        list(read_events(tmp_path / "lab.db"))
    (tmp_path / "lab.db").write_bytes(b"not a database, but long enough to look like one" * 100)
    with pytest.raises(OperatorError, match="cannot be"):
        SqliteStore(tmp_path / "lab.db")


def test_the_newest_entries_come_first_and_by_kind(tmp_path: Path) -> None:
    path = tmp_path / "lab.db"
    store = SqliteStore(path)
    store.append([draft(1), Draft("vote.cast", "r1", {"value": 1}, {"time": 1.5}), draft(2)])
    assert [event.seq for event in newest_events(path, before=4, most=2)] == [3, 2]
    assert newest_events(path, before=3, most=9) == list(read_events(path))[:2][::-1]
    assert [event.seq for event in newest_events(path, before=99, kind="note.saved", most=9)] == [3, 1]
    assert count_events(path) == {"note.saved": 2, "vote.cast": 1}
    store.close()
