"""Predictions cross a trust boundary as files: a list of n zeros and ones is read, everything else is refused."""

import json
import time
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from aarlab.errors import ResearcherError
from aarlab.problem.predictions import most_bytes, read_predictions

BITS = st.lists(st.integers(0, 1), min_size=1, max_size=40)
SECRET = "held-out-word"
REFUSED: dict[str, bytes] = {
    "empty": b"",
    "empty list": b"[]",
    "too short": b"[0,1]",
    "too long": b"[0,1,0,1]",
    "true": b"[true,0,1]",
    "null": b"[null,0,1]",
    "float": b"[1.0,0,1]",
    "exponent": b"[1e0,0,1]",
    "minus zero": b"[-0,0,1]",
    "two": b"[2,0,1]",
    "leading zero": b"[01,0,1]",
    "NaN": b"[NaN,0,1]",
    "Infinity": b"[Infinity,0,1]",
    "ten thousand digits": b"[0,1," + b"1" * 10_000 + b"]",
    "a number in two": b"[0,1,1 1]",
    "text": b'["1",0,1]',
    "nested": b"[[0],0,1]",
    "deep": b"[" * 100_000,
    "an object": b'{"answers": [0,1,0]}',
    "a key twice": b'{"a": 0, "a": 1}',
    "no list": b"0",
    "comma at the end": b"[0,1,0,]",
    "two commas": b"[0,,1]",
    "BOM": b"\xef\xbb\xbf[0,1,0]",
    "UTF-16": "[0,1,0]".encode("utf-16"),
    "not UTF-8": b"[0,1,\xff]",
    "other digits": "[0,1,\u0661]".encode(),
    "other spaces": "[0,1,\u00a00]".encode(),
    "form feed": b"[0,1,\x0c0]",
    "zero byte": b"[0,1,0]\0",
    "trailing data": b"[0,1,0] 1",
    "two documents": b"[0,1,0][0,1,0]",
    "a comment": b"[0,1,0] // " + SECRET.encode(),
    "padded above the cap": b"[0,1,0]" + b" " * most_bytes(3),
}


@pytest.mark.parametrize("kind", REFUSED)
def test_what_is_no_list_of_bits_is_refused_with_one_fixed_line(kind: str) -> None:
    with pytest.raises(ResearcherError) as caught:
        read_predictions(REFUSED[kind], items=3)
    with pytest.raises(ResearcherError) as other:
        read_predictions(b"", items=3)
    assert caught.value.code == "malformed"
    assert str(caught.value) == str(other.value)
    assert "\n" not in str(caught.value)


@given(BITS, st.sampled_from([None, 1, 2]), st.sampled_from([(", ", ": "), (",", ":"), (" ,\t", ":")]))
def test_what_a_json_library_writes_is_read(bits: list[int], indent: int | None, marks: tuple[str, str]) -> None:
    text = json.dumps(bits, indent=indent, separators=marks if indent is None else None)
    assert read_predictions(text.encode(), items=len(bits)) == bits
    with pytest.raises(ResearcherError):
        read_predictions(text.encode(), items=len(bits) + 1)


JSON = st.recursive(
    st.none() | st.booleans() | st.integers(-2, 3) | st.floats() | st.text(max_size=3),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=2), inner, max_size=3),
    max_leaves=8,
)


@given(JSON, st.integers(1, 4))
def test_of_all_json_only_such_lists_are_read(value: Any, items: int) -> None:
    assert accepted(json.dumps(value).encode(), items) == is_valid(value, items)


@given(st.text('[]01,2 \n\t.-e"{}', max_size=12), st.integers(1, 4))
def test_of_all_text_near_such_lists_only_they_are_read(text: str, items: int) -> None:
    """The judge is Python's own reader, which differs on one thing: it takes -0 for 0."""
    try:
        value = json.loads(text)
    except ValueError:
        value = None
    assert accepted(text.encode(), items) == (is_valid(value, items) and "-" not in text)


@given(st.binary(max_size=60), st.integers(1, 20))
def test_bytes_are_read_or_refused_and_nothing_else_happens(data: bytes, items: int) -> None:
    assert accepted(data, items) in (True, False)


def accepted(data: bytes, items: int) -> bool:
    try:
        found = read_predictions(data, items=items)
    except ResearcherError:
        return False
    assert len(found) == items
    return True


def is_valid(value: Any, items: int) -> bool:
    return isinstance(value, list) and len(value) == items and all(type(one) is int and one in (0, 1) for one in value)


def test_work_is_linear_in_the_size_and_a_huge_file_costs_nothing() -> None:
    """Thirty times the items take less than three hundred times as long, the worst of ten against the best."""

    def seconds(data: bytes, items: int) -> float:
        begin = time.perf_counter()
        accepted(data, items)
        return time.perf_counter() - begin

    small, large = 10_000, 300_000
    for make in (lambda n: b"[" + b"1," * (n - 1) + b"1]", lambda n: b"[" * n, lambda n: b" " * n):
        few = max(seconds(make(small), small) for _ in range(10))
        many = min(seconds(make(large), large) for _ in range(10))
        assert many < 300 * few
    assert min(seconds(b"[" * 50_000_000, 10) for _ in range(3)) < 0.01
