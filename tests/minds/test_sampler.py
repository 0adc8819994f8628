from dataclasses import replace

from aarlab.minds.search.memory import Trial
from aarlab.minds.search.sampler import Sampler
from aarlab.minds.search.space import SPACE, Recipe, region


def run(family: str, *, trials: int, seed: int = 1) -> list[Trial]:
    """A search in which the prior is good, the penalty should be large, and everything else does not matter."""
    sampler, done = Sampler(family=family, seed=seed, first=4), list[Trial]()
    for number in range(trials):
        recipe = sampler.ask(done, foreign=())
        assert recipe is not None
        answer = 0.6 + 0.1 * recipe.source.startswith("prior") + 0.05 * (recipe.l2 >= 1)
        done.append(Trial(number, recipe.plain(), state="scored", answer=answer))
    return done


def test_the_first_candidates_come_from_the_region_of_the_direction() -> None:
    for trial in run("simplicity", trials=4):
        assert all(trial.recipe[name] in values for name, values in region("simplicity").items())


def test_nothing_is_asked_twice() -> None:
    recipes = [trial.recipe for trial in run("reweighting", trials=40)]
    assert all(recipe not in recipes[:number] for number, recipe in enumerate(recipes))


def test_the_search_finds_what_its_direction_did_not_offer() -> None:
    for family in ("reweighting", "evolution", "any"):
        last = run(family, trials=40)[20:]
        assert sum(trial.recipe["source"].startswith("prior") for trial in last) > len(last) // 3, family


def test_a_restart_asks_for_what_an_undisturbed_run_would_have() -> None:
    done = run("distillation", trials=12)
    for number in range(12):
        again = Sampler(family="distillation", seed=1, first=4).ask(done[:number], foreign=())
        assert again is not None
        assert again.plain() == done[number].recipe


def test_another_seed_asks_for_something_else() -> None:
    assert [one.recipe for one in run("any", trials=6)] != [one.recipe for one in run("any", trials=6, seed=2)]


def test_dropped_and_failed_trials_do_no_harm() -> None:
    done = run("any", trials=8)
    done[5] = replace(done[5], state="pruned", answer=None)
    done[6] = replace(done[6], state="failed", answer=None)
    assert Sampler(family="any", seed=1, first=4).ask(done, foreign=()) is not None


def test_others_answers_count() -> None:
    done = run("any", trials=6)
    good = Recipe(**{name: values[-1] for name, values in SPACE.items()}).settled()
    sampler = Sampler(family="any", seed=1, first=4)
    assert sampler.ask(done, foreign=[(good, 0.99)] * 5) != sampler.ask(done, foreign=())


def test_a_variant_of_anothers_recipe_is_new() -> None:
    done = run("any", trials=6)
    theirs = Recipe(**done[0].recipe)
    variant = Sampler(family="any", seed=1, first=4).mutated(theirs, done)
    assert variant is not None
    assert variant.plain() not in [trial.recipe for trial in done]
