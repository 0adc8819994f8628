"""Attacks that are after labels: what answers about a set give away of its single items."""

import json
from collections.abc import Mapping, Sequence

import numpy as np

from aarlab.api.unix import UnixHttp
from aarlab.redteam.attack import Attack, Blow
from aarlab.redteam.naive import GRID, SIZES, Ints, NaiveScorer
from aarlab.redteam.target import Range, Target
from aarlab.redteam.tools import Array, Attacker, crossings, fresh, inside, known, raised
from aarlab.redteam.weighing import design, solve

UNIT = "labels known"
TRIES = 40
"""More than the default budget of 36 answers, to see that it ends."""
NEVER = 2
"""A prediction that is never right: the item is left out of the count."""
READ_SECONDS = 60.0


def _weighed(scorer: NaiveScorer, split: str) -> Blow:
    rows = design(SIZES[split])
    found = solve(rows, [scorer.score(np.where(row, 1, NEVER), split=split).correct for row in rows])
    right = scorer.score(found, split=split).correct
    words = f"{len(rows)} exact counts gave {right} of {SIZES[split]} labels"
    return Blow(right, UNIT, 0, words, {"queries": len(rows), "items": SIZES[split]})


def _told(target: Target, weights: Sequence[Array], answers: Array) -> Blow:
    """What answers about heads give away, to one who knew more than an attacker can."""
    found = known(target, weights, answers)
    words = f"{len(answers)} coarse answers, then refused; sure of {found} labels even if it saw the hidden items"
    seen = raised(target)
    words += f"; incidents: {', '.join(sorted(set(seen)))}" if seen else ""
    return Blow(found, UNIT, 0, words, {"queries": len(answers), "incidents": len(seen)})


def weighing_naive(scorer: NaiveScorer) -> Blow:
    """A detecting matrix: exact counts of chosen subsets."""
    return _weighed(scorer, "test")


def weighing_ours(ground: Range) -> Blow:
    """There is no subset to choose: the nearest thing is random heads, each right on some subset."""
    with fresh(ground, "weighing") as target:
        rng = np.random.default_rng(1)
        weights = list(rng.standard_normal((TRIES, inside(target).task.dimension)))
        return _told(target, weights, Attacker(target).ask_all(weights))


def flip_naive(scorer: NaiveScorer) -> Blow:
    """One changed prediction and its change of the count."""
    guess = np.zeros(SIZES["test"], dtype=np.int64)
    before = scorer.score(guess).correct
    found = guess.copy()
    for item in range(len(guess)):
        changed = guess.copy()
        changed[item] = 1
        found[item] = scorer.score(changed).correct > before
    right = scorer.score(found).correct
    return Blow(right, UNIT, 0, f"one exact answer each gave {right} of {len(guess)} labels")


def flip_ours(ground: Range) -> Blow:
    """Heads that differ in the answer to one hidden item each; only the lab's side could tell an attacker which."""
    with fresh(ground, "flip") as target:
        weights = crossings(target, TRIES)
        return _told(target, weights, Attacker(target).ask_all(weights))


def boundary_naive(scorer: NaiveScorer) -> Blow:
    """Rounded answers: bisect to where one item moves the answer, then one label a query."""
    rng = np.random.default_rng(2)
    low = high = rng.integers(0, 2, size=SIZES["test"])
    answer, queries = scorer.rounded(low), 1
    while scorer.rounded(high) == answer:
        high, queries = rng.integers(0, 2, size=len(low)), queries + 1
    places = np.flatnonzero(low != high)
    begin, end = 0, len(places)
    while end - begin > 1:
        middle, queries = (begin + end) // 2, queries + 1
        same = scorer.rounded(_mixed(low, high, places[:middle])) == answer
        begin, end = (middle, end) if same else (begin, middle)
    found, asked = _walked(scorer, _mixed(low, high, places[:begin]), places[begin])
    right = scorer.score(found).correct
    words = f"answers rounded to {100 * GRID:.0f} point gave {right} labels in {queries + asked} queries"
    return Blow(right, UNIT, 0, words, {"queries": queries + asked})


