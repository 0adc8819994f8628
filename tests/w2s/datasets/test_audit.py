"""What an audit says of folders whose faults are known."""

import random
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from aarlab.problem.files import FILES, read_folder
from aarlab.w2s.datasets.audit import Audit, audit, interval
from tests.w2s.datasets import made

Rows = list[dict[str, Any]]


def _audited(folder: Path, files: dict[str, Rows]) -> Audit:
    for name in FILES:
        made.lines(folder / f"{name}.jsonl", files[name])
    return audit(read_folder(folder))


def _verdict(found: Audit, rule: str) -> str:
    return next(one.verdict for one in found.rules if one.name == rule)


def _pairs(rng: random.Random, *, count: int, name: str, longer: float = 0.5, word: float = 0.5) -> Rows:
    """Pairs whose better answer is longer, or says "indeed", that often."""
    rows = []
    for number in range(count):
        good, bad = (["".join(rng.choices("abcdef", k=6)) for _ in range(10)] for _ in range(2))
        if rng.random() < longer:
            good.append("padding")
        else:
            bad.append("padding")
        (good if rng.random() < word else bad)[0] = "indeed"
        label = rng.randrange(2)
        texts = [" ".join(bad), " ".join(good)] if label else [" ".join(good), " ".join(bad)]
        rows.append({"prompt": f"{name} {number}", "first": texts[0], "second": texts[1], "label": label})
    return rows


def _three(seed: int, **faults: float) -> dict[str, Rows]:
    rng = random.Random(seed)
    return {
        name: _pairs(rng, count=count, name=name, **faults) for name, count in zip(FILES, (300, 500, 500), strict=True)
    }


def test_fair_pairs_have_nothing_to_exploit(tmp_path: Path) -> None:
    found = _audited(tmp_path, _three(1))
    assert found.warnings == []
    assert {rule.verdict for rule in found.rules} == {"nothing"}
    assert {rate.verdict for rate in found.rates} == {"even"}
    assert set(found.repeated.values()) == {0.0}


def test_longer_is_right(tmp_path: Path) -> None:
    found = _audited(tmp_path, _three(2, longer=0.8))
    assert _verdict(found, "length") == "exploitable"
    assert any(warning.startswith("length alone (more is right) is right on") for warning in found.warnings)
    bins = [rate for rate in found.rates if rate.cue == "length"]
    assert [rate.verdict for rate in bins] == ["tells"] * len(bins)
    assert bins[0].rate < 0.4 < 0.6 < bins[-1].rate


def test_a_word_tells(tmp_path: Path) -> None:
    found = _audited(tmp_path, _three(3, word=0.8))
    assert _verdict(found, "bag of words") == "exploitable"
    assert _verdict(found, "length") == "nothing"


def test_solutions_source_majority_order_and_copies(tmp_path: Path) -> None:
    rng = random.Random(4)

    def rows(name: str, count: int) -> Rows:
        """Three right and one wrong solution, the right ones first and by one model."""
        found: Rows = []
        for number in range(count):
            truth = rng.randrange(1000)
            for place in range(4):
                label = int(place < 3)
                answer = truth if label else truth + 7
                choice = f"{rng.random():.4f} gives\n{answer}"
                more = {"label": label, "group": f"{name}{number}", "source": "good" if label else "bad"}
                found.append({"question": f"What is {name}{number} in {name}?", "choice": choice, **more})
        return found

    files = {"train_label": rows("a", 60), "train_unlabel": rows("b", 60), "test": rows("c", 60)}
    files["test"][0]["choice"] = files["train_label"][0]["choice"]
    found = _audited(tmp_path, files)
    for rule in ("most common answer", "source", "listed first", "always the same label"):
        assert _verdict(found, rule) == "exploitable", rule
    assert found.rules[0].accuracy == pytest.approx(1.0)
    assert found.repeated["items with an answer that training has, too"] == pytest.approx(1 / 240, abs=1e-4)
    looked = next(rule for rule in found.rules if rule.name == "answers seen in training")
    assert (looked.covered, looked.verdict) == (pytest.approx(1 / 240), "nothing")


def test_intervals_know_that_a_group_stands_or_falls_together() -> None:
    rng = np.random.default_rng(0)
    answers = rng.random(200) < 0.5
    single = interval(answers.astype(np.float64), np.arange(200))
    grouped = interval(np.repeat(answers, 5).astype(np.float64), np.repeat(np.arange(200), 5))
    assert grouped == pytest.approx(single, abs=0.005)
    assert interval(np.ones(50), np.arange(50))[1:] == pytest.approx((0.929, 1.0), abs=0.001)


def test_intervals_hold_the_truth_as_often_as_they_say() -> None:
    rng, held = np.random.default_rng(1), 0
    for _ in range(400):
        chance = rng.beta(3, 3, size=80)
        group = np.repeat(np.arange(80), 4)
        held += (found := interval((rng.random(320) < chance[group]).astype(np.float64), group))[1] <= 0.5 <= found[2]
    assert 0.92 <= held / 400 <= 0.98
