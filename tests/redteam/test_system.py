"""The system half of the red team: each attack works on the naive scorer, and does not work here."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from aarlab.redteam.attack import Attack
from aarlab.redteam.attacks import code, host, identity, leaks, ledger, text, timing
from aarlab.redteam.labs import LABS
from aarlab.redteam.naive import NaiveScorer
from aarlab.redteam.naive_host import NaiveHost
from aarlab.redteam.target import Range

PARTS = (identity, code, leaks, host, ledger, text, timing)
ALL = {attack.name: attack for part in PARTS for attack in part.ATTACKS}


@pytest.fixture(scope="module")
def labs(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Range]:
    with Range(tmp_path_factory.mktemp("range"), LABS) as labs:
        yield labs


@pytest.fixture
def naive(tmp_path: Path) -> NaiveScorer:
    return NaiveScorer(tmp_path)


def test_names_are_different_and_say_what_is_done() -> None:
    assert len(ALL) == sum(len(part.ATTACKS) for part in PARTS) >= 30
    assert all(attack.summary.endswith(".") for attack in ALL.values())


@pytest.mark.parametrize("attack", ALL.values(), ids=list(ALL))
def test_it_works_on_the_naive_scorer(attack: Attack, naive: NaiveScorer) -> None:
    blow = attack.naive(naive)
    assert blow.worked, blow


@pytest.mark.parametrize("attack", ALL.values(), ids=list(ALL))
def test_it_does_not_work_here(attack: Attack, labs: Range) -> None:
    blow = attack.ours(labs)
    assert not blow.worked, blow


def test_the_naive_scorer_touches_nothing_but_its_folder(tmp_path: Path) -> None:
    own, beside = tmp_path / "own", tmp_path / "beside"
    beside.mkdir()
    (beside / "file").write_text("x")
    scorer = NaiveHost(own)
    for attack in ALL.values():
        attack.naive(NaiveScorer(own))
    assert scorer.labels_file.exists()
    assert [path.name for path in tmp_path.iterdir() if path != own] == ["beside"]
    assert (beside / "file").read_text() == "x"
    assert not list(own.rglob("fill*"))