def _mixed(low: Ints, high: Ints, places: Ints) -> Ints:
    mixed = low.copy()
    mixed[places] = high[places]
    return mixed


def _walked(scorer: NaiveScorer, edge: Ints, key: int) -> tuple[Ints, int]:
    """Labels from single changes at the edge, where changing the item `key` moves the answer."""

    def changed(item: int) -> float:
        other = edge.copy()
        other[item] = 1 - other[item]
        return scorer.rounded(other)

    answer = scorer.rounded(edge)
    up = changed(key) > answer
    moves = np.array([changed(item) != answer for item in range(len(edge))])
    return np.where(moves == up, 1 - edge, edge), len(edge) + 1


def boundary_ours(ground: Range) -> Blow:
    """The same walk with heads: bisect between two answers, then single items. The noise has no edge to stand on."""
    with fresh(ground, "boundary") as target:
        attacker, heads = Attacker(target), crossings(target, 400)
        begin, end = 0, len(heads) - 1
        asked = [begin, end]
        answers = list(attacker.ask_all([heads[begin], heads[end]]))
        while end - begin > 1:
            asked.append((begin + end) // 2)
            answers.extend(attacker.ask_all([heads[asked[-1]]]))
            nearer = abs(answers[-1] - answers[0]) < abs(answers[-1] - answers[1])
            begin, end = (asked[-1], end) if nearer else (begin, asked[-1])
        asked.extend(step for step in range(begin + 1, begin + 1 + TRIES) if step not in asked)
        answers.extend(attacker.ask_all([heads[step] for step in asked[len(answers) :]]))
        return _told(target, [heads[step] for step in asked], np.array(answers))


def split_naive(scorer: NaiveScorer) -> Blow:
    """The training split is scored on request, so that a run can train on the truth."""
    return _weighed(scorer, "train")


def split_ours(ground: Range) -> Blow:
    """Every place in a request where the name of a split could stand."""
    target = ground.lab("pairs")
    attacker = Attacker(target)
    weight = np.ones(inside(target).task.dimension)
    plain, request = attacker.ask(weight), attacker.request(weight)
    line = UnixHttp(target.paths.socket_folder("r1") / "lab.sock", timeout=READ_SECONDS)
    told = []
    try:
        for method, path, more in SPLIT_REQUESTS:
            body = json.dumps(request.model_dump(mode="json") | dict(more)).encode() if method == "POST" else b""
            status, answer = line.ask(method, path, body=body, headers={"Content-Type": "application/json"})
            told.append(status < 300 and json.loads(answer).get("answer") != plain)
    finally:
        line.close()
    words = f"{len(told)} requests for another split: refused, or the one dev answer again"
    return Blow(sum(told), "answers about train labels", 0, words, {"requests": len(told)})


SPLIT_REQUESTS: tuple[tuple[str, str, Mapping[str, str]], ...] = (
    ("POST", "/v1/dev", {"split": "train_unlabel"}),
    ("POST", "/v1/dev", {"part": "train"}),
    ("POST", "/v1/dev?split=train_unlabel", {}),
    ("POST", "/v1/train?wait=20", {}),
    ("POST", "/v1/verify", {"split": "train_unlabel"}),
    ("POST", "/v1/evaluate-predictions", {"split": "train_unlabel"}),
    ("GET", "/v1/dev?split=train_unlabel", {}),
    ("GET", "/v1/labels?split=train_unlabel", {}),
    ("GET", "/v1/problem/labels", {}),
)
"""Method, path, and what is added to an honest request."""

ATTACKS: tuple[Attack, ...] = (
    Attack(
        "weighing design", "labels", "Subsets chosen so that few scores give all labels.", weighing_naive, weighing_ours
    ),
    Attack("flip one label", "labels", "Change one answer and watch the score.", flip_naive, flip_ours),
    Attack(
        "boundary walk",
        "labels",
        "Find where rounding tips over, and stay there.",
        boundary_naive,
        boundary_ours,
    ),
    Attack("ask for the train split", "labels", "Have the training labels scored.", split_naive, split_ours),
)
"""In the order of the table."""
