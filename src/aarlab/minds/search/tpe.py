"""One suggestion of Optuna's TPE. Its import takes most of a second, so nothing imports this module before it must."""

import logging
import warnings
from collections.abc import Sequence
from typing import Any

import optuna
from optuna.distributions import BaseDistribution, CategoricalDistribution
from optuna.trial import TrialState, create_trial

from aarlab.minds.search.memory import Trial
from aarlab.minds.search.space import SPACE, Recipe

_STATES = {"scored": TrialState.COMPLETE, "pruned": TrialState.PRUNED}
_DISTRIBUTIONS: dict[str, BaseDistribution] = {name: CategoricalDistribution(values) for name, values in SPACE.items()}


def suggest(trials: Sequence[Trial], foreign: Sequence[tuple[Recipe, float]], *, seed: int) -> Recipe:
    """What to try after these trials and others' dev answers; a pure function of its arguments."""
    optuna.logging.set_verbosity(logging.ERROR)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", optuna.exceptions.ExperimentalWarning)
        sampler = optuna.samplers.TPESampler(seed=seed, n_startup_trials=1, multivariate=True)
    study = optuna.create_study(direction="maximize", sampler=sampler)
    for trial in trials:
        if trial.state in _STATES:
            study.add_trial(_frozen(trial.recipe, trial.answer, state=_STATES[trial.state]))
    for recipe, answer in foreign:
        study.add_trial(_frozen(recipe.plain(), answer))
    return Recipe(**study.ask(_DISTRIBUTIONS).params).settled()


def _frozen(
    recipe: dict[str, Any], answer: float | None, *, state: TrialState = TrialState.COMPLETE
) -> optuna.trial.FrozenTrial:
    return create_trial(state=state, params=recipe, distributions=_DISTRIBUTIONS, value=answer)
