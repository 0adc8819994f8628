"""Preferences between two answers: HelpSteer2 and HelpSteer3 to train on, RM-Bench and RewardBench 2 to test on.

All licences and schemas as the cards of the data sets have them.
"""

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from aarlab.w2s.datasets.items import Dropped, Pair, folded
from aarlab.w2s.datasets.sources import Record

STYLES = 3
"""Styles in which RM-Bench has every answer: concise, detailed, detailed with Markdown."""
MOST = 3
"""Wrong answers of one prompt of RewardBench 2 that are used; its subset of ties has dozens."""


def helpsteer2(records: Iterable[Record], drop: Dropped) -> Iterator[Pair]:
    """Two rows after each other have the same prompt; the one of higher helpfulness is better.

    Rows: prompt, response, helpfulness (0-4) and other ratings. Also reads its file of preferences, rows: prompt,
    response_1, response_2, preference_strength (below zero: the first is better). Ties are dropped.
    """
    waiting: Record | None = None
    for row in records:
        if "preference_strength" in row:
            yield from _preferred(
                _text(row, "prompt"),
                row.get("response_1"),
                row.get("response_2"),
                row["preference_strength"],
                source="helpsteer2",
                drop=drop,
            )
        elif waiting is None:
            waiting = row
        elif folded(_text(waiting, "prompt")) == folded(_text(row, "prompt")):
            strength = _difference(waiting.get("helpfulness"), row.get("helpfulness"))
            texts = (waiting.get("response"), row.get("response"))
            yield from _preferred(_text(row, "prompt"), *texts, strength, source="helpsteer2", drop=drop)
            waiting = None
        else:
            drop("row without a partner")
            waiting = row
    drop("row without a partner", waiting is not None)


def helpsteer3(records: Iterable[Record], drop: Dropped) -> Iterator[Pair]:
    """Its preferences. Rows: domain, language, context (turns of role and content), response1, response2,
    overall_preference (-3 to 3, below zero: the first is better; 0 is a tie, which is dropped)."""
    for row in records:
        texts = (row.get("response1"), row.get("response2"))
        strength, subset = row.get("overall_preference"), str(row.get("domain") or "")
        yield from _preferred(
            conversation(row.get("context")), *texts, strength, source="helpsteer3", drop=drop, subset=subset
        )


def rm_bench(records: Iterable[Record], drop: Dropped) -> Iterator[Pair]:
    """Rows: prompt, chosen and rejected (three answers each, in three styles), domain (in its files of one domain:
    subset).

    Only answers of one style are compared: across styles length and Markdown would tell, or mislead.
    """
    for row in records:
        chosen, rejected = _texts(row.get("chosen")), _texts(row.get("rejected"))
        if not _text(row, "prompt") or len(chosen) != STYLES or len(rejected) != STYLES:
            drop("a field is missing")
            continue
        for good, bad in zip(chosen, rejected, strict=True):
            yield Pair(_text(row, "prompt"), good, bad, "rm-bench", str(row.get("domain") or row.get("subset") or ""))


def reward_bench_2(records: Iterable[Record], drop: Dropped) -> Iterator[Pair]:
    """Rows: prompt, chosen (list, mostly of one), rejected (list, mostly of three), subset.

    Each wrong answer is compared with one right answer; of the subset of ties no more than `MOST`.
    """
    for row in records:
        chosen, rejected = _texts(row.get("chosen")), _texts(row.get("rejected"))
        if not _text(row, "prompt") or not chosen or not rejected:
            drop("a field is missing")
            continue
        for place, bad in enumerate(rejected[:MOST]):
            yield Pair(
                _text(row, "prompt"), chosen[place % len(chosen)], bad, "reward-bench-2", str(row.get("subset") or "")
            )


def conversation(turns: Any) -> str:
    """One turn is the prompt itself; of several each begins with who speaks. "" = there is none."""
    if isinstance(turns, str):
        return turns
    if not isinstance(turns, list) or not all(isinstance(one, Mapping) for one in turns):
        return ""
    said = [(str(one.get("role") or "user").capitalize(), _text(one, "content")) for one in turns]
    if len(said) == 1:
        return said[0][1]
    return "\n\n".join(f"{who}: {text}" for who, text in said)


def _preferred(
    prompt: str, first: Any, second: Any, strength: Any, *, source: str, drop: Dropped, subset: str = ""
) -> Iterator[Pair]:
    """The pair, unless nothing is preferred. `strength` below zero: the first answer is better."""
    if not prompt or not isinstance(first, str) or not isinstance(second, str) or not _is_number(strength):
        drop("a field is missing")
    elif strength == 0:
        drop("tie")
    else:
        good, bad = (first, second) if strength < 0 else (second, first)
        yield Pair(prompt, good, bad, source, subset)


def _difference(first: Any, second: Any) -> float | None:
    return second - first if _is_number(first) and _is_number(second) else None


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool) and value == value


def _text(row: Mapping[str, Any], name: str) -> str:
    value = row.get(name)
    return value if isinstance(value, str) else ""


def _texts(value: Any) -> list[str]:
    return value if isinstance(value, list) and all(isinstance(one, str) for one in value) else []
