"""How an item reads in a prompt, for methods that let the strong model read or write."""

from collections.abc import Sequence

from aarlab.w2s.strong import Texts
from aarlab.w2s.task import Task

LABEL = "Label:"


def words(task: Task) -> tuple[str, str]:
    """The labels of class 0 and class 1 as words."""
    return ("A", "B") if task.antisymmetric else ("False", "True")


def shown(item: Texts) -> str:
    """A pair or a single answer, without a label."""
    if len(item) == 2:
        return f"Question: {item[0]}\nAnswer: {item[1]}\n"
    return f"Question: {item[0]}\nAnswer A: {item[1]}\nAnswer B: {item[2]}\n"


def turned(item: Texts) -> Texts:
    """A pair in the other order."""
    prompt, first, second = item
    return prompt, second, first


def labelled(task: Task, item: Texts, *, label: bool, swap: bool) -> str:
    """An item with its label, for a context; `swap` shows a pair in the other order, which turns the label."""
    if swap:
        item, label = turned(item), not label
    return f"{shown(item)}{LABEL} {words(task)[label]}"


def question(item: Texts, *, after: Sequence[str] = ()) -> str:
    """A prompt whose next word is the label of the item; `after` are the labelled items before it."""
    return "\n\n".join([*after, shown(item) + LABEL])
