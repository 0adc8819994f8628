"""What a method owes to its teacher: the same draws again, with labels that were dealt to the wrong items.

Teacher response = (accuracy - accuracy with a shuffled teacher) / (accuracy - 1/2), both on the same draws: 1 when
all that a method is better than chance comes from the teacher's labels, 0 when none of it does.
"""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from aarlab.problem.contract import Variant
from aarlab.w2s.pgr import CHUNK, DRAWS, LEVEL, Outcome
from aarlab.w2s.task import Floats

CHANCE = 0.5
SMALLEST_RESPONSE = 0.25
"""Below this a method is teacher-free."""


def control_facts(outcomes: Sequence[Outcome], controls: Mapping[Variant, Sequence[Outcome | None]]) -> dict[str, Any]:
    """Facts of a row: accuracy under each control, failed runs, teacher response with interval, `teacher_free`.

    `teacher_free` is True when the response's 95 % interval includes 0 or the response is below SMALLEST_RESPONSE, and
    None when no run with a shuffled teacher came to an end. Nothing at all without controls.
    """
    facts: dict[str, Any] = {}
    for variant, found in controls.items():
        name = variant.replace(" ", "_")
        good = [float(outcome.transfer.mean()) for outcome in found if outcome is not None]
        facts[f"{name}_acc"] = round(sum(good) / len(good), 10) if good else None
        facts[f"{name}_failed"] = len(found) - len(good)
    if "shuffled teacher" in controls:
        facts |= _response_facts(outcomes, controls["shuffled teacher"])
    return facts


def _response_facts(outcomes: Sequence[Outcome], shuffled: Sequence[Outcome | None]) -> dict[str, Any]:
    paired = [(real, other) for real, other in zip(outcomes, shuffled, strict=False) if other is not None]
    names = ("teacher_response", "teacher_response_low", "teacher_response_high")
    if not paired:
        return {**dict.fromkeys(names), "teacher_free": None}
    value, low, high = (None if number is None else round(number, 10) for number in _response(paired))
    free = value is None or low is None or low <= 0 or value < SMALLEST_RESPONSE
    return {**dict(zip(names, (value, low, high), strict=True)), "teacher_free": free}


def _response(paired: Sequence[tuple[Outcome, Outcome]]) -> tuple[float | None, float | None, float | None]:
    """Response and its interval; without a value where the accuracy is not measurably above chance.

    The interval is a bootstrap over groups of items (the same weights in every draw in which a group occurs, and for
    both students) and over draws. With two draws it is rough, which 0.25 leaves room for.
    """
    boot = _bootstrap(paired)
    above = boot[0] - CHANCE
    if np.percentile(above, (100 - LEVEL) / 2) <= 0:
        return None, None, None
    real, other = (float(np.mean([pair[place].transfer.mean() for pair in paired])) for place in (0, 1))
    low, high = np.percentile((boot[0] - boot[1]) / above, [(100 - LEVEL) / 2, (100 + LEVEL) / 2])
    return (real - other) / (real - CHANCE), float(low), float(high)


def _bootstrap(paired: Sequence[tuple[Outcome, Outcome]]) -> Floats:
    """[2, draws] mean accuracies of both students under resampled groups and draws; deterministic."""
    names = np.unique(np.concatenate([real.group for real, _ in paired]))
    rng = np.random.default_rng(20_261_123)
    draws = len(paired)
    means = np.empty((2, DRAWS))
    for begin in range(0, DRAWS, CHUNK):
        weights = rng.standard_exponential((CHUNK, len(names)))
        share = rng.multinomial(draws, np.full(draws, 1 / draws), size=CHUNK) / draws
        by_draw = np.stack([_weighted(pair, names, weights) for pair in paired], axis=2)
        means[:, begin : begin + CHUNK] = (by_draw * share).sum(axis=2)
    return means


def _weighted(pair: tuple[Outcome, Outcome], names: Floats, weights: Floats) -> Floats:
    """[2, chunk] accuracies of both students on one draw, its groups weighted."""
    place = np.searchsorted(names, pair[0].group)
    right = [np.bincount(place, weights=outcome.transfer, minlength=len(names)) for outcome in pair]
    total = weights @ np.bincount(place, minlength=len(names))
    found: Floats = np.stack([weights @ part / total for part in right])
    return found
