"""Programming tasks: TACO, easy and medium to train on, hard to test on."""

from collections.abc import Iterable, Iterator

from aarlab.w2s.datasets.items import Dropped
from aarlab.w2s.datasets.solutions import Question
from aarlab.w2s.datasets.sources import Record

TRAIN = ("EASY", "MEDIUM")
TEST = ("HARD", "VERY_HARD")


def taco(records: Iterable[Record], drop: Dropped) -> Iterator[Question]:
    """Rows: question, difficulty, starter_code, name, url and others.

    Its own `solutions` are not used: people wrote them, so beside wrong ones of models their style would tell which
    are right. Difficulties between (MEDIUM_HARD) and unknown ones are dropped.
    """
    for row in records:
        text, level = row.get("question"), str(row.get("difficulty") or "").upper()
        if not isinstance(text, str) or not text.strip():
            drop("a field is missing")
        elif level not in (*TRAIN, *TEST):
            drop(f"difficulty {level.lower() or 'not said'}")
        else:
            yield Question(_whole(text, row.get("starter_code")), "taco", names=_names(row), subset=level.lower())


def hard(question: Question) -> bool:
    """Whether it is for the test."""
    return question.subset.upper() in TEST


def _whole(text: str, starter: object) -> str:
    return f"{text.strip()}\n\n{starter.strip()}" if isinstance(starter, str) and starter.strip() else text.strip()


def _names(row: Record) -> tuple[str, ...]:
    return (str(row["question"]), *(str(row[name]) for name in ("id", "url", "name") if row.get(name)))
