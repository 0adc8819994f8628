"""Students cross a trust boundary as files: what is written comes back, and nothing else is read."""

import contextlib
import json
import struct
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from safetensors.numpy import save

from aarlab.errors import ResearcherError
from aarlab.w2s.student import MAX_BYTES, Student

D = 6
FACTS = {"format": 1, "aggregation": "mean", "trim": 0.0}


def heads(*, k: int = 3, d: int = D, seed: int = 0) -> np.ndarray[tuple[int, int], np.dtype[np.float32]]:
    return np.random.default_rng(seed).standard_normal((k, d)).astype(np.float32)


def read(data: bytes, *, antisymmetric: bool = True) -> Student:
    return Student.from_bytes(data, dimension=D, antisymmetric=antisymmetric)


def file_of(tensors: Any = None, facts: object = FACTS, **changed: object) -> bytes:
    """A student's file with something changed."""
    arrays = {"weight": heads(), "bias": np.zeros(3, np.float32)} if tensors is None else tensors
    text = json.dumps({**facts, **changed}) if isinstance(facts, dict) else str(facts)
    return save(arrays, metadata={"student": text})


def with_header(header: bytes, body: bytes = b"\0" * 84) -> bytes:
    return struct.pack("<Q", len(header)) + header + body


@pytest.mark.parametrize("trim", [0.0, 0.3])
def test_a_student_comes_back_as_it_was(trim: float) -> None:
    student = Student.ensemble(heads(), biases=[0.5, 0.0, -2.0], trim=trim)
    again = read(student.to_bytes(), antisymmetric=False)
    hidden = heads(k=20, seed=1)
    assert np.array_equal(again.predict(hidden), student.predict(hidden))
    assert again.to_bytes() == student.to_bytes()


def test_prediction_is_the_declared_formula() -> None:
    weight = heads()
    student = Student.ensemble(weight, trim=0.34)
    hidden = heads(k=5, seed=1)
    expected = np.median(hidden.astype(float) @ weight.T.astype(float), axis=1)
    assert student.predict(hidden) == pytest.approx(expected)


@given(st.permutations(range(12)), st.sampled_from([0.0, 0.3]))
def test_items_do_not_interact_and_a_swap_flips_the_answer(order: list[int], trim: float) -> None:
    student = Student.ensemble(heads(), trim=trim)
    hidden = heads(k=12, seed=2)
    logits = student.predict(hidden)
    assert student.predict(hidden[order]) == pytest.approx(logits[order], abs=1e-12)
    one_by_one = [student.predict(hidden[i : i + 1])[0] for i in range(12)]
    assert one_by_one == pytest.approx(logits, abs=1e-12)
    assert student.predict(-hidden) == pytest.approx(-logits, abs=1e-12)


