"""A person at work on the lab's records in a real browser: decides, posts, searches, compares, reads, checks."""

from collections.abc import Iterator
from typing import Any

import pytest

from aarlab.wire import FindingRequest
from tests.support.records import Records, records
from tests.support.web import Dashboard

playwright = pytest.importorskip("playwright.sync_api", reason="`make test-browser` installs playwright")
pytestmark = [pytest.mark.slow, pytest.mark.timeout(900)]
SECONDS = 60_000
"""Milliseconds that anything may take on a machine with much else to do."""
expect = playwright.expect
expect.set_options(timeout=SECONDS)


@pytest.fixture(scope="module")
def found(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Records]:
    with records(tmp_path_factory.mktemp("records") / "toy") as made:
        yield made


@pytest.fixture(scope="module")
def dashboard(found: Records) -> Iterator[Dashboard]:
    with Dashboard(found.paths.root.parent) as served:
        yield served


def visit(page: Any, dashboard: Dashboard, path: str) -> None:
    page.goto(f"{dashboard.base}/studies/toy/{path}")


def test_an_incident_is_decided(page: Any, dashboard: Dashboard, found: Records) -> None:
    visit(page, dashboard, "incidents")
    page.get_by_role("link", name=found.incident[:12]).click()
    expect(page.get_by_text("Look again.")).to_be_visible()
    page.get_by_role("button", name="Decide").click()  # nothing is filled in: the browser holds it back
    expect(page.locator("#facts .state")).to_have_text("appealed")
    page.get_by_label("valid: it ranks").check()
    page.get_by_label("Reason").fill("It only measures its own time.")
    page.get_by_label("Who decides").fill("grace")
    page.keyboard.press("Tab")
    page.keyboard.press("Enter")
    expect(page.locator("#facts")).to_contain_text("valid by grace: It only measures its own time.")
    page.get_by_role("link", name="Board").click()
    expect(page.locator("tr.struck")).to_have_count(0)
    expect(page.locator(f"tr[id='{found.rows[1]}'] td").first).to_have_text("2")


def test_a_post_is_written_heard_of_and_found(page: Any, dashboard: Dashboard, found: Records) -> None:
    visit(page, dashboard, "forum")
    page.get_by_text("Post something").click()
    page.get_by_label("Kind").last.select_option("hypothesis")
    page.get_by_label("Title").fill("Margins shrink late")
    page.get_by_label("Text (Markdown)").fill("Look at the **last** quarter.")
    page.get_by_role("button", name="Post as the operator").click()
    expect(page.locator("article").first).to_contain_text("hypothesis by operator")
    expect(page.locator("article strong").first).to_have_text("last")
    page.evaluate("window.here = true")
    mine = next(post.id for post in found.one.forum() if post.title == "Margins shrink late")
    found.other.finding(FindingRequest(kind="insight", title="They do", text="Seen it.", replies_to=mine))
    expect(page.locator("article").last).to_contain_text("They do")
    assert page.evaluate("window.here") is True
    page.get_by_role("link", name="Forum").click()
    page.get_by_label("Words").fill('shrink "last** quarter"')
    page.keyboard.press("Enter")
    expect(page.get_by_text("1 post has all of this.")).to_be_visible()
    page.get_by_role("link", name="Margins shrink late").click()
    expect(page.locator("article")).to_have_count(2)


def test_two_methods_are_compared(page: Any, dashboard: Dashboard, found: Records) -> None:
    visit(page, dashboard, "snapshots")
    page.get_by_role("link", name=f"snapshot {found.new[:8]} of r2").focus()
    page.keyboard.press("Enter")
    expect(page.get_by_role("heading", name="Snapshot")).to_contain_text(found.new[:10])
    expect(page.locator("tr.removed").first).to_contain_text("return b'0.5'")
    expect(page.locator("tr.added").first).to_contain_text("return b'0.497'")
    page.get_by_label("Against").fill(found.new[:9])
    page.keyboard.press("Enter")
    expect(page.locator("#same")).to_be_visible()


def test_a_transcript_is_read_as_it_grows(page: Any, dashboard: Dashboard, found: Records) -> None:
    visit(page, dashboard, "transcripts")
    page.locator("#transcripts").get_by_role("link", name="r1").click()
    call = page.locator("#talk summary", has_text="calls shell")
    expect(page.get_by_text("echo zebra")).to_be_hidden()
    call.focus()
    page.keyboard.press("Enter")
    expect(page.get_by_text("echo zebra")).to_be_visible()
    with (found.paths.transcripts / "r1.jsonl").open("a") as file:
        file.write('{"kind": "trouble", "words": "the provider is away"}\n')
    expect(page.locator("#talk")).to_contain_text("the call failed: the provider is away")
    expect(page.get_by_text("echo zebra")).to_be_visible()  # what was unfolded stays so


def test_the_ledger_is_checked(page: Any, dashboard: Dashboard, found: Records) -> None:
    visit(page, dashboard, "ledger")
    page.get_by_role("link", name="vote.cast").click()
    expect(page.locator("#entries tbody tr")).to_have_count(1)
    page.get_by_role("button", name="Check it now").click()
    expect(page.locator("#verdict")).to_contain_text(f"{len(found.lab.events())} entries, every entry fits")


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", [390, 1280])
def test_every_page_is_accessible(
    chromium: Any, dashboard: Dashboard, found: Records, axe: str, scheme: str, width: int
) -> None:
    context = chromium.new_context(viewport={"width": width, "height": 844}, color_scheme=scheme)
    context.set_default_timeout(SECONDS)
    page = context.new_page()
    page.goto(dashboard.url)
    faults = {}
    for path in pages(found):
        visit(page, dashboard, path)
        page.evaluate("for (const one of document.querySelectorAll('details')) one.open = true")
        page.evaluate(axe)
        seen = page.evaluate("axe.run()")["violations"]
        faults[path] = [(one["id"], [node["html"] for node in one["nodes"]]) for one in seen]
        if page.evaluate("document.documentElement.scrollWidth") > width:
            faults[path].append(("wider than the screen", []))
    assert {path: found for path, found in faults.items() if found} == {}
    context.close()


def pages(found: Records) -> list[str]:
    tabs = ["board", "forum", "snapshots", "submissions", "incidents", "transcripts", "ledger"]
    inner = [f"forum/{found.finding}", "forum?q=margin", f"snapshots/{found.new}", f"submissions/{found.rows[0]}"]
    return [*tabs, *inner, f"incidents/{found.incident}", "transcripts/r1"]
