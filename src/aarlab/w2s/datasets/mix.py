"""From items of several sources to the three files: no leaks, whole questions on one side, labels even, order mixed.

Every choice follows from the seed and from what an item says, never from where it stood, so the same items give the
same files in whatever order they were read.
"""

import hashlib
from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

from aarlab.w2s.datasets.items import Choice, Dropped, Item, Pair, folded, prompt_key, usable

CANDIDATES = 8
"""Right and wrong solutions of one question among which one of each is chosen."""
Row = dict[str, Any]
Place = Callable[..., int]
"""A number that follows from the seed and some texts: what is sorted by it is shuffled."""


def placed_by(seed: int) -> Place:
    """The order of one seed."""

    def place(*parts: str) -> int:
        text = "\0".join((str(seed), *parts)).encode()
        return int.from_bytes(hashlib.sha256(text).digest()[:8], "big")

    return place


def files(
    train: Iterable[Item],
    test: Iterable[Item],
    drop: Dropped,
    *,
    place: Place,
    labelled: float,
    held_in: float = 0.0,
    limit: int | None = None,
) -> dict[str, list[Row]]:
    """Rows of train_label, train_unlabel and test.

    `labelled`: share of the training questions for the weak teacher. `held_in`: share of the training questions that
    go into the test, marked "id"; the test's own are "ood" unless training has their source and difficulty. `limit`:
    most rows of a file.
    """
    tests = _questions(test, drop, place=place)
    trains = _questions(train, drop, place=place)
    leaked = [key for key in trains if key in tests]
    drop("in the test, too", sum(len(trains.pop(key)) for key in leaked))
    seen = {_stratum(item) for items in trains.values() for item in items}
    parts = _divided(trains, place=place, shares=(held_in, (1 - held_in) * labelled))
    marks = dict.fromkeys(parts[0], "id")
    marks |= {key: "id" if _stratum(items[0]) in seen else "ood" for key, items in tests.items()}
    cut = {
        "train_label": _first(parts[1], limit, place=place),
        "train_unlabel": _first(parts[2], limit, place=place),
        "test": _first({**parts[0], **tests}, limit, place=place),
    }
    return {name: _rows(items, place=place, marks=marks if name == "test" else {}) for name, items in cut.items()}


def _questions(items: Iterable[Item], drop: Dropped, *, place: Place) -> dict[str, list[Item]]:
    """Usable items by prompt, none twice; of solutions one right and one wrong of each question."""
    found: dict[str, dict[tuple[str, ...], Item]] = {}
    for item in items:
        why = usable(item)
        if why is not None:
            drop(why)
            continue
        of_prompt = found.setdefault(prompt_key(item.prompt), {})
        if of_prompt.setdefault(_texts(item), item) is not item:
            drop("duplicate item")
    chosen = _Choosing(drop)
    ordered = {
        key: sorted(of.values(), key=lambda item: place("item", prompt_key(item.prompt), *_texts(item)))
        for key, of in sorted(found.items(), key=lambda entry: place("choose", entry[0]))
    }
    return {key: kept for key, items in ordered.items() if (kept := chosen(items))}


def _texts(item: Item) -> tuple[str, ...]:
    return tuple(sorted((folded(item.good), folded(item.bad)))) if isinstance(item, Pair) else (folded(item.text),)


class _Choosing:
    """One right and one wrong solution of each question; of pairs all.

    With more of a question there would be votes: right answers are alike, wrong ones differ. Which of several is taken
    keeps models and lengths even: who wrote a solution, and which is longer, should not tell whether it is right.
    """

    def __init__(self, drop: Dropped) -> None:
        self._drop = drop
        self._more_right: Counter[tuple[str, str]] = Counter()
        """Right less wrong solutions so far, by source with its model and subset."""
        self._right_longer: Counter[tuple[str, str]] = Counter()
        """Questions whose right solution is longer, less those where it is not, by stratum."""

    def __call__(self, items: list[Item]) -> list[Item]:
        """What is kept of the items of one question."""
        solutions = [item for item in items if isinstance(item, Choice)]
        if not solutions:
            return items
        right = [item for item in solutions if item.right][:CANDIDATES]
        wrong = [item for item in solutions if not item.right][:CANDIDATES]
        if not right or not wrong:
            self._drop("question of which all solutions are right or all wrong", len(solutions))
            return []
        self._drop("more than needed", len(solutions) - 2)
        good, bad = min(((good, bad) for good in right for bad in wrong), key=lambda two: self._tilt(*two))
        self._more_right[good.source, good.subset] += 1
        self._more_right[bad.source, bad.subset] -= 1
        self._right_longer[_stratum(good)] += _longer(good, bad)
        return [good, bad]

    def _tilt(self, good: Choice, bad: Choice) -> int:
        """How much further from even this choice would lead."""
        models = self._more_right[good.source, good.subset] - self._more_right[bad.source, bad.subset]
        return models + self._right_longer[_stratum(good)] * _longer(good, bad)


def _longer(good: Choice, bad: Choice) -> int:
    return (len(good.text) > len(bad.text)) - (len(good.text) < len(bad.text))


def _stratum(item: Item) -> tuple[str, str]:
    """What labels are even within, and what is spread evenly: data set and subset. The model does not count."""
    return item.source.partition(":")[0], item.subset


def _divided(
    questions: Mapping[str, list[Item]], *, place: Place, shares: Sequence[float]
) -> list[dict[str, list[Item]]]:
    """Whole questions in as many parts as there are shares, and one for what is left; each stratum in these shares."""
    strata: dict[tuple[str, str], list[str]] = {}
    for key in sorted(questions, key=lambda key: place("part", key)):
        strata.setdefault(_stratum(questions[key][0]), []).append(key)
    parts: list[dict[str, list[Item]]] = [{} for _ in range(len(shares) + 1)]
    for keys in strata.values():
        ends = [round(sum(shares[: number + 1]) * len(keys)) for number in range(len(shares))]
        for number, key in enumerate(keys):
            parts[sum(number >= end for end in ends)][key] = questions[key]
    return parts


def _first(questions: Mapping[str, list[Item]], limit: int | None, *, place: Place) -> list[Item]:
    """The items in a mixed order of questions; whole questions, as many as fit."""
    kept: list[Item] = []
    for key in sorted(questions, key=lambda key: place("question", key)):
        if limit is None or len(kept) + len(questions[key]) <= limit:
            kept += questions[key]
    return kept


def _rows(items: Sequence[Item], *, place: Place, marks: Mapping[str, str]) -> list[Row]:
    """Rows in a mixed order. In each stratum half of the pairs have the better answer first."""
    order = sorted(items, key=lambda item: place("row", prompt_key(item.prompt), *_texts(item)))
    turns: dict[tuple[str, str], int] = {}
    rows = []
    for item in order:
        stratum = _stratum(item)
        turn = turns.setdefault(stratum, place("turn", *stratum) % 2)
        turns[stratum] = 1 - turn
        row = _pair(item, label=turn) if isinstance(item, Pair) else _choice(item)
        key = prompt_key(item.prompt)
        more = {"group": key, "source": item.source, "subset": item.subset or None, "id_ood": marks.get(key)}
        rows.append(row | {name: value for name, value in more.items() if value is not None})
    return rows


def _pair(item: Pair, *, label: int) -> Row:
    first, second = (item.bad, item.good) if label else (item.good, item.bad)
    return {"prompt": item.prompt, "first": first, "second": second, "label": label}


def _choice(item: Choice) -> Row:
    return {"question": item.prompt, "choice": item.text, "label": int(item.right)}
