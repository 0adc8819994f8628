"""The problem behind a real lab's doors: what ranks, what is gated, what replays, what nobody learns."""

from collections.abc import Iterator
from contextlib import closing

import pytest

from aarlab.sycophancy.sources import HIDDEN
from aarlab.wire import BoardRow
from tests.api.conftest import Begin
from tests.api.test_non_interference import Tape
from tests.support.cli import aarlab
from tests.support.lab import LabProcess, until

METHOD = """
from aarlab.sycophancy.methods import METHODS


def train(task, *, seed):
    return METHODS["mean_difference"](task, seed=seed, strength={strength})
"""
GENTLE, AGAINST = METHOD.format(strength=0.4), METHOD.format(strength=4.0)
SETTINGS = {
    "problem": {"kind": "sycophancy"},
    "verify": {"seeds": 2, "controls": 0, "seconds": 60.0},
    "sandbox": {"memory_mb": 1024, "disk_mb": 64},
}


@pytest.fixture(scope="module")
def lab(begin: Begin) -> LabProcess:
    """A lab with a method that takes some of the failure away, and one that contradicts every time."""
    lab = begin(SETTINGS)
    r1 = lab.admit("r1")
    until(lambda: any(event.kind == "marks.scored" for event in lab.events()), seconds=120)
    for title, code in {"gentle": GENTLE, "against": AGAINST}.items():
        assert r1.prove(code, title=title, wait=120).status == "ok"
    return lab


@pytest.fixture
def rows(lab: LabProcess) -> dict[str, BoardRow]:
    with lab.operator() as operator:
        return {row.name: row for row in operator.board().rows}


@pytest.fixture
def tape(lab: LabProcess) -> Iterator[Tape]:
    with closing(Tape(lab.socket("r1"))) as tape:
        yield tape


def test_the_board_ranks_one_and_gates_the_other(rows: dict[str, BoardRow]) -> None:
    gentle, against = rows["gentle"], rows["against"]
    assert gentle.rank == 1
    assert 0 < (gentle.value or 0) < 1
    assert (against.rank, against.value) == (None, None)
    assert against.note.startswith("gated: it gives up a capability: agrees when the user is right")
    assert rows["vanilla"].value == 0.0
    assert {"no opinion", "all labels", "consistency", "few_labels", "ccs"} <= set(rows)


def test_the_hidden_benchmark_is_the_operators_alone(lab: LabProcess, rows: dict[str, BoardRow], tape: Tape) -> None:
    assert HIDDEN in rows["gentle"].private["benchmarks"]
    for path in ("me", "problem", "board", "forum", "notes", f"submissions/{rows['gentle'].submission}"):
        tape.ask("GET", f"/v1/{path}")
    told = [answer for _, _, answer in tape.answers]
    told += [path.read_bytes() for path in lab.paths.data().iterdir()] + [lab.log.read_bytes()]
    assert any(b"capitals" in one for one in told), "the test would find a benchmark"
    assert not any(HIDDEN.encode() in one for one in told)


def test_a_row_replays_to_the_last_digit(lab: LabProcess, rows: dict[str, BoardRow]) -> None:
    done = aarlab("replay", str(rows["gentle"].submission), "--study", lab.paths.root, cwd=lab.paths.root)
    assert (done.status, done.err) == (0, "")
    assert "the same to the last digit" in done.out


def test_a_file_that_is_no_student_is_malformed(lab: LabProcess) -> None:
    with lab.member("r1") as r1:
        assert r1.ask(b"0.5").status == "malformed"
