"""Solutions that models wrote, from a file of the user: where the wrong choices of mathematics and code come from.

One JSON object a line: question (or id) says to what; solution is the text; model (optional) who wrote it. In
mathematics it is labelled by its final answer (answer: where that is not in the text), in code by `passed`: what the
tests said where the user ran them. Nothing is executed here. The file of solutions that GSM8K comes with, an object of
solution and is_correct for each model, is read as it is.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass

from aarlab.errors import UserError
from aarlab.w2s.datasets.answers import is_right, same_answer
from aarlab.w2s.datasets.items import Choice, Dropped, prompt_key
from aarlab.w2s.datasets.sources import Record

HINT = 'each row has "question" or "id", "solution", and where it is known "model"'


@dataclass(frozen=True)
class Question:
    """Something to be solved."""

    text: str
    """As it is asked."""
    source: str
    """Name of the source."""
    names: tuple[str, ...] = ()
    """By what else a row of solutions may call it: its id, or a shorter form of the text."""
    answer: str = ""
    """The true final answer, in mathematics."""
    subset: str = ""
    """Difficulty; "" = not said."""


Judge = Callable[[Question, Record], bool | None]
"""Whether a row solves a question; None = it does not say."""


def by_answer(question: Question, row: Record) -> bool | None:
    """Whether its final answer is the true one."""
    given = row.get("answer")
    if isinstance(given, str | int | float) and not isinstance(given, bool) and str(given).strip():
        return same_answer(str(given), question.answer)
    return is_right(str(row["solution"]), question.answer)


def by_verdict(_question: Question, row: Record) -> bool | None:
    """What the file says that tests said."""
    passed = row.get("passed")
    return passed if isinstance(passed, bool) else None


def choices(
    questions: Iterable[Question], rows: Iterable[Record], drop: Dropped, *, judge: Judge
) -> Iterator[tuple[Question, Choice]]:
    """Question and choice for each row that belongs to a question. Raises UserError on a row without a solution."""
    known = _index(questions)
    for number, row in enumerate(_one_each(rows), 1):
        solution = row.get("solution")
        if not isinstance(solution, str) or not ("question" in row or "id" in row):
            raise UserError(f"solutions: row {number} cannot be read: {HINT}")
        found = _find(row, known)
        right = None if found is None else judge(found, row)
        if found is None:
            drop("solution to another question")
        elif right is None:
            drop("solution without an answer or verdict")
        else:
            model = row.get("model")
            source = f"{found.source}:{model}" if isinstance(model, str) and model else found.source
            yield found, Choice(found.text, solution, right, source, found.subset)


def _one_each(rows: Iterable[Record]) -> Iterator[Record]:
    """A row for each solution, also of rows that hold those of several models by their names."""
    for row in rows:
        inside = {name: one for name, one in row.items() if isinstance(one, Mapping) and "solution" in one}
        if "solution" in row or not inside:
            yield row
        for name, one in inside.items():
            yield {**one, "question": row.get("question"), "model": name, "passed": one.get("is_correct")}


def _index(questions: Iterable[Question]) -> dict[tuple[str, str], Question]:
    known: dict[tuple[str, str], Question] = {}
    for one in questions:
        names = [name for name in one.names if name]
        known.update({("question", prompt_key(text)): one for text in (one.text, *names)})
        known.update({("id", name): one for name in names})
    return known


def _find(row: Record, known: dict[tuple[str, str], Question]) -> Question | None:
    text, name = row.get("question"), row.get("id")
    found = known.get(("question", prompt_key(text))) if isinstance(text, str) else None
    return found or (known.get(("id", str(name))) if name is not None else None)


def unique(questions: Iterable[Question], drop: Dropped) -> list[Question]:
    """Each question once. Of one with several true answers none is kept: at least one of them is wrong."""
    found: dict[str, Question] = {}
    unsure: set[str] = set()
    for one in questions:
        key = prompt_key(one.text)
        first = found.setdefault(key, one)
        if first is not one:
            drop("duplicate question")
            if one.answer != first.answer and not same_answer(first.answer, one.answer):
                unsure.add(key)
    drop("question with two answers", len(unsure))
    return [one for key, one in found.items() if key not in unsure]
