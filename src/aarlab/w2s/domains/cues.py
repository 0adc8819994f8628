"""What rules that understand nothing answer to items whose texts are known."""

import re
from collections import Counter
from collections.abc import Callable, Mapping, Sequence

import numpy as np

from aarlab.w2s.domains.pool import IntArray

NUMBER = re.compile(r"-?\d+(?:[.,/]\d+)*")


def text_cues(texts: Callable[[], Sequence[tuple[str, ...]]], groups: IntArray) -> Mapping[str, IntArray]:
    """Cues of items from their prompts and responses, two for a pair and one for a choice."""
    _, *columns = zip(*texts(), strict=True)
    return pair_cues(*columns) if len(columns) == 2 else choice_cues(columns[0], groups)


def pair_cues(first: Sequence[str], second: Sequence[str]) -> Mapping[str, IntArray]:
    """ "longer": the longer response is right. Of two of one length the one that sorts later, whichever comes first."""
    longer = [(len(b), b) > (len(a), a) for a, b in zip(first, second, strict=True)]
    return {"longer": np.array(longer, np.int64)}


def choice_cues(choices: Sequence[str], groups: IntArray) -> Mapping[str, IntArray]:
    """ "longer": a choice is right if it is the longest of its group. "most common answer": if its final answer is the
    most frequent one of its group; nothing (-1) is said of a group in which none is more frequent than all others, for
    there whoever follows the rule must take one by chance. A rule that has nothing to go by in any group is left out.
    """
    sizes = np.bincount(groups)
    if sizes.max(initial=0) < 2:
        return {}
    length = np.array([len(choice) for choice in choices], np.int64)
    longest = np.zeros(len(sizes), np.int64)
    np.maximum.at(longest, groups, length)
    cues = {"longer": ((length == longest[groups]) & (sizes[groups] > 1)).astype(np.int64)}
    common = _most_common(choices, groups)
    return cues | ({"most common answer": common} if (common > 0).any() else {})


def _most_common(choices: Sequence[str], groups: IntArray) -> IntArray:
    answers = list(zip(groups.tolist(), map(final_answer, choices), strict=True))
    counts: dict[int, Counter[str]] = {}
    for group, answer in answers:
        counts.setdefault(group, Counter())[answer] += 1
    most = {group: _first(found) for group, found in counts.items()}
    return np.array([-1 if most[group] is None else most[group] == answer for group, answer in answers], np.int64)


def _first(counts: Counter[str]) -> str | None:
    """The one that is more frequent than all others; None where there is none, or one choice alone."""
    (answer, count), *others = counts.most_common(2)
    return answer if count > max([1, *(number for _, number in others)]) else None


def final_answer(choice: str) -> str:
    """The last number of the last line that is not empty; without a number the whole line."""
    lines = [line.strip() for line in choice.splitlines() if line.strip()]
    last = lines[-1] if lines else ""
    numbers = NUMBER.findall(last)
    return numbers[-1] if numbers else last
