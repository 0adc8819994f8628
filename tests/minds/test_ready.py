"""The search mind on a problem that offers ready-made methods: what it tries, and in which order."""

import ast
from typing import Any

import pytest

from aarlab.errors import ResearcherError
from aarlab.minds.search.ready import Plain, Shelf
from aarlab.wire import ProblemCard

CODE = "def train(task, *, seed):\n    return METHODS['{method}'](task, seed=seed, **{settings})\n"
METHODS: dict[str, dict[str, Any]] = {
    "plain": {"family": "other", "summary": "Nothing.", "settings": {}},
    "steer": {"family": "model internal", "summary": "A direction.", "settings": {"strength": [0.5, 1.0, 2.0]}},
    "fit": {"family": "self-training", "summary": "A fit.", "settings": {"l2": [0.1, 1.0], "soft": [False, True]}},
}


def card(ready: Any) -> ProblemCard:
    facts = {} if ready is None else {"ready": ready}
    return ProblemCard(name="x", text="", facts=facts, run=(), student_file="student")


@pytest.fixture
def shelf() -> Shelf:
    found = Shelf.of(card({"method.py": CODE, "methods": METHODS}))
    assert found is not None
    return found


def searched(shelf: Shelf, *, seed: int) -> list[Plain]:
    """All that is tried when `fit` is good, and soft better."""
    tried: dict[int, tuple[Plain, float | None]] = {}
    while (plain := shelf.next(tried, seed=seed)) is not None:
        tried[len(tried)] = plain, 0.1 * (plain["method"] == "fit") + 0.1 * bool(plain["settings"].get("soft"))
    return [plain for plain, _ in tried.values()]


def test_every_method_comes_first_once_and_everything_comes_once(shelf: Shelf) -> None:
    found = searched(shelf, seed=3)
    assert {plain["method"] for plain in found[:3]} == set(METHODS)
    assert len(found) == len(shelf.candidates()) == 8
    assert all(shelf.has(plain) for plain in found)
    assert [plain["method"] for plain in found[3:6]] == ["fit"] * 3, "it goes on where it was best"


def test_the_order_is_the_seeds_own_and_repeats(shelf: Shelf) -> None:
    assert searched(shelf, seed=3) == searched(shelf, seed=3)
    assert len({str(searched(shelf, seed=seed)[:3]) for seed in range(8)}) > 2


def test_a_candidate_becomes_a_method_with_its_own_title(shelf: Shelf) -> None:
    every = shelf.candidates()
    assert len({shelf.title(plain) for plain in every}) == len(every)
    for plain in every:
        files = shelf.files(plain, why="Because.")
        ast.parse(files["method.py"])
        assert repr(plain["method"]) in files["method.py"]
        assert "Because." in files["README.md"]
        assert shelf.family(plain) == METHODS[plain["method"]]["family"]


def test_a_card_without_the_fact_offers_nothing() -> None:
    assert Shelf.of(card(None)) is None


@pytest.mark.parametrize(
    ("ready", "where"),
    [
        (3, ""),
        ({"method.py": CODE}, "methods"),
        ({"method.py": CODE, "methods": {}}, "methods"),
        ({"method.py": CODE, "methods": {"a": {"family": "other"}}}, "methods.a.summary"),
    ],
)
def test_a_card_of_another_form_is_refused_with_its_place(ready: Any, where: str) -> None:
    with pytest.raises(ResearcherError, match=rf"ready-made methods cannot be read: {where}$"):
        Shelf.of(card(ready))
