"""The prescribed workflow of a search mind: a fixed order that no result changes."""

from dataclasses import replace

from aarlab.minds.search.memory import Trial
from aarlab.minds.search.sampler import Sampler
from aarlab.minds.search.space import SPACE, Recipe, differences


def walk(*, best: int, steps: int) -> list[Recipe]:
    """The first recipes of a researcher whose trial `best` stays the best."""
    sampler = Sampler(family="reweighting", seed=5, first=2)
    trials: list[Trial] = []
    for number in range(steps):
        chosen = trials[min(best, len(trials) - 1)] if trials else None
        recipe = sampler.staged(trials, best=chosen)
        assert recipe is not None
        trials.append(replace(Trial(number, recipe.plain()), state="scored"))
    return [Recipe(**trial.recipe) for trial in trials]


def test_one_part_after_another_and_one_change_at_a_time() -> None:
    recipes = walk(best=0, steps=12)
    assert len({tuple(recipe.plain().items()) for recipe in recipes}) == 12
    changed = [set(differences(recipes[0], recipe)) for recipe in recipes[1:]]
    assert all(len(parts) == 1 for parts in changed)
    order = list(dict.fromkeys(part for parts in changed for part in parts))
    assert order == [name for name in SPACE if name in order]
    assert [recipe.source for recipe in recipes[1:8]] == [one for one in SPACE["source"] if one != recipes[0].source]


def test_what_was_best_so_far_is_kept_in_what_follows() -> None:
    recipes = walk(best=3, steps=10)
    assert {recipe.source for recipe in recipes[8:]} == {recipes[3].source}


def test_it_ends() -> None:
    recipes = walk(best=0, steps=20)
    trials = [replace(Trial(number, recipe.plain()), state="scored") for number, recipe in enumerate(recipes)] * 3
    assert Sampler(family="any", seed=5, first=2).staged(trials, best=trials[0]) is None
