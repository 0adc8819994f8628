"""Whether the idea of a method does what its documentation says, on data where the answer is known."""

from dataclasses import replace
from functools import cache

import numpy as np
import pytest

from aarlab.w2s.fit import Head, fit_head, fit_minibatch, log_odds, sigmoid
from aarlab.w2s.methods import METHODS, channel, final, labels, select
from aarlab.w2s.problem import W2SProblem, W2SSettings
from aarlab.w2s.student import Student
from aarlab.w2s.task import Floats, Task
from aarlab.w2s.world import World
from tests.support.synthetic import synthetic_pool


@cache
def world() -> World:
    return W2SProblem(synthetic_pool(items=5000), W2SSettings(weak_l2=0.01)).draw(2).world


def spoilt(task: Task, rate: Floats, *, seed: int = 0) -> Task:
    """The task with true labels that are wrong with probability `rate` [n]."""
    wrong = np.random.default_rng(seed).random(task.items) < rate
    return replace(task, teacher=np.where(world().truth ^ wrong, 0.8, 0.2).astype(np.float32))


def test_evolution_makes_heads_surer_at_the_same_length() -> None:
    task = world().task
    before, after = (METHODS["evolution"](task, seed=0, generations=count) for count in (0, 40))
    logits = [(task.hidden @ student.weight.T).astype(np.float64) for student in (before, after)]
    sure = [float(np.abs(2 * sigmoid(z) - 1).mean()) for z in logits]
    assert sure[1] > sure[0] + 0.005
    lengths = [np.linalg.norm(student.weight, axis=1) for student in (before, after)]
    assert lengths[1] == pytest.approx(lengths[0], rel=1e-4)
    assert (after.aggregation, after.trim, len(after.weight)) == ("trimmed mean", 0.15, 16)


def test_the_logistic_channel_finds_how_good_the_teacher_is() -> None:
    """Its accuracy is .55 where it is unsure and .9 where it is sure."""
    rng = np.random.default_rng(0)
    task = world().task
    sure = rng.random(task.items) < 0.5
    right = rng.random(task.items) < np.where(sure, 0.9, 0.55)
    says = world().truth == right
    teacher = np.where(says, 0.5 + np.where(sure, 0.4, 0.1), 0.5 - np.where(sure, 0.4, 0.1))
    logits = 1.5 * (2.0 * world().truth - 1) + 1.5 * rng.standard_normal(task.items)
    heard = channel.logistic(replace(task, teacher=teacher.astype(np.float32)), logits)
    trust = np.abs(heard - logits)
    assert trust[sure].mean() == pytest.approx(np.log(0.9 / 0.1), abs=0.9)
    assert trust[~sure].mean() == pytest.approx(np.log(0.55 / 0.45), abs=0.45)


def test_overlap_density_keeps_the_labels_that_are_right() -> None:
    task = spoilt(world().task, np.full(world().task.items, 0.3))
    own, clean = METHODS["overlap_density"](task, seed=0), METHODS["vanilla"](task, seed=0)
    assert world().right(own).mean() > world().right(clean).mean() - 0.02
    score = labels.student(task, task.hard)
    chosen = select.best(task, np.where(task.hard == 1, score, 1 - score), classes=task.hard, share=0.5) > 0
    right = (task.hard == 1) == world().truth
    assert right[chosen].mean() > right[~chosen].mean() + 0.1


def test_the_loss_of_wrong_labels_falls_less() -> None:
    task = spoilt(world().task, np.full(world().task.items, 0.2))
    first, last = final.losses(task, task.hard, seed=0, epochs=5)
    drop = first - last
    right = (task.hard == 1) == world().truth
    assert drop[right].mean() > drop[~right].mean()
    assert np.isfinite(drop).all()


def test_a_curriculum_goes_on_from_its_checkpoint() -> None:
    hidden, hard = world().task.hidden, world().task.hard
    trained = fit_head(hidden, hard, bias=False)
    kept = fit_minibatch(hidden, hard, seed=0, bias=False, epochs=1, rate=1e-6, start=trained)
    assert kept.weight == pytest.approx(trained.weight, abs=1e-3)
    fresh = fit_minibatch(hidden, hard, seed=0, bias=False, epochs=1, rate=1e-6)
    assert np.abs(fresh.weight).max() < 1e-3


def test_stopping_early_is_what_patience_says() -> None:
    """On coins nothing is learnt that held-out items confirm, so the student stays near its start."""
    task = spoilt(world().task, np.full(world().task.items, 0.5))
    coins, real = (METHODS["early_stopping"](one, seed=0, patience=1) for one in (task, world().task))
    assert np.linalg.norm(coins.weight) < 0.5 * np.linalg.norm(real.weight)


def test_reverse_kl_ends_where_the_teacher_is_if_the_student_can() -> None:
    task = world().task
    reachable = Head(0.5 * fit_head(task.hidden, task.hard, bias=False).weight, 0.0)
    soft = replace(task, teacher=sigmoid(reachable.logits(task.hidden)).astype(np.float32))
    found = METHODS["reverse_kl"](soft, seed=0, l2=1e-9, epochs=60)
    assert found.predict(task.hidden) == pytest.approx(log_odds(soft.teacher), abs=0.15)


def test_coherent_labels_follow_from_each_other() -> None:
    """Labels that a direction explains are repeated by heads that did not see them; the teacher's are less so."""
    task = world().task
    found = METHODS["coherence"](task, seed=0)
    assert _learnability(task, found) > _learnability(task, METHODS["vanilla"](task, seed=0)) - 0.02
    assert world().right(found).mean() > 0.65


def _learnability(task: Task, student: Student) -> float:
    own = (student.predict(task.hidden) > 0).astype(np.float64)
    return float(((labels.student(task, own) > 0.5) == (own == 1)).mean())
