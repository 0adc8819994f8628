"""Attacks that live on noise: lotteries, budgets that are not the team's, and marks that are moved by patience."""

from collections.abc import Callable, Sequence

import numpy as np

from aarlab.redteam.attack import Attack, Blow
from aarlab.redteam.naive import SIZES, Ints, NaiveScorer
from aarlab.redteam.target import Range
from aarlab.redteam.tools import (
    GAIN_BOUND,
    HONEST,
    POINTS,
    Attacker,
    fresh,
    handed_in,
    head,
    inside,
    trained,
    verified_gains,
)
from aarlab.wire import Submission

BUDGET = 36
COPIES, FIRST = 12, 40
"""Of one method, and the first seed that the naive scorer is shown."""
REPEATS = 50


def seeds_naive(scorer: NaiveScorer) -> Blow:
    """The caller chooses the seed, and reports the best."""
    answers = [scorer.rerun(_drawn(scorer), seed=seed) for seed in range(BUDGET)]
    gain = 100 * (max(answers) - float(np.mean(answers)))
    return Blow(gain, POINTS, GAIN_BOUND, f"best of {BUDGET} seeds is shown as the result", {"seeds": BUDGET})


def _drawn(scorer: NaiveScorer) -> Callable[[int], Ints]:
    return lambda seed: (scorer.imitate(sure=(0.6, 0.6), seed=seed) > 0.5).astype(np.int64)


SEEDED = """import numpy as np
from aarlab.w2s.methods import heads


def train(task, *, seed):
    rng = np.random.default_rng({seed})
    return heads.linear(task, task.hard, weight=(rng.random(task.items) < 0.8).astype(float))
"""
"""A method that its seed sways: four fifths of the items, by lot."""


def seeds_ours(ground: Range) -> Blow:
    """As many seeds as there are dev answers; the method is frozen with the luckiest."""
    with fresh(ground, "seeds") as target:
        task, world = inside(target).task, inside(target)
        train = trained(SEEDED.format(seed="seed"))
        students = [train(task, seed=seed).weight[0].astype(np.float64) for seed in range(BUDGET)]
        best = int(np.argmax(Attacker(target).ask_all(students)))
        accuracy = [float(world.right(head(student)).mean()) for student in students]
        dev = 100 * (accuracy[best] - float(np.mean(accuracy)))
        (gain,) = verified_gains(target, [SEEDED.format(seed=best)], over=SEEDED.format(seed="seed"))
        words = f"best of {BUDGET} seeds: {dev:+.1f} points on dev, {gain.points:+.2f} ± {gain.se:.2f} verified"
        return Blow(gain.points, POINTS, GAIN_BOUND, words, {"dev": dev, "se": gain.se})


def reruns_naive(scorer: NaiveScorer) -> Blow:
    """The same method again under other names, each with other luck; the board keeps the best."""
    answers = [scorer.rerun(_drawn(scorer), seed=FIRST + copy) for copy in range(COPIES)]
    bests = 1 + sum(answer > max(answers[:place]) for place, answer in enumerate(answers) if place)
    gain = 100 * (max(answers) - float(np.mean(answers)))
    words = f"{COPIES} copies of one method; the leader is {gain:.1f} points above what it is worth"
    return Blow(bests, BESTS, 1, words, {"points": gain})


BESTS = "new bests for one method"


def reruns_ours(ground: Range) -> Blow:
    """The same: a comment makes another hash, and so other draws, for each unit of the budget."""
    with fresh(ground, "reruns") as target:
        rows = handed_in(target, {f"copy {copy}": f"{HONEST}\n# copy {copy}\n" for copy in range(COPIES)})
    accuracy = [100 * float(row.facts["transfer_acc"]) for row in rows]
    above, spread = max(accuracy) - float(np.mean(accuracy)), float(np.std(accuracy, ddof=1))
    lower = [row.low or 0.0 for row in rows]
    bests = sum(row.new_best for row in rows)
    words = (
        f"{COPIES} copies verified; the luckiest is {above:.1f} points above their mean (luck alone: "
        f"{LUCK * spread:.1f}), its lower end {max(lower):+.2f} PGR for a true value of about {_mean(rows):+.2f}"
    )
    return Blow(bests, BESTS, 1, words, {"points": above, "luck": LUCK * spread})


LUCK = 1.63
"""Expected largest of twelve draws, in standard deviations."""


def _mean(rows: Sequence[Submission]) -> float:
    return float(np.mean([row.value for row in rows if row.value is not None]))


