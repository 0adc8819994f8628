"""Families, complexity and re-discovery: numbers that can be checked by hand."""

from dataclasses import replace

import pytest

from aarlab.lab.records import ProposalRecord
from aarlab.lab.state import State
from aarlab.minds.search import compose
from aarlab.minds.search.space import SPACE, Recipe
from aarlab.report.diversity.again import Made, again
from aarlab.report.diversity.classify import UNKNOWN, family_of
from aarlab.report.diversity.complexity import complexity
from aarlab.report.diversity.families import entropy, family_steps, mean_entropy

PLAIN = Recipe("teacher soft", 0, "none", 1, "everything", "soft", 0.1, 0, 1)


def state_of(*families: str) -> State:
    """r1, r2, ... with one proposal for each letter, in turn: "ab" is a proposal of family a, then of b."""
    state, seq = State(), 0
    for step in range(max(map(len, families))):
        for number, own in enumerate(families, 1):
            if step < len(own):
                seq += 1
                state.proposals[f"p{seq}"] = ProposalRecord(f"p{seq}", f"r{number}", "t", "x", own[step], seq)
    return state


def test_entropy_in_bits() -> None:
    assert entropy(["a", "a", "a"]) == 0
    assert entropy(["a", "b"]) == 1
    assert entropy(["a", "b", "c", "d"]) == 2
    assert entropy(["a", "a", "b", "c"]) == pytest.approx(1.5)


def test_steps_count_who_is_active_and_bands_hold_what_resampling_gives() -> None:
    steps = family_steps(state_of("aab", "ab", "ac", "ad", "b"))
    assert [(step.step, step.active) for step in steps] == [(1, 5), (2, 4)]
    assert [step.entropy for step in steps] == [pytest.approx(0.7219, abs=1e-4), 2.0]
    assert all(0 <= step.low <= step.high <= step.most + 1e-9 for step in steps)
    assert mean_entropy(state_of("aab")) is None
    assert mean_entropy(state_of("ab", "aa")) == pytest.approx(0.5)


@pytest.mark.parametrize("name", SPACE)
def test_the_code_of_the_search_mind_is_what_its_tag_says(name: str) -> None:
    for value in SPACE[name]:
        recipe = replace(PLAIN, **{name: value}).settled()
        said = compose.family(recipe)
        if said != "other":  # "other" is what has no family of its own; the code then shows where labels come from
            assert family_of({"method.py": compose.method(recipe)}) == said


def test_code_of_somebodys_own_is_read_by_its_names_and_nothing_is_made_of_nothing() -> None:
    assert family_of(
        {"method.py": "def mutate_weights(task): ...\ndef train(task, *, seed): mutate_weights(task)"}
    ) == ("evolutionary")
    assert (
        family_of({"method.py": 'def train(task, *, seed): return METHODS["ccs"](task)'}) == "unsupervised elicitation"
    )
    assert family_of({"method.py": "def train(:"}) == UNKNOWN
    assert family_of({"method.py": "x" + "(" * 50_000}) == UNKNOWN


def test_complexity_is_counted_as_mccabe_does() -> None:
    code = "# a\n\ndef f(x):\n    if x and x > 1 or x < 0:\n        return [y for y in x]\n    return 0\n"
    found = complexity({"method.py": code, "notes.md": "if if if"})
    assert (found.lines, found.cyclomatic) == (4, 1 + 1 + 2 + 1)
    assert 0 < found.compressed < len(code)
    assert complexity({"method.py": "def f(:"}).cyclomatic == 0


def test_what_another_had_before_is_found_again() -> None:
    files = {"method.py": "def train(task, *, seed):\n    return task.teacher > 0.5\n"}
    renamed = {"method.py": "def train(job, *, seed):\n    # mine\n    return job.teacher > 0.5\n"}
    other = {"method.py": "def train(task, *, seed):\n    return task.prior > 0.5\n"}
    first = Made("s1", "r1", "a", (), files)
    assert again([first, Made("s2", "r2", "a", (), renamed)]).repeated == 1
    assert again([first, Made("s2", "r2", "a", ("s1",), renamed)]).repeated == 0
    assert again([first, Made("s2", "r1", "a", (), renamed)]).repeated == 0
    found = again([first, Made("s2", "r2", "b", (), other), Made("s3", "r2", "a", (), other)])
    assert (found.repeated, found.family_starts, found.family_repeats) == (0, 3, 1)
    assert found.rate == 0
    assert again([]).rate is None
