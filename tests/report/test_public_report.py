"""A report that leaves the machine: what docs/report.md lists stays here; and the report as Markdown."""

import re
from pathlib import Path
from typing import Any

import pytest
from markdown_it import MarkdownIt

from aarlab.lab.events import Kind
from aarlab.lab.sqlite_store import SqliteStore, read_events
from aarlab.lab.state import State
from aarlab.lab.store import Draft
from aarlab.paths import StudyPaths
from aarlab.report.build import Form, build_report
from aarlab.report.markdown import fenced, literal
from aarlab.report.room import Room
from aarlab.report.veil import Veil
from aarlab.studyfile import build_config
from tests.support.campaign import SECRET_HOST, campaign

PERSON, DECIDER = "maria", "Ada Lovelace"
DATA, HOME = "/srv/private/rows", "/home/ada/notes.md"
REASON = f"It reads {HOME}."


@pytest.fixture(scope="module")
def study(tmp_path_factory: pytest.TempPathFactory) -> StudyPaths:
    """A small study with a person, a note of a detector, a decision of somebody, and talk of places."""
    paths, _ = campaign(tmp_path_factory.mktemp("campaign") / "study", submissions=10)
    state = State.of(read_events(paths.database))
    (held,) = state.incidents
    warned = next(iter(state.submissions))
    note: dict[str, Any] = {
        "id": "i-note",
        "detector": "lottery",
        "level": "warning",
        "researcher": "r1",
        "submission": warned,
    }
    note |= {"words": "many tries", "statistic": {"tries": 4711}, "quotes": ["secret-quote"], "others": []}
    person = {"name": PERSON, "mind": "human", "direction": "any", "family": "any", "index": 9}
    decision = {"id": held, "decision": "disqualified", "reason": REASON, "by": DECIDER}
    text = f"On {SECRET_HOST}, in {paths.root}/work, {PERSON} helped."
    post: dict[str, Any] = {
        "id": "f-post",
        "kind": "insight",
        "title": f"by {PERSON}",
        "text": text,
        "submission": None,
    }
    post |= {"replies_to": None, "corrects": None, "cites": []}
    store, time = SqliteStore(paths.database), {"time": state.clock.last}
    store.append(
        [
            Draft(Kind.INCIDENT_RAISED, "lab", note, {**time, "entries": [1, 2]}),
            Draft(Kind.RESEARCHER_ADMITTED, "operator", person, time),
            Draft(Kind.INCIDENT_DECIDED, "operator", decision, time),
            Draft(Kind.FINDING_POSTED, PERSON, post, time),
        ]
    )
    store.close()
    return paths


def read(study: StudyPaths, form: Form, *, public: bool) -> str:
    return build_report(study, public=public, form=form).read_text()


@pytest.mark.parametrize("form", ["html", "md"])
def test_public_leaves_out_what_belongs_to_the_machine_or_the_operator(study: StudyPaths, form: Form) -> None:
    own, public = read(study, form, public=False), read(study, form, public=True)
    for word in (PERSON, DECIDER, HOME):
        assert word in own
    for word in (PERSON, DECIDER, HOME, SECRET_HOST, str(study.root), "4711", "secret-quote", "many tries"):
        assert word not in public, word
    for word in ("cut 1 ", "disqualified", "by the operator", "person 1", "left out"):
        assert word in public, word


def test_what_only_the_operator_sees_of_a_row_is_in_its_own_report_alone(study: StudyPaths) -> None:
    own, public = read(study, "html", public=False), read(study, "html", public=True)
    for words in ("Accuracy by seed", "core seconds)", "tries = 4711", "secret-quote", f"Linux on {SECRET_HOST}"):
        assert words in own
        assert words not in public


def test_settings_leave_without_seed_and_paths(study: StudyPaths) -> None:
    minds = {"kind": "llm", "model": "openai/x", "prompt": "/srv/p.md"}
    raw = {"study": {"seed": 4712, "papers": ["/srv/a.pdf"]}, "problem": {"data": DATA}, "minds": minds}
    raw |= {"researcher": [{"minds": {"program": "/opt/own/agent"}}]}
    config = build_config(raw, source="test")
    events = list(read_events(study.database))
    state = State.of(events)
    assert all(
        word in Veil.of(study, state, events, public=False).settings(config) for word in ("4712", DATA, "/srv/p.md")
    )
    public = Veil.of(study, state, events, public=True).settings(config)
    assert not re.search(r"4712|/srv|/opt", public)
    assert 'model = "openai/x"' in public


def test_both_copies_lie_beside_each_other(study: StudyPaths) -> None:
    names = {build_report(study, public=public, form=form).name for public in (False, True) for form in ("html", "md")}
    assert names == {"report.html", "report-public.html", "report.md", "report-public.md"}


def test_markdown_of_the_report_holds_no_markup_of_researchers(study: StudyPaths) -> None:
    html = MarkdownIt("commonmark").enable("table").render(read(study, "md", public=False))
    assert "<script" not in html
    assert "<a " not in html
    assert html.count("<table>") >= 2
    assert "&lt;script&gt;alert(1)" in html


def test_words_of_others_cannot_leave_their_place_in_markdown() -> None:
    parser = MarkdownIt("commonmark").enable("table")
    evil = "a | b\n# c [x](http://y) <b> `d` ~~~\n```\n"
    assert parser.render(literal(evil)).count("<") == 2
    assert parser.render(fenced(f"x\n````\n{evil}")).startswith('<pre><code class="language-text">x\n````')
    assert parser.render(fenced(evil)).rstrip().endswith("</code></pre>")


def test_room_counts_text_as_it_will_stand_on_the_page() -> None:
    room = Room(10)
    assert room.take("<<<") is None, "12 bytes when it is escaped"
    assert room.take("1234567890") == "1234567890"
    assert room.take("x") is None


def test_a_report_names_what_it_has_no_room_for(study: StudyPaths, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("aarlab.report.cards.CODE", 200)
    monkeypatch.setattr("aarlab.report.cards.PROPOSALS", 200)
    html = read(study, "html", public=False)
    assert "The code is in the snapshot: this report has no more room." in html
    assert "The proposal is in the ledger: this report has no more room." in html
    assert "<summary><code>method.py</code></summary>" in html


def test_negative_results_and_the_abstract_count_what_the_board_shows(study: StudyPaths) -> None:
    html = read(study, "html", public=False)
    assert "1 methods got a dev answer and were never sent to verify; of 0 proposals nothing was scored." in html
    assert "froze 10 proposals and 10 methods, got 1 dev answers and sent 9 methods to verify" in html
    assert "1 disqualified." in html


def test_report_is_a_pure_function_of_the_study(study: StudyPaths, tmp_path: Path) -> None:
    first = read(study, "html", public=True)
    (tmp_path / "kept.html").write_text(first)
    assert read(study, "html", public=True) == first
