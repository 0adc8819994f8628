"""Chooses the next recipe: first from the direction's region, then by Optuna's TPE over the whole space.

A pure function of the seed and of the trials so far, so that a restart asks for what an undisturbed run would have.
"""

from collections.abc import Sequence
from dataclasses import replace
from importlib import import_module
from random import Random
from threading import Thread

from aarlab.minds.search.memory import Trial
from aarlab.minds.search.space import SPACE, Recipe, draw, mutate, region

TRIES = 30


class Sampler:
    """One researcher's sampler."""

    def __init__(self, *, family: str, seed: int, first: int) -> None:
        """`first` candidates come from the region of `family`."""
        self._family = family
        self._seed = seed
        self._first = first

    def warm_up(self) -> None:
        """Imports the optimiser beside whatever else is going on, usually the first training."""
        Thread(target=import_module, args=("aarlab.minds.search.tpe",), daemon=True).start()

    def preview(self) -> list[Recipe]:
        """What it would ask for first, if nothing is dropped."""
        return [draw(region(self._family), rng=Random(f"{self._seed}:{number}:0")) for number in range(self._first)]

    def ask(self, trials: Sequence[Trial], *, foreign: Sequence[tuple[Recipe, float]]) -> Recipe | None:
        """A recipe that was not tried, given own trials and others' dev answers; None when none was found."""
        known = [trial.recipe for trial in trials]
        for attempt in range(TRIES):
            rng = Random(f"{self._seed}:{len(trials)}:{attempt}")
            recipe = self._candidate(trials, foreign, rng=rng)
            if recipe.plain() not in known:
                return recipe
        return None

    def staged(self, trials: Sequence[Trial], *, best: Trial | None) -> Recipe | None:
        """The next recipe of a prescribed workflow; None when it is through.

        First one recipe of the direction's region; then part after part in the order of SPACE, of each part value after
        value, all else as in the best recipe so far. What was tried is passed over. No result changes the order.
        """
        if not trials:
            return draw(region(self._family), rng=Random(f"{self._seed}:0:0"))
        known, base = [trial.recipe for trial in trials], Recipe(**(best or trials[0]).recipe)
        steps = [(name, value) for name, values in SPACE.items() for value in values]
        left = (replace(base, **{name: value}).settled() for name, value in steps[len(trials) - 1 :])
        return next((recipe for recipe in left if recipe.plain() not in known), None)

    def mutated(self, recipe: Recipe, trials: Sequence[Trial]) -> Recipe | None:
        """A variant of somebody's recipe that was not tried; None when none was found."""
        known = [trial.recipe for trial in trials]
        rng = Random(f"{self._seed}:{len(trials)}:mutate")
        variants = (mutate(recipe, rng=rng) for _ in range(TRIES))
        return next((variant for variant in variants if variant.plain() not in known), None)

    def _candidate(self, trials: Sequence[Trial], foreign: Sequence[tuple[Recipe, float]], *, rng: Random) -> Recipe:
        if len(trials) < self._first:
            return draw(region(self._family), rng=rng)
        if self._family == "evolution" and (survivors := _survivors(trials)):
            return mutate(rng.choice(survivors), rng=rng)
        from aarlab.minds.search.tpe import suggest

        return suggest(trials, foreign, seed=rng.randrange(2**32))


def _survivors(trials: Sequence[Trial]) -> list[Recipe]:
    """The better third of what was scored, at least two."""
    scored = sorted((trial for trial in trials if trial.answer is not None), key=lambda one: -(one.answer or 0.0))
    return [Recipe(**trial.recipe) for trial in scored[: max(2, len(scored) // 3)]]
