"""Settings of a method fitted to another domain: a few noisy dev answers, asked for by Optuna's TPE."""

import logging
import warnings
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from aarlab.errors import UserError
from aarlab.lab.components import CONFIG, numbers, settings_of

if TYPE_CHECKING:
    from optuna.distributions import BaseDistribution

WIDTH = 8.0
"""So many times smaller or larger than its value a number may become."""
WIDTH_WHOLE = 4
"""The same for a whole number."""
Bounds = Mapping[str, tuple[float, float]]
Values = Mapping[str, int | float]


@dataclass(frozen=True)
class Knob:
    """A number that may be tuned, on a logarithmic scale."""

    name: str
    """As in components.numbers."""
    value: int | float
    """What its author has chosen."""
    low: int | float
    """The least that it may become."""
    high: int | float
    """The largest."""


@dataclass(frozen=True)
class Trial:
    """One dev answer."""

    settings: Values
    """What was tried."""
    answer: float | None
    """Coarse and noisy accuracy; None where the method failed with these settings."""


def knobs(files: Mapping[str, str], *, bounds: Bounds) -> tuple[Knob, ...]:
    """The positive numbers of a method's settings; `bounds` narrow the range of those that they name.

    Raises UserError when there is none, or no code that names config.json: then there is nothing to tune.
    """
    found = [_knob(name, value, bounds) for name, value in numbers(settings_of(files)) if value > 0]
    kept = tuple(knob for knob in found if knob.low < knob.high)
    if not kept:
        raise UserError(f"there is nothing to tune: the method has no {CONFIG} with a positive number in it")
    if not any(CONFIG in text for path, text in files.items() if path.endswith(".py")):
        raise UserError(f"there is nothing to tune: no code of the method reads its {CONFIG}")
    return kept


def tune(
    chosen: Sequence[Knob], *, answers: int, seed: int, ask: Callable[[Values], float | None]
) -> tuple[Trial, ...]:
    """At most `answers` trials, the author's own values first. What was asked before is not asked again."""
    import optuna
    from optuna.trial import TrialState

    optuna.logging.set_verbosity(logging.ERROR)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", optuna.exceptions.ExperimentalWarning)
        sampler = optuna.samplers.TPESampler(seed=seed, n_startup_trials=max(2, answers // 3), multivariate=True)
    study = optuna.create_study(direction="maximize", sampler=sampler)
    study.enqueue_trial({knob.name: knob.value for knob in chosen})
    spread = {knob.name: _distribution(knob) for knob in chosen}
    trials: list[Trial] = []
    for _ in range(answers):
        asked = study.ask(spread)
        known = next((trial for trial in trials if trial.settings == asked.params), None)
        trial = known or Trial(dict(asked.params), ask(asked.params))
        if known is None:
            trials.append(trial)
        if trial.answer is None:
            study.tell(asked, state=TrialState.FAIL)
        else:
            study.tell(asked, trial.answer)
    return tuple(trials)


def best(trials: Sequence[Trial]) -> Trial | None:
    """The one of the highest answer, the first of several; None where all have failed."""
    answered = [trial for trial in trials if trial.answer is not None]
    return max(answered, key=lambda trial: trial.answer or 0.0, default=None)


def _knob(name: str, value: int | float, bounds: Bounds) -> Knob:
    least, most = bounds.get(name, (0.0, float("inf")))
    if isinstance(value, int):
        low, high = max(1, value // WIDTH_WHOLE), value * WIDTH_WHOLE
        return Knob(name, value, max(low, round(least)), high if most == float("inf") else min(high, int(most)))
    # A number below one may be a share: it stays below.
    high_float = min(1.0, value * WIDTH) if value < 1 else value * WIDTH
    return Knob(name, value, max(value / WIDTH, least), min(high_float, most))


def _distribution(knob: Knob) -> "BaseDistribution":
    from optuna.distributions import FloatDistribution, IntDistribution

    if isinstance(knob.value, int):
        return IntDistribution(int(knob.low), int(knob.high), log=True)
    return FloatDistribution(float(knob.low), float(knob.high), log=True)
