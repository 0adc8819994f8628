"""A study with a monitor: a verified method ranks when it was read and nothing was found, also after a kill -9."""

import pytest

from aarlab.wire import BoardRow
from tests.api.conftest import Begin
from tests.support.lab import GOOD, OTHER, LabProcess, until

LOADED = f"import zlib, base64\n{GOOD}    base64.b64decode(b'')\n    eval(zlib.decompress(b''))\n"


@pytest.fixture(scope="module")
def lab(begin: Begin) -> LabProcess:
    return begin({"verify": {"controls": 0}, "integrity": {"monitor": "scripted/rules"}})


@pytest.fixture
def board(lab: LabProcess) -> "Board":
    return Board(lab)


class Board:
    """Rows as the operator sees them."""

    def __init__(self, lab: LabProcess) -> None:
        self._lab = lab

    def row(self, submission: str) -> BoardRow:
        with self._lab.operator() as operator:
            return next(row for row in operator.board().rows if row.submission == submission)

    def read(self, submission: str) -> None:
        """Waits until the monitor has read it."""
        until(lambda: any(e.kind == "review.finished" and e.body["id"] == submission for e in self._lab.events()))


def test_what_was_read_ranks(lab: LabProcess, board: Board) -> None:
    seen = lab.admit("r1").prove()
    board.read(seen.id)
    assert (board.row(seen.id).standing, board.row(seen.id).rank) == ("", 1)
    review = next(event for event in lab.events() if event.kind == "review.finished")
    assert review.body["model"] == "scripted/rules"


def test_what_is_found_holds_the_row(lab: LabProcess, board: Board) -> None:
    seen = lab.member("r1").prove(LOADED)
    board.read(seen.id)
    row = board.row(seen.id)
    assert (row.standing, row.rank) == ("under review", None)
    with lab.operator() as operator:
        assert "monitor" in {one.detector for one in operator.incidents() if one.submission == seen.id}


def test_without_money_for_the_reading_a_person_must(begin: Begin, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OPENAI_API_KEY", "none")
    model = {"name": "openai-chat/dear", "input": 100.0, "output": 1000.0}
    lab = begin({"integrity": {"monitor": "openai-chat/dear"}, "price": {"model": [model]}})
    seen = lab.admit("r1").prove()
    Board(lab).read(seen.id)
    assert Board(lab).row(seen.id).standing == "under review"
    review = next(event for event in lab.events() if event.kind == "review.finished")
    assert (review.body["trouble"], review.meta["dollars"]) == ("money", 0.0)
    assert not any(event.kind == "review.started" for event in lab.events())


def test_a_killed_lab_reads_what_is_left(lab: LabProcess, board: Board) -> None:
    lab.member("r1").prove(OTHER)
    (seen,) = [e.body["id"] for e in lab.events() if e.kind == "verify.finished"][-1:]
    lab.kill()
    lab.start()
    board.read(seen)
    assert board.row(seen).standing == ""
    assert [e.body["id"] for e in lab.events() if e.kind == "review.finished"].count(seen) == 1
