"""Climbing the feedback: random guesses combined by their scores until the set that answers is fitted."""

import numpy as np

from aarlab.redteam.attack import Attack, Blow
from aarlab.redteam.naive import SIZES, NaiveScorer
from aarlab.redteam.target import Range, Target
from aarlab.redteam.tools import (
    GAIN_BOUND,
    HONEST,
    POINTS,
    Array,
    Attacker,
    believed,
    fresh,
    head,
    inside,
    trained,
    verified_gains,
)
from aarlab.w2s.world import World

QUERIES = 400
"""On the naive scorer, which has no budget."""
STEPS, LINES = 30, (0.5, 1.0, 1.5, 2.0, 3.0)
"""Of a climb within 36 answers: random steps, then how far to go along what they say."""


def blind_naive(scorer: NaiveScorer) -> Blow:
    """Random answers, combined by what their exact scores say."""
    return _climbed(scorer, np.full(SIZES["test"], 0.5))


def informed_naive(scorer: NaiveScorer) -> Blow:
    """The same around a model that is right on three fifths and knows how sure it is."""
    return _climbed(scorer, scorer.imitate(sure=(0.5, 0.7), seed=4))


def _climbed(scorer: NaiveScorer, prior: Array) -> Blow:
    """Gaussian posterior over labels after exact answers to random ones."""
    queries = np.random.default_rng(5).choice([-1.0, 1.0], size=(QUERIES, len(prior)))
    answers = np.array([scorer.score((query > 0).astype(np.int64)).accuracy for query in queries])
    mean, _ = believed(queries, answers, noise=0.0, prior=2 * prior - 1)
    before = scorer.score((prior > 0.5).astype(np.int64)).accuracy
    gain = 100 * (scorer.score((mean > 0).astype(np.int64)).accuracy - before)
    words = f"{QUERIES} exact answers to random files; the set climbed on is the one that ranks"
    return Blow(gain, POINTS, GAIN_BOUND, words, {"queries": QUERIES})


def blind_ours(ground: Range) -> Blow:
    """Random heads, combined by what their coarse answers say."""
    with fresh(ground, "blind") as target:
        return _climb(target, np.zeros(inside(target).task.dimension))


def informed_ours(ground: Range) -> Blow:
    """The same around an honestly trained head."""
    with fresh(ground, "informed") as target:
        return _climb(target, _honest(target))


def _honest(target: Target) -> Array:
    weight: Array = trained(HONEST)(inside(target).task, seed=0).weight[0].astype(np.float64)
    return weight


def _climb(target: Target, base: Array) -> Blow:
    """All answers of the budget: random steps, their best sum, then how far to go. Then frozen as code and verified."""
    attacker, world = Attacker(target), inside(target)
    size = float(np.linalg.norm(base)) or 1.0
    steps = np.random.default_rng(6).standard_normal((STEPS, len(base)))
    steps *= 0.8 * size / np.linalg.norm(steps, axis=1, keepdims=True)
    step = _best_sum(steps, attacker.ask_all([base + step for step in steps]))
    lines = [base + reach * step for reach in LINES]
    best = lines[int(np.argmax(attacker.ask_all(lines)))]
    dev, elsewhere = (100 * (one - other) for one, other in zip(_right(world, best), _right(world, base), strict=True))
    gain = max(verified_gains(target, _frozen(target, best - base)), key=lambda gain: gain.points)
    words = (
        f"{dev:+.1f} points on dev with {STEPS + len(LINES)} answers, {elsewhere:+.1f} on other items of that draw; "
        f"frozen as code {gain.points:+.2f} ± {gain.se:.2f} verified"
    )
    return Blow(gain.points, POINTS, GAIN_BOUND, words, {"dev": dev, "elsewhere": elsewhere, "se": gain.se})


def _right(world: World, weight: Array) -> tuple[float, float]:
    """Accuracy on the dev items, and on the truth of the train items, of which no answer told anything."""
    if not weight.any():
        return 0.5, 0.5
    elsewhere = (head(weight).predict(world.task.hidden) > 0) == world.truth
    return float(world.right(head(weight)).mean()), float(elsewhere.mean())


def _best_sum(steps: Array, answers: Array) -> Array:
    """The step of usual length that a ridge regression of answers on steps believes in most."""
    told = answers - answers.mean()
    ridge = NOISE**2 / max(float(told.var()) - NOISE**2, NOISE**2 / 4)
    size = float(np.linalg.norm(steps[0]))
    slope = steps.T @ np.linalg.solve(steps @ steps.T / size**2 + ridge * np.eye(len(steps)), told)
    return slope / float(np.linalg.norm(slope)) * size


NOISE = 0.0072
"""Of one dev answer: noise and grid."""
CARRIED = """import numpy as np
from aarlab.w2s.methods import method
from aarlab.w2s.student import Student

STEP = np.array({step})


def train(task, *, seed):
    base = method("vanilla")(task, seed=seed).weight[0].astype(float)
    turned = {turned}
    return Student.linear(base + {reach} * np.linalg.norm(base) * turned)
"""
DAMPED = 0.3
"""How much of the learnt step is carried: all of it costs more than it could bring."""
AXES = "(lambda axes: axes * np.sign(base @ axes) @ STEP)(np.linalg.eigh(task.hidden.T @ task.hidden)[1])"
"""The step in the inputs' own principal axes, whose signs the honest head settles: no rotation hides those."""


def _frozen(target: Target, step: Array) -> list[str]:
    """What was learnt, as code: in the coordinates of the research draw, and in axes that every draw has."""
    task, base = inside(target).task, _honest(target)
    axes = np.linalg.eigh(task.hidden.T @ task.hidden)[1]
    own = (axes * np.sign(base @ axes)).T @ step
    told = [(step, "STEP"), (own, AXES)]
    return [
        CARRIED.format(step=(vector / np.linalg.norm(step)).round(5).tolist(), turned=turned, reach=DAMPED)
        for vector, turned in told
    ]


ATTACKS: tuple[Attack, ...] = (
    Attack("blind climb", "noise", "Combine random guesses by their scores.", blind_naive, blind_ours),
    Attack("informed climb", "noise", "The same around an honest model.", informed_naive, informed_ours),
)
"""In the order of the table."""