NAN = np.full((3, D), np.nan, np.float32)
ATTACKS: dict[str, Callable[[], bytes]] = {
    "empty": lambda: b"",
    "text": lambda: b"not a student at all",
    "pickle": lambda: b"\x80\x04\x95\x10\x00\x00\x00\x00\x00\x00\x00\x8c\x08builtins\x94.",
    "truncated": lambda: file_of()[:-5],
    "trailing bytes": lambda: file_of() + b"\0" * 4,
    "NaN": lambda: file_of({"weight": NAN, "bias": np.zeros(3, np.float32)}),
    "infinite": lambda: file_of({"weight": heads() * np.float32(np.inf), "bias": np.zeros(3, np.float32)}),
    "float64": lambda: file_of({"weight": heads().astype(np.float64), "bias": np.zeros(3, np.float32)}),
    "float16": lambda: file_of({"weight": heads().astype(np.float16), "bias": np.zeros(3, np.float32)}),
    "integers": lambda: file_of({"weight": np.ones((3, D), np.int32), "bias": np.zeros(3, np.float32)}),
    "booleans": lambda: file_of({"weight": np.ones((3, D), np.bool_), "bias": np.zeros(3, np.bool_)}),
    "claims to be float32": lambda: file_of().replace(b'"F32","shape":[3,6]', b'"F32","shape":[3,7]'),
    "extra tensor": lambda: file_of(
        {"weight": heads(), "bias": np.zeros(3, np.float32), "table": np.zeros(9, np.float32)}
    ),
    "missing tensor": lambda: file_of({"weight": heads()}),
    "other dimension": lambda: file_of({"weight": heads(d=D + 1), "bias": np.zeros(3, np.float32)}),
    "other length": lambda: file_of({"weight": heads(), "bias": np.zeros(2, np.float32)}),
    "flat": lambda: file_of({"weight": heads()[0], "bias": np.zeros(1, np.float32)}),
    "no heads": lambda: file_of({"weight": heads(k=0), "bias": np.zeros(0, np.float32)}),
    "too many heads": lambda: file_of({"weight": heads(k=2000), "bias": np.zeros(2000, np.float32)}),
    "bias on pairs": lambda: file_of({"weight": heads(), "bias": np.ones(3, np.float32)}),
    "too big": lambda: file_of() + b"\0" * MAX_BYTES,
    "unknown key": lambda: file_of(code="import os"),
    "missing key": lambda: file_of(facts={"format": 1}),
    "unknown aggregation": lambda: file_of(aggregation="vote"),
    "aggregation is a list": lambda: file_of(aggregation=["mean"]),
    "trim is text": lambda: file_of(trim="0.1"),
    "trim is true": lambda: file_of(trim=True),
    "trim of a half": lambda: file_of(trim=0.5),
    "trim is NaN": lambda: file_of(trim=float("nan")),
    "an unknown setting": lambda: file_of(prior_coef=1.0),
    "format 2": lambda: file_of(format=2),
    "format true": lambda: file_of(format=True),
    "facts are a list": lambda: file_of(facts="[]"),
    "facts are deep": lambda: file_of(facts="[" * 3000),
    "facts twice": lambda: file_of(facts='{"format": 1, "format": 1}'),
    "second metadata": lambda: save(
        {"weight": heads(), "bias": np.zeros(3, np.float32)}, metadata={"student": json.dumps(FACTS), "more": "x"}
    ),
    "no metadata": lambda: save({"weight": heads(), "bias": np.zeros(3, np.float32)}),
    "header beyond the file": lambda: struct.pack("<Q", 2**60) + b"{}",
    "huge header": lambda: with_header(b" " * 9000 + b"{}"),
    "deep header": lambda: with_header(b"[" * 4000),
    "header is a list": lambda: with_header(b"[]"),
    "header is not UTF-8": lambda: with_header(b"\xff\xfe{}"),
    "header with a number of ten thousand digits": lambda: with_header(b'{"a":' + b"9" * 4000 + b"}"),
    "overlapping offsets": lambda: with_header(
        json.dumps(
            {
                "__metadata__": {"student": json.dumps(FACTS)},
                "bias": {"dtype": "F32", "shape": [3], "data_offsets": [0, 12]},
                "weight": {"dtype": "F32", "shape": [3, D], "data_offsets": [0, 72]},
            }
        ).encode()
    ),
    "negative shape": lambda: with_header(
        json.dumps(
            {
                "__metadata__": {"student": json.dumps(FACTS)},
                "bias": {"dtype": "F32", "shape": [-3], "data_offsets": [0, 12]},
                "weight": {"dtype": "F32", "shape": [3, D], "data_offsets": [12, 84]},
            }
        ).encode()
    ),
}


@pytest.mark.parametrize("attack", ATTACKS)
def test_a_file_that_is_not_a_student_is_malformed(attack: str) -> None:
    with pytest.raises(ResearcherError) as caught:
        read(ATTACKS[attack]())
    assert caught.value.code == "malformed"
    assert "\n" not in str(caught.value)


def test_the_unchanged_file_of_these_attacks_is_a_student() -> None:
    assert read(file_of()).weight.shape == (3, D)


@given(st.integers(0, 400), st.integers(1, 255))
def test_a_flipped_byte_gives_a_valid_student_or_a_clear_refusal(place: int, flip: int) -> None:
    data = bytearray(file_of())
    data[place % len(data)] ^= flip
    with contextlib.suppress(ResearcherError):
        student = read(bytes(data))
        assert np.isfinite(student.predict(heads(k=4, seed=5))).all()


@pytest.mark.parametrize("weights", [[[1.0, 2.0], [1.0]], [["a"]], [[1e300]], [], [[float("nan")]]])
def test_builders_refuse_what_is_not_a_student(weights: list[list[float]]) -> None:
    with pytest.raises(ResearcherError):
        Student.ensemble(weights)
