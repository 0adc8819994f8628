"""How coarse a dev answer is, and what its noise depends on."""

from pathlib import Path
from statistics import mean, stdev

import pytest

from aarlab.lab.dev import coarse, submission_id
from aarlab.lab.vault import Vault
from aarlab.settings import DevSettings


def test_noise_is_a_function_of_key_and_submission(tmp_path: Path) -> None:
    fine = DevSettings(noise=0.1, grid=1e-6)
    here, again, there = (Vault(tmp_path / name, seed=seed) for name, seed in (("a", 1), ("b", 1), ("c", 2)))
    assert coarse(0.5, "d-1", vault=here, settings=fine) == coarse(0.5, "d-1", vault=again, settings=fine)
    assert coarse(0.5, "d-1", vault=here, settings=fine) != coarse(0.5, "d-1", vault=there, settings=fine)
    assert coarse(0.5, "d-1", vault=here, settings=fine) != coarse(0.5, "d-2", vault=here, settings=fine)


def test_noise_has_the_mean_and_the_width_that_the_settings_say(tmp_path: Path) -> None:
    vault, settings = Vault(tmp_path / "a", seed=1), DevSettings(noise=0.01, grid=1e-6)
    answers = [coarse(0.7, f"d-{number}", vault=vault, settings=settings) for number in range(4000)]
    assert mean(answers) == pytest.approx(0.7, abs=4 * 0.01 / 4000**0.5)
    assert stdev(answers) == pytest.approx(0.01, rel=0.05)


def test_answers_lie_on_the_grid_between_0_and_1(tmp_path: Path) -> None:
    vault, settings = Vault(tmp_path / "a", seed=1), DevSettings(noise=0.2, grid=0.005)
    answers = [coarse(raw, f"d-{n}", vault=vault, settings=settings) for n in range(100) for raw in (0.0, 0.5, 1.0)]
    assert all(0 <= answer <= 1 and answer == round(round(answer / 0.005) * 0.005, 9) for answer in answers)


def test_the_order_of_students_buys_no_second_answer() -> None:
    assert submission_id(["a", "b", "c"]) == submission_id(["c", "a", "b"])
    assert submission_id(["a", "b", "b"]) != submission_id(["a", "a", "b"])
