"""What of a method may change on its way, and how its settings are tuned."""

import json
from collections.abc import Mapping

import pytest

from aarlab.errors import UserError
from aarlab.lab.components import components_hash, require_components, settings_of, with_settings
from aarlab.lab.replay import differences
from aarlab.lab.tuning import best, knobs, tune

CONFIG = {"l2": 0.1, "way": "product", "hard": True, "inner": {"rounds": 4}, "none": 0.0}
FILES = {"method.py": "def train(task, *, seed): ...\n", "config.json": json.dumps(CONFIG)}


def reads(settings: Mapping[str, object]) -> dict[str, str]:
    """A method whose code names its settings."""
    return {"method.py": "open('config.json')", "config.json": json.dumps(settings)}


def test_numbers_are_settings_and_all_else_is_components() -> None:
    tuned = with_settings(FILES, {"l2": 0.7, "inner.rounds": 9})
    assert settings_of(tuned) == {**CONFIG, "l2": 0.7, "inner": {"rounds": 9}}
    require_components(FILES, tuned)
    for change in ({"way": "prior"}, {"hard": False}, {"more": 1.0}, {"inner": {"turns": 4}}, {"l2": "0.1"}):
        other = {**FILES, "config.json": json.dumps(CONFIG | change)}
        with pytest.raises(UserError, match=r"components differ: config\.json"):
            require_components(FILES, other)
    code = {**tuned, "method.py": "def train(task, *, seed): return None\n"}
    assert components_hash(code) != components_hash(FILES)
    with pytest.raises(UserError, match=r"components differ: method\.py; only numbers"):
        require_components(FILES, code)


def test_config_that_is_no_object_is_refused() -> None:
    for text in ("[1]", "{", "[" * 100_000):
        with pytest.raises(UserError, match=r"config\.json of the method is not"):
            settings_of({"config.json": text})


def test_ranges_stay_near_the_authors_choice_and_within_known_bounds() -> None:
    files = reads({**CONFIG, "share": 0.5, "k": 8})
    found = {knob.name: (knob.low, knob.high) for knob in knobs(files, bounds={"k": (6, 99)})}
    assert found == {"l2": (0.0125, 0.8), "inner.rounds": (1, 16), "share": (0.0625, 1.0), "k": (6, 32)}
    for nothing in ({}, {"way": "product", "hard": True, "zero": 0}):
        with pytest.raises(UserError, match="nothing to tune"):
            knobs(reads(nothing), bounds={})
    with pytest.raises(UserError, match="no code of the method reads its config"):
        knobs(FILES, bounds={})


def test_tuning_begins_with_the_authors_values_and_asks_nothing_twice() -> None:
    asked: list[dict[str, float]] = []

    def ask(settings: object) -> float | None:
        assert isinstance(settings, dict)
        asked.append(dict(settings))
        return None if settings["k"] == 2 else 1.0 - abs(settings["k"] - 5) / 10

    chosen = knobs(reads({"k": 2}), bounds={})
    trials = tune(chosen, answers=12, seed=3, ask=ask)
    assert asked[0] == {"k": 2}
    assert len(asked) == len(trials) == len({one["k"] for one in asked}) <= 8
    assert trials == tune(chosen, answers=12, seed=3, ask=ask)
    found = best(trials)
    assert found is not None
    assert found.answer == max(trial.answer or 0.0 for trial in trials)
    assert best(trials[:1]) is None


def test_older_rows_without_distributions_are_replayed_as_they_were() -> None:
    def row(**facts: object) -> dict[str, object]:
        return {"score": {"value": 0.5, "facts": {"items": 9, **facts}, "private": {}}}

    parts = {"id": {"value": 0.4}}
    assert differences(row(), row(by_distribution=parts)) == ()
    assert [one.what for one in differences(row(by_distribution=parts), row())] == ["score.facts.by_distribution"]
