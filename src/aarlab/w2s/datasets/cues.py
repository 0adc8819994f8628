"""Properties of items that need no understanding, each as a number for every item: above zero speaks for label 1.

A pair is its second answer against its first; a solution is compared with the others of its question, and where it is
alone with all solutions of the file.
"""

import re
from collections.abc import Callable, Mapping, Sequence

import numpy as np

from aarlab.problem.files import ChoiceRow, PairRow, Row
from aarlab.w2s.domains.cues import choice_cues
from aarlab.w2s.domains.pool import IntArray
from aarlab.w2s.task import Floats

_WORDS = re.compile(r"[\w']+")
_DIGITS = re.compile(r"[0-9]")
_LISTS = re.compile(r"^\s*(?:[-*•]|\d+[.)])\s", re.MULTILINE)
_MARKS = re.compile(r"\*\*|^#{1,6}\s|`", re.MULTILINE)
_REFUSALS = re.compile(r"\b(?:sorry|cannot|can't|unable|as an ai)\b", re.IGNORECASE)


def words(text: str) -> list[str]:
    """Its words in lower case, numbers among them."""
    return _WORDS.findall(text.lower())


def _shared(answer: str, asked: str) -> float:
    own = set(words(answer))
    return len(own & set(words(asked))) / max(len(own), 1)


def _digits(answer: str, _asked: str) -> float:
    return len(_DIGITS.findall(answer)) / max(len(answer), 1)


MEASURES: Mapping[str, Callable[[str, str], float]] = {
    "length": lambda answer, _asked: float(len(answer)),
    "lines": lambda answer, _asked: float(answer.count("\n")),
    "lists": lambda answer, _asked: float(len(_LISTS.findall(answer))),
    "code blocks": lambda answer, _asked: float(answer.count("```")),
    "Markdown": lambda answer, _asked: float(len(_MARKS.findall(answer))),
    "boxed answer": lambda answer, _asked: float("\\boxed" in answer),
    "share of digits": _digits,
    "words of the question": _shared,
    "refusing words": lambda answer, _asked: float(len(_REFUSALS.findall(answer))),
}
"""Of one answer and its prompt."""


def units(rows: Sequence[Row]) -> IntArray:
    """[n] numbers of groups: what stands or falls together."""
    names: dict[str, int] = {}
    return np.array([names.setdefault(row.unit(), len(names)) for row in rows], np.int64)


def measured(rows: Sequence[Row]) -> dict[str, Floats]:
    """[n] each measure of each item."""
    group = units(rows)
    found = {name: np.array([_of(row, measure) for row in rows]) for name, measure in MEASURES.items()}
    if isinstance(rows[0], ChoiceRow):
        found = {name: centred(values[:, None], group)[:, 0] for name, values in found.items()}
        found |= _by_place(group) | _common(rows, group)
    return found


def _of(row: Row, measure: Callable[[str, str], float]) -> float:
    if isinstance(row, PairRow):
        return measure(row.second, row.prompt) - measure(row.first, row.prompt)
    return measure(row.choice, row.question)


def centred(values: Floats, group: IntArray) -> Floats:
    """[n, k] minus the mean of the group; of an item that is alone minus the mean of all."""
    count = np.bincount(group)[group]
    sums = np.zeros((group.max() + 1, values.shape[1]))
    np.add.at(sums, group, values)
    own = sums[group] / count[:, None]
    found: Floats = values - np.where(count[:, None] > 1, own, values.mean(axis=0))
    return found


def _by_place(group: IntArray) -> dict[str, Floats]:
    """Whether a solution is listed before the others of its question."""
    seen: dict[int, int] = {}
    place = np.zeros(len(group))
    for row, one in enumerate(group.tolist()):
        place[row] = seen[one] = seen.get(one, -1) + 1
    return {"listed first": -centred(place[:, None], group)[:, 0] * (np.bincount(group)[group] > 1)}


def _common(rows: Sequence[Row], group: IntArray) -> dict[str, Floats]:
    said = choice_cues([row.choice for row in rows if isinstance(row, ChoiceRow)], group).get("most common answer")
    return {} if said is None else {"most common answer": np.where(said < 0, 0.0, 2.0 * said - 1)}


def bags(train: Sequence[Row], test: Sequence[Row], *, most: int) -> tuple[Floats, Floats]:
    """Words of both as numbers [n, k]: the `most` commonest of training, each scaled to unit variance there."""
    counts: dict[str, int] = {}
    for row in train:
        for word in {word for answer in _answers(row) for word in words(answer)}:
            counts[word] = counts.get(word, 0) + 1
    chosen = sorted(counts, key=lambda word: (-counts[word], word))[:most]
    columns = {word: number for number, word in enumerate(chosen)}
    one, other = (_counted(rows, columns) for rows in (train, test))
    scale = np.sqrt((one**2).mean(axis=0)) + 1e-6
    return one / scale, other / scale


def _answers(row: Row) -> tuple[str, ...]:
    return (row.first, row.second) if isinstance(row, PairRow) else (row.choice,)


def _counted(rows: Sequence[Row], columns: Mapping[str, int]) -> Floats:
    table = np.zeros((len(rows), len(columns)))
    for number, row in enumerate(rows):
        for sign, answer in zip((-1.0, 1.0) if isinstance(row, PairRow) else (1.0,), _answers(row), strict=True):
            found: dict[int, int] = {}
            for word in words(answer):
                if word in columns:
                    found[columns[word]] = found.get(columns[word], 0) + 1
            for column, count in found.items():
                table[number, column] += sign * np.sqrt(count)
    return table if isinstance(rows[0], PairRow) else centred(table, units(rows))
