"""The problem behind a real lab's doors: what ranks, what is gated, what replays, what nobody learns."""

import json
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from aarlab.minds.protocol import Share
from aarlab.minds.search.mind import SearchMind
from aarlab.sycophancy.methods import METHODS
from aarlab.sycophancy.sources import HIDDEN
from aarlab.wire.operator import OperatorRow
from tests.api.conftest import Begin
from tests.api.test_non_interference import Tape
from tests.support.cli import aarlab
from tests.support.lab import ROOT, LabProcess, until
from tests.support.workbench import workbench

METHOD = """
from aarlab.sycophancy.methods import METHODS


def train(task, *, seed):
    return METHODS["mean_difference"](task, seed=seed, strength={strength})
"""
GENTLE, AGAINST = METHOD.format(strength=0.4), METHOD.format(strength=4.0)
SETTINGS = {
    "problem": {"kind": "sycophancy"},
    "verify": {"seeds": 3, "controls": 0, "seconds": 60.0},
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
def rows(lab: LabProcess) -> dict[str, OperatorRow]:
    with lab.operator() as operator:
        return {row.name: row for row in operator.board().rows}


@pytest.fixture
def tape(lab: LabProcess) -> Iterator[Tape]:
    with closing(Tape(lab.socket("r1"))) as tape:
        yield tape


def test_the_board_ranks_one_and_gates_the_other(rows: dict[str, OperatorRow]) -> None:
    gentle, against = rows["gentle"], rows["against"]
    assert gentle.rank == 1
    assert 0 < (gentle.value or 0) < 1
    assert (against.rank, against.value) == (None, None)
    assert against.note.startswith("gated: it gives up a capability: ")
    assert rows["vanilla"].value == 0.0
    assert {"no opinion", "all labels", "consistency", "few_labels", "ccs"} <= set(rows)


def test_the_hidden_benchmark_is_the_operators_alone(lab: LabProcess, rows: dict[str, OperatorRow], tape: Tape) -> None:
    assert HIDDEN in rows["gentle"].private["benchmarks"]
    for path in ("me", "problem", "board", "forum", "notes", f"submissions/{rows['gentle'].submission}"):
        tape.ask("GET", f"/v1/{path}")
    told = [answer for _, _, answer in tape.answers]
    told += [path.read_bytes() for path in lab.paths.data().iterdir()] + [lab.log.read_bytes()]
    assert any(b"capitals" in one for one in told), "the test would find a benchmark"
    assert not any(HIDDEN.encode() in one for one in told)


@pytest.mark.slow
def test_the_search_mind_goes_on_where_it_was_with_the_methods_of_the_card(lab: LabProcess, tmp_path: Path) -> None:
    lab.admit("r2")
    for answers in (1, 2):
        share = Share(experiments=20, dev_answers=answers, verifications=0)
        with workbench(lab, tmp_path, name="r2", index=1, share=lambda _, share=share: share) as place:
            SearchMind(patience=4).run(place.bench)
        assert place.log[-1] == "has finished"
    with lab.member("r2") as r2:
        posts = [post for post in r2.forum() if post.author == "r2"]
        notes = r2.notes()
    assert len({post.submission.id for post in posts if post.submission}) == len(posts) == 2
    assert all(post.title.split(",")[0].replace(" ", "_") in METHODS for post in posts)
    assert notes.startswith("# Notes")


@pytest.mark.slow
def test_a_row_replays_to_the_last_digit(lab: LabProcess, rows: dict[str, OperatorRow]) -> None:
    done = aarlab("replay", str(rows["gentle"].submission), "--study", lab.paths.root, cwd=lab.paths.root)
    assert (done.status, done.err) == (0, "")
    assert "the same to the last digit" in done.out


def test_a_file_that_is_no_student_is_malformed(lab: LabProcess) -> None:
    with lab.member("r1") as r1:
        assert r1.ask(*[b"0.5"] * 3).status == "malformed"


@pytest.mark.slow
def test_the_search_mind_goes_from_nothing_to_a_verified_board(tmp_path: Path) -> None:
    small = ("--set", "budget.dev_answers=12", "--set", "budget.verifications=3", "--set", "budget.minutes=1")
    done = aarlab(
        "run", ROOT / "examples" / "sycophancy.toml", *small, "--set", "verify.seeds=3", cwd=tmp_path, timeout=280
    )
    assert (done.status, done.err) == (0, "")
    for words in ("Verified board of sycophancy", "posts a result: ", "report: ", "finished: "):
        assert words in done.out
    shown = aarlab("board", "--json", cwd=tmp_path)
    ranked = [row for row in json.loads(shown.out)["rows"] if row["kind"] == "method" and row["rank"]]
    assert ranked[0]["low"] > 0
    assert all(HIDDEN in row["private"]["benchmarks"] for row in ranked)
    assert HIDDEN not in done.out
    assert aarlab("ledger", "verify", cwd=tmp_path).status == 0
