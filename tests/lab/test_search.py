"""Looking for findings, and findings as conversations."""

from typing import Any

import pytest

from aarlab.lab.records import FindingRecord
from aarlab.lab.search import Query, search
from aarlab.lab.threads import thread_of, threads


def post(number: int, title: str = "a title", text: str = "", **more: Any) -> FindingRecord:
    fields = {"author": "r1", "kind": "insight", "replies_to": None, "corrects": None, "submission": None} | more
    place = {"posted": number, "changed": fields.pop("changed", number), "cites": ()}
    return FindingRecord(id=f"f-{number}", title=title, text=text, **place, **fields)


POSTS = [
    post(1, "Label noise hurts", "the teacher is wrong on hard items"),
    post(2, "Confident items", "less label NOISE among them", author="r2"),
    post(3, "STRASSE", "naïve   teacher\nand student", kind="hypothesis"),
]


@pytest.mark.parametrize(
    ("query", "found"),
    [
        (Query(), ["f-3", "f-2", "f-1"]),
        (Query("noise LABEL"), ["f-1", "f-2"]),
        (Query("noise absent"), []),
        (Query('"teacher and student"'), ["f-3"]),
        (Query('"student and teacher"'), []),
        (Query("straße"), ["f-3"]),
        (Query("nai\u0308ve"), ["f-3"]),
        (Query("teacher", kind="hypothesis"), ["f-3"]),
        (Query("noise", author="r2"), ["f-2"]),
        (Query("f-2"), ["f-2"]),
        (Query('.*"('), []),
    ],
)
def test_finds_what_has_every_word(query: Query, found: list[str]) -> None:
    assert [one.id for one in search(POSTS, query)] == found


def test_answers_stand_behind_what_they_answer() -> None:
    said = [
        post(1),
        post(2),
        post(3, replies_to="f-1"),
        post(4, kind="correction", corrects="f-3", changed=9),
        post(5, replies_to="f-1"),
    ]
    found = threads({one.id: one for one in said})
    assert [[(placed.post.id, placed.depth) for placed in thread.posts] for thread in found] == [
        [("f-1", 0), ("f-3", 1), ("f-4", 2), ("f-5", 1)],
        [("f-2", 0)],
    ]
    assert [thread.latest for thread in found] == [9, 2]
    assert thread_of({one.id: one for one in said}, "f-4") == found[0]


def test_a_long_quarrel_is_one_conversation() -> None:
    said = [post(1), *(post(number, replies_to=f"f-{number - 1}") for number in range(2, 3001))]
    (found,) = threads({one.id: one for one in said})
    assert [placed.depth for placed in found.posts] == list(range(3000))
