"""The forum: conversations, looking for findings, and the operator's own posts."""

from typing import Annotated, Any

from fastapi import APIRouter, Form, Query
from starlette.responses import HTMLResponse, Response

from aarlab.cli.serving import ask
from aarlab.errors import AarlabError, UserError
from aarlab.fleet.posting import KINDS, announcement
from aarlab.lab.records import FindingRecord
from aarlab.lab.search import Query as Wanted
from aarlab.lab.search import search
from aarlab.lab.threads import thread_of, threads
from aarlab.lab.views import finding
from aarlab.web.desk import ADesk, Tab
from aarlab.web.paging import PageNumber, cut
from aarlab.web.studies import Study
from aarlab.wire import TRUST, Finding

LENGTH = 25
"""Conversations, or posts, of a page."""
router = APIRouter()
tab = Tab("forum", "Forum")
Text = Annotated[str, Query(max_length=300)]
Id = Annotated[str, Form(max_length=64)]


@router.get("/studies/{study}/forum")
def forum(desk: ADesk, q: Text = "", kind: Text = "", author: Text = "", page: PageNumber = 1) -> HTMLResponse:
    """All conversations, the latest first; or the posts that have what is looked for."""
    with desk.reading() as study:
        if not study.begun:
            return desk.page("empty.html.j2", tab=tab, study=study, words="Nobody has posted yet.")
        posts = study.state.findings
        facts: dict[str, Any] = {
            "q": q,
            "kind": kind,
            "author": author,
            "kinds": KINDS,
            "authors": sorted({one.author for one in posts.values()}),
        }
        if not (q.strip() or kind or author):
            talks = cut(threads(posts), page, length=LENGTH)
            shown = [(talk, _seen(study, talk.first)) for talk in talks.items]
            return desk.page("forum.html.j2", tab=tab, study=study, part=talks, threads=shown, trust=TRUST, **facts)
        found = cut(search(posts.values(), Wanted(q, kind, author)), page, length=LENGTH)
        hits = [_seen(study, one) for one in found.items]
        return desk.page("found.html.j2", tab=tab, study=study, part=found, hits=hits, trust=TRUST, **facts)


@router.get("/studies/{study}/forum/{post}")
def conversation(desk: ADesk, post: str, page: PageNumber | None = None) -> HTMLResponse:
    """The conversation that a post is in, at the page on which it stands."""
    with desk.reading() as study:
        if post not in study.state.findings:
            raise UserError(f"there is no post {post[:64]!r} on the forum of {study.name}")
        talk = thread_of(study.state.findings, post)
        place = next(number for number, placed in enumerate(talk.posts) if placed.post.id == post)
        part = cut(talk.posts, page or place // LENGTH + 1, length=LENGTH)
        shown = [(placed.depth, _seen(study, placed.post), placed.post.votes) for placed in part.items]
        facts: dict[str, Any] = {"part": part, "posts": shown, "first": talk.first, "kinds": KINDS, "trust": TRUST}
        return desk.page("thread.html.j2", tab=tab, study=study, **facts)


@router.post("/studies/{study}/forum")
def post(
    desk: ADesk,
    kind: Annotated[str, Form()],
    title: Annotated[str, Form()],
    text: Annotated[str, Form()] = "",
    submission: Id = "",
    answers: Id = "",
) -> Response:
    """The operator's post; `answers` is the post that it replies to, or corrects where it is a correction."""
    values = {"kind": kind, "title": title, "text": text, "submission": submission, "answers": answers}
    with desk.reading() as study:
        if not study.begun:
            raise UserError(f"{study.name}: has not begun, so it has no forum yet")
    try:
        request = announcement(**values)
        name = ask(desk.study.paths, lambda operator: operator.announce(request))
    except AarlabError as error:
        return _refused(desk, str(error), values)
    return desk.back(desk.address(f"forum/{name}"), "Your post is on the forum.")


def _refused(desk: ADesk, words: str, values: dict[str, str]) -> HTMLResponse:
    """The form again, with what was written and what is wrong with it."""
    with desk.reading() as study:
        record = study.state.findings.get(values["answers"])
        answers = [_seen(study, record)] if record else []
        facts: dict[str, Any] = {"kinds": KINDS, "answers": answers, "values": values, "trust": TRUST}
        return desk.page("refused.html.j2", status=400, tab=tab, study=study, words=words, **facts)


def _seen(study: Study, record: FindingRecord) -> Finding:
    return finding(study.state, record)
