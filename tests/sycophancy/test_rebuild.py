"""The shipped numbers come from the model: computing the first of them again gives the same."""

from pathlib import Path

import numpy as np
import pytest

from aarlab.sycophancy.pool import read
from aarlab.sycophancy.problem import Sycophancy, SycophancySettings
from aarlab.sycophancy.rebuild import LAYER, compute


@pytest.mark.slow
@pytest.mark.model
def test_the_first_facts_come_out_as_shipped(tmp_path: Path) -> None:
    shipped, again = read(), compute(LAYER, cache=tmp_path, limit=6)
    own, states = shipped.own[: len(again)], shipped.states[: len(again)]
    assert np.allclose(again.own, own, atol=0.01)
    assert np.abs(again.states - states).mean() < 0.02 * states.std()
    assert again.fact.tolist() == shipped.fact[: len(again)].tolist()


@pytest.mark.slow
@pytest.mark.model
def test_another_layer_has_the_same_answers_and_other_states(tmp_path: Path) -> None:
    again = compute(12, cache=tmp_path, limit=6)
    assert again.layer == 12
    assert np.allclose(again.own, read().own[: len(again)], atol=0.01)
    assert again.digest != compute(LAYER, cache=tmp_path, limit=6).digest


def test_the_layer_that_is_shipped_needs_no_model(tmp_path: Path) -> None:
    built = Sycophancy.build(SycophancySettings(layer=LAYER), cache=tmp_path)
    assert built.digest == Sycophancy.build(SycophancySettings(), cache=tmp_path).digest
    assert not list(tmp_path.iterdir())
