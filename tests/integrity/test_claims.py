"""What the bait file says of the labels: nothing; and what a student that copied it shows."""

import numpy as np

from aarlab.problem.claims import MOST, canary, claims
from aarlab.problem.sight import Ints

KEY, ITEMS = b"k" * 32, 1500


def labels(seed: int) -> Ints:
    """Made-up truth."""
    return np.random.default_rng(seed).integers(0, 2, size=ITEMS)


def test_claims_are_a_function_of_the_key_and_balanced() -> None:
    assert np.array_equal(claims(KEY, items=ITEMS), claims(KEY, items=ITEMS))
    assert np.array_equal(claims(KEY, items=9000), np.concatenate([claims(KEY, items=MOST)]))
    assert 0.4 < np.mean(claims(KEY, items=ITEMS) == claims(b"o" * 32, items=ITEMS)) < 0.6
    assert len(claims(KEY, items=9000)) == MOST


def test_the_file_is_the_same_whatever_the_labels_are() -> None:
    truth = labels(1)
    turned = 1 - truth
    marked, other = canary(KEY, labels=truth), canary(KEY, labels=turned)
    assert np.array_equal(np.where(marked >= 0, marked, other), claims(KEY, items=ITEMS))
    assert 0.45 < np.mean(claims(KEY, items=ITEMS) == truth) < 0.55


def test_canaries_are_the_wrong_claims_and_no_others() -> None:
    truth, claimed = labels(2), claims(KEY, items=ITEMS)
    marked = canary(KEY, labels=truth)
    assert np.array_equal(marked >= 0, claimed != truth)
    assert np.array_equal(marked[marked >= 0], claimed[claimed != truth])
    assert 600 < np.sum(marked >= 0) < 900


def test_items_beyond_the_file_are_no_canaries() -> None:
    truth = np.random.default_rng(3).integers(0, 2, size=MOST + 500)
    assert (canary(KEY, labels=truth)[MOST:] == -1).all()


def test_a_copier_stands_out_and_an_honest_student_does_not() -> None:
    rng = np.random.default_rng(4)
    truth, claimed = labels(5), claims(KEY, items=ITEMS)
    marked = canary(KEY, labels=truth)
    honest = np.where(rng.random(ITEMS) < 0.7, truth, 1 - truth)
    copied = np.where(rng.random(ITEMS) < 0.25, claimed, honest)
    on = marked >= 0

    def z(answers: Ints) -> float:
        wrong = np.mean(answers[~on] != truth[~on])
        agree = np.mean(answers[on] == marked[on])
        spread = (wrong * (1 - wrong) * (1 / on.sum() + 1 / (~on).sum())) ** 0.5
        return float((agree - wrong) / spread)

    assert abs(z(honest)) < 3.5
    assert z(copied) > 5
