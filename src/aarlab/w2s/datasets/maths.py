"""Questions with a true final answer: DAPO-Math-17k or GSM8K to train on, AIME or GSM8K to test on."""

import re
from collections.abc import Iterable, Iterator, Mapping

from aarlab.w2s.datasets.chat import conversation
from aarlab.w2s.datasets.items import Dropped
from aarlab.w2s.datasets.solutions import Question
from aarlab.w2s.datasets.sources import Record

_BEFORE = re.compile(r"\ASolve the following math problem step by step\..*?to the problem\.\s*", re.DOTALL)
_BEHIND = re.compile(r"\s*Remember to put your answer on its own line after \"Answer:\"\.\s*\Z")


def dapo(records: Iterable[Record], drop: Dropped) -> Iterator[Question]:
    """Rows: prompt (turns), reward_model.ground_truth, extra_info.index. The file holds every question many times; the
    words around a question that ask for a form of answer are taken off."""
    for row in records:
        text = _BEHIND.sub("", _BEFORE.sub("", conversation(row.get("prompt")).strip())).strip()
        truth, extra = _inner(row, "reward_model", "ground_truth"), _inner(row, "extra_info", "index")
        if not text or not truth:
            drop("a field is missing")
            continue
        yield Question(text, "dapo", names=(extra,), answer=truth)


def aime(records: Iterable[Record], drop: Dropped) -> Iterator[Question]:
    """Rows of any of its copies: Question or problem, Answer, and ID, in upper or lower case."""
    yield from _asked(records, drop, source="aime", asked=("question", "problem"))


def gsm8k(records: Iterable[Record], drop: Dropped) -> Iterator[Question]:
    """Rows: question, answer (a solution that ends with "#### " and the true answer)."""
    for one in _asked(records, drop, source="gsm8k", asked=("question",)):
        truth = one.answer.rpartition("####")[2].strip()
        yield Question(one.text, one.source, names=one.names, answer=truth)


def _asked(records: Iterable[Record], drop: Dropped, *, source: str, asked: tuple[str, ...]) -> Iterator[Question]:
    for row in records:
        low = {str(name).lower(): value for name, value in row.items()}
        text = next((low[name] for name in asked if isinstance(low.get(name), str)), "")
        truth = low.get("answer")
        if not text.strip() or truth is None or not str(truth).strip():
            drop("a field is missing")
            continue
        yield Question(text.strip(), source, names=(str(low.get("id") or ""),), answer=str(truth).strip())


def _inner(row: Record, outer: str, name: str) -> str:
    inside = row.get(outer)
    value = inside.get(name) if isinstance(inside, Mapping) else None
    return str(value).strip() if value is not None else ""
