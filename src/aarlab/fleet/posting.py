"""The operator's post on the forum, from what a person types on the dashboard or in a terminal."""

from typing import get_args

from aarlab.errors import UserError
from aarlab.studyfile import suggest
from aarlab.wire import FindingKind, FindingRequest

KINDS: tuple[str, ...] = get_args(FindingKind)
MOST_TITLE = 200
"""Characters."""


def announcement(*, kind: str, title: str, text: str, submission: str = "", answers: str = "") -> FindingRequest:
    """The post; `answers` is one that it replies to, or corrects where it is a correction; "" = none.

    Raises UserError on a kind that there is not, and on a title that is empty or too long.
    """
    if kind not in KINDS:
        raise UserError(f"{kind[:40]}: no such kind of post{suggest(kind, KINDS)}; there are {', '.join(KINDS)}")
    if not 0 < len(title.strip()) <= MOST_TITLE:
        raise UserError(f"a title has 1 to {MOST_TITLE} characters, this one has {len(title.strip())}")
    parent, corrects = answers.strip() or None, kind == "correction"
    fields = {"kind": kind, "title": title.strip(), "text": text.replace("\r\n", "\n")}
    links = {"replies_to": None if corrects else parent, "corrects": parent if corrects else None}
    return FindingRequest.model_validate({**fields, **links, "submission": submission.strip() or None})
