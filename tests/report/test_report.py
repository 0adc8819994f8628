"""The report: complete, self-contained, and safe to open although researchers wrote parts of it."""

import json
import re
import time
from html.parser import HTMLParser
from pathlib import Path

import pytest

from aarlab.lab.board import board
from aarlab.lab.sqlite_store import SqliteStore, read_events
from aarlab.lab.state import State
from aarlab.lab.store import Draft
from aarlab.paths import StudyPaths
from aarlab.report.build import build_report
from aarlab.report.markdown import render_markdown
from aarlab.report.outcomes import outcome
from aarlab.report.study import TABLES, read_study
from tests.support.cli import aarlab, closed_study, inside
from tests.support.lab import LabProcess
from tests.support.toy import HELD_OUT

VOID = {"meta", "img", "br", "hr", "input", "link"}
SECTIONS = ["headline", "board", "time", "negative", "diversity", "findings", "incidents", "cards"]
SECTIONS += ["costs", "limits", "ledger", "settings"]


class Page(HTMLParser):
    """What a browser would see: elements, attributes, and whether the tags nest."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.tags: list[str] = []
        self.attributes: list[tuple[str, str, str | None]] = []
        self.open: list[str] = []
        self.feed(html)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        self.attributes += [(tag, name, value) for name, value in attrs]
        if tag not in VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        self.attributes += [(tag, name, value) for name, value in attrs]

    def handle_endtag(self, tag: str) -> None:
        assert self.open, f"</{tag}> closes nothing"
        assert self.open[-1] == tag, f"</{tag}> closes <{self.open[-1]}>"
        self.open.pop()


@pytest.fixture(scope="module")
def study(tmp_path_factory: pytest.TempPathFactory) -> StudyPaths:
    return closed_study(tmp_path_factory.mktemp("studies") / "toy")


@pytest.fixture(scope="module")
def html(study: StudyPaths) -> str:
    begin = time.monotonic()
    path = build_report(study)
    assert time.monotonic() - begin < 10
    assert path == study.report
    assert path.stat().st_size < 10_000_000
    return path.read_text()


def test_has_every_section_with_a_heading(html: str) -> None:
    page = Page(html)
    assert page.open == []
    ids = [value for tag, name, value in page.attributes if tag == "h2" and name == "id"]
    assert ids == SECTIONS
    assert page.tags.count("svg") == 3
    labels = [value for tag, name, value in page.attributes if tag == "figure" and name == "aria-label"]
    assert len(labels) == 3
    assert all(labels)


def test_says_what_was_found(html: str, study: StudyPaths) -> None:
    state = State.of(read_events(study.database))
    assert state.head in html
    assert all(record.id in html for record in state.snapshots.values())
    for word in ("weak teacher", "ceiling", "verified PGR", "aarlab ledger verify", "researchers = "):
        assert word in html


def test_text_of_researchers_can_do_nothing(html: str) -> None:
    page = Page(html)
    assert not {"script", "img", "iframe", "object", "embed", "form", "link"} & set(page.tags)
    assert not [name for _, name, _ in page.attributes if name.startswith("on")]
    assert all(
        value and value.startswith("#v-") for tag, name, value in page.attributes if (tag, name) == ("a", "href")
    )
    assert "&lt;script&gt;alert(1)&lt;/script&gt;" in html
    assert "javascript:" not in "".join(value or "" for _, _, value in page.attributes)


def test_loads_nothing_from_outside(html: str) -> None:
    page = Page(html)
    loading = [
        value or "" for _, name, value in page.attributes if name in ("src", "href", "xlink:href", "data", "action")
    ]
    assert all(value.startswith("#") for value in loading)
    assert not re.search(r"url\((?!#)|@import", html)
    assert ("meta", "content", "default-src 'none'; style-src 'unsafe-inline'") in page.attributes


def test_is_readable_on_a_phone_and_in_the_dark(html: str) -> None:
    assert 'name="viewport" content="width=device-width' in html
    assert "prefers-color-scheme: dark" in html
    assert "currentColor" in html


def test_tables_for_notebooks_hold_no_seeds_of_draws_and_nothing_hidden(study: StudyPaths) -> None:
    tables = read_study(study.root)
    shown = " ".join(str(row) for name in TABLES for row in tables.rows(name))
    seeds = [seed for event in read_events(study.database) for seed in event.body.get("seeds", ())]
    assert seeds
    assert not [seed for seed in seeds if str(seed) in shown]
    assert HELD_OUT not in shown


def test_command_prints_the_path(study: StudyPaths) -> None:
    done = aarlab("report", "--study", study.root, cwd=study.root)
    assert (done.status, done.err) == (0, "")
    assert done.out.strip() == str(study.report)


def test_a_study_without_any_value_has_a_report(tmp_path: Path) -> None:
    lab = LabProcess(tmp_path / "toy", {"problem": {"refuse": True}}).start()
    with lab.admit("r1") as one:
        assert one.prove().refusal == "the gap is not above zero"
    lab.stop()
    html = build_report(lab.paths).read_text()
    assert Page(html).open == []
    assert "no method has ranked" in html
    assert "the gap is not above zero" in html


def test_a_study_that_has_just_begun_has_a_report(study: StudyPaths, tmp_path: Path) -> None:
    """Nothing but its first entry: no marks, no chart."""
    paths = StudyPaths(tmp_path)
    store = SqliteStore(paths.database)
    first = next(read_events(study.database))
    store.append([Draft(first.kind, first.actor, first.body, first.meta)])
    store.close()
    page = Page(build_report(paths).read_text())
    assert page.open == []
    assert "svg" not in page.tags


@pytest.mark.parametrize(
    ("text", "absent"),
    [
        ("[x](http://example.org)", "<a"),
        ("![x](http://example.org/x.png)", "<img"),
        ("<http://example.org>", "<a"),
        ("<b onclick=x>", "<b"),
        ("[x]: http://example.org\n\n[x]", "<a"),
        ("# Board", "<h1"),
    ],
)
def test_markdown_is_without_links_images_and_html(text: str, absent: str) -> None:
    assert absent not in render_markdown(text)


def test_markdown_keeps_what_is_harmless() -> None:
    assert render_markdown("**a** `b`\n\n- c") == "<p><strong>a</strong> <code>b</code></p>\n<ul>\n<li>c</li>\n</ul>\n"


def test_diversity_and_outcome_are_those_of_the_ledger(study: StudyPaths) -> None:
    found = outcome(list(read_events(study.database)))
    row = next(row for row in board(State.of(read_events(study.database))).rows if row.rank == 1)
    assert (found.best, [step.low for step in found.steps]) == (row.value, [row.low])
    assert (found.entropy, found.finished, found.abroad) == (None, False, {})
    assert "it takes two arms to compare, and 0 have finished" in inside("compare", study.root, study.root).err
    shown = json.loads(inside("diversity", "--study", study.root, "--json").out)
    assert (shown["researchers"], shown["again"]["repeated"], shown["borrowed"]) == (1, 0, 0)
    (method,) = shown["methods"]
    assert (method["family"], method["complexity"]["lines"], method["parents"]) == ("other", 2, [])
    assert "1 families by 1 researchers in 1 methods." in inside("diversity", "--study", study.root).out
