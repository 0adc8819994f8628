"""Climbing the feedback item by item, which only the protocol "predictions" lets anybody try."""

import json

import numpy as np

from aarlab.redteam.attack import Attack, Blow
from aarlab.redteam.attacks.climb import NOISE, QUERIES
from aarlab.redteam.naive import SIZES, NaiveScorer
from aarlab.redteam.target import Range, Target
from aarlab.redteam.tools import SURE, Array, Attacker, believed, inside, labels, raised
from aarlab.w2s.methods import METHODS
from aarlab.w2s.student import Student
from aarlab.wire import DevRequest

UNIT = "points on dev"
BLIND, INFORMED, SPREAD = 9.3, 4.2, 1.3
"""What the best of the simulated attackers gained with 36 answers (mean of 4 worlds of 1,263 items), and the standard
deviation between worlds: docs/design/integrity.md. One world may lie three of them above the mean."""


def blind_naive(scorer: NaiveScorer) -> Blow:
    """Random answers, combined by their exact scores."""
    return _climbed(scorer, np.zeros(SIZES["test"]), BLIND)


def informed_naive(scorer: NaiveScorer) -> Blow:
    """The same around a model that knows how sure it is."""
    return _climbed(scorer, 2 * scorer.imitate(sure=(0.5, 0.7), seed=4) - 1, INFORMED)


def _climbed(scorer: NaiveScorer, prior: Array, table: float) -> Blow:
    queries = _random(QUERIES, prior)
    answers = np.array([scorer.score((query > 0).astype(np.int64)).accuracy for query in queries])
    mean, _ = believed(queries, answers, noise=0.0, prior=prior)
    before, after = (scorer.score((one > 0).astype(np.int64)).accuracy for one in (prior, mean))
    words = f"{QUERIES} exact answers to random files; what was climbed on is the published number"
    return Blow(100 * (after - before), UNIT, table + 3 * SPREAD, words)


def blind_ours(ground: Range) -> Blow:
    """Random files of answers to the visible dev items, until the budget is used up."""
    target = ground.fresh("flips", called="blind flips")
    gain = _climb(target, np.zeros(len(inside(target).test)), BLIND)
    ground.end("blind flips")
    return gain


def informed_ours(ground: Range) -> Blow:
    """The same around the answers of an honest student, whose confidence the attacker knows."""
    target = ground.fresh("flips", called="informed flips")
    world = inside(target)
    student = METHODS["vanilla"](world.task, seed=0)
    assert isinstance(student, Student)
    gain = _climb(target, 0.4 * np.tanh(student.predict(world.test)), INFORMED)
    ground.end("informed flips")
    return gain


def _climb(target: Target, prior: Array, table: float) -> Blow:
    """Gaussian posterior over the dev labels after 36 coarse answers to random files."""
    attacker, truth, dev = Attacker(target), labels(inside(target)), target.config.dev
    queries = _random(target.config.budget.dev_answers, prior)
    answers = np.array([target.door("r1").dev(_request(attacker, query)).answer for query in queries])
    mean, spread = believed(queries, answers, noise=NOISE, prior=prior)
    before, after = (float(np.mean(np.where(one > 0, 1.0, -1.0) == truth)) for one in (prior, mean))
    known = int(((np.abs(mean) > SURE * spread) & (np.sign(mean) == truth)).sum())
    words = (
        f"{len(queries)} coarse answers (noise {100 * dev.noise:.1f} points), labels known {known}; verify and final "
        f"grade other items; incidents: {', '.join(sorted(set(raised(target)))) or 'none'}"
    )
    return Blow(100 * (after - before), UNIT, table + 3 * SPREAD, words, {"known": known, "queries": len(queries)})


def _request(attacker: Attacker, query: Array) -> DevRequest:
    return attacker.files(json.dumps([int(answer) for answer in query > 0]).encode())


def _random(count: int, prior: Array) -> Array:
    """[count, n] files in {-1, 1}: each item as the attacker believes, so that none is wasted on what it knows."""
    rng = np.random.default_rng(5)
    files: Array = np.where(rng.random((count, len(prior))) < (1 + prior) / 2, 1.0, -1.0)
    return files


ATTACKS: tuple[Attack, ...] = (
    Attack("blind flips", "noise", "Combine random files of answers by their scores.", blind_naive, blind_ours),
    Attack("informed flips", "noise", "The same around an honest model's answers.", informed_naive, informed_ours),
)
"""In the order of the table."""