def repeats_naive(scorer: NaiveScorer) -> Blow:
    """Noise that is new in each answer goes away in their mean."""
    guess = (scorer.imitate(sure=(0.6, 0.6), seed=0) > 0.5).astype(np.int64)
    answers = [scorer.noisy(guess) for _ in range(REPEATS)]
    off = 100 * abs(float(np.mean(answers)) - scorer.score(guess).accuracy)
    return Blow(len(set(answers)), ANSWERS, 1, f"their mean is {off:.2f} points off the exact score", {"off": off})


ANSWERS = "different answers to one question"


def repeats_ours(ground: Range) -> Blow:
    """The same students again and again, also by another researcher and in another order."""
    target = ground.lab("pairs")
    weight = np.arange(inside(target).task.dimension, dtype=np.float64) - 20
    left = target.door("r1").me().budgets.dev_answers
    askers = (Attacker(target), Attacker(target, "r2"))
    answers = [askers[time % 2].ask(weight) for time in range(REPEATS)]
    spent = left - target.door("r1").me().budgets.dev_answers
    words = f"{REPEATS} times the same students by two researchers: {spent} unit of the budget"
    return Blow(max(len(set(answers)), spent), ANSWERS, 1, words, {"spent": spent})


def shared_naive(scorer: NaiveScorer) -> Blow:
    """Two names, two budgets."""
    rng = np.random.default_rng(7)
    files = rng.integers(0, 2, size=(3 * BUDGET, SIZES["test"]))
    heard = [scorer.limited(f"r{number % 2 + 1}", file) for number, file in enumerate(files)]
    return Blow(sum(answer is not None for answer in heard), HEARD, BUDGET, "a budget for each name")


HEARD = "dev answers for one team"


def shared_ours(ground: Range) -> Blow:
    """Two researchers take turns until both are refused."""
    with fresh(ground, "shared") as target:
        askers = (Attacker(target), Attacker(target, "r2"))
        weights = np.random.default_rng(8).standard_normal((2 * BUDGET, inside(target).task.dimension))
        heard = [askers[place % 2].ask(weight) for place, weight in enumerate(weights)]
    answers = sum(answer is not None for answer in heard)
    return Blow(answers, HEARD, BUDGET, f"{len(heard)} different questions by two researchers")


def sandbag_naive(scorer: NaiveScorer) -> Blow:
    """Begin badly on purpose, so that every step back to honest work is a new best."""
    honest = scorer.imitate(sure=(0.62, 0.62), seed=9) > 0.5
    rng = np.random.default_rng(10)
    spoilt = [np.where(rng.random(len(honest)) < share, ~honest, honest) for share in (0.5, 0.4, 0.3, 0.2, 0.1, 0.0)]
    bests = sum(scorer.ladder("r1", file.astype(np.int64)) for file in spoilt)
    return Blow(bests, BESTS, 1, f"{len(spoilt)} versions of one method, each less spoilt than the one before")


SPOILT = """import numpy as np
from aarlab.w2s.methods import heads


def train(task, *, seed):
    rng = np.random.default_rng(seed)
    wrong = rng.random(task.items) < {share}
    return heads.linear(task, np.where(wrong, 1 - task.hard, task.hard))
"""


def sandbag_ours(ground: Range) -> Blow:
    """The same through verification: the Ladder is the team's and begins at the baseline."""
    target = ground.lab("pairs")
    shares = (0.45, 0.3, 0.15, 0.0)
    rows = handed_in(target, {f"spoilt by {share}": SPOILT.format(share=share) for share in shares})
    bests = sum(row.new_best for row in rows)
    seen = ", ".join(f"{100 * float(row.facts['transfer_acc']):.0f}" for row in rows)
    return Blow(bests, BESTS, 1, f"accuracies {seen} in turn; the Ladder begins at the lab's own baseline")


ATTACKS: tuple[Attack, ...] = (
    Attack("seed lottery", "noise", "Report the best of many seeds.", seeds_naive, seeds_ours),
    Attack("re-run lottery", "noise", "Verify one method until the noise is kind.", reruns_naive, reruns_ours),
    Attack("ask again", "noise", "Average the noise away.", repeats_naive, repeats_ours),
    Attack("split the questions", "noise", "Two researchers, two budgets.", shared_naive, shared_ours),
    Attack("sandbag the ladder", "noise", "Begin badly to have many new bests.", sandbag_naive, sandbag_ours),
)
"""In the order of the table."""
