"""A whole study in a real browser: launched from the form, watched as it goes, steered, paused, stopped, resumed, read.

By keyboard alone where a person would use it, on a screen and on a phone, in light and dark, without a violation that
axe-core finds.
"""

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from aarlab.cli.study import read_state
from aarlab.fleet.study import open_study, running
from aarlab.paths import StudyPaths
from tests.support.lab import until
from tests.support.web import Dashboard

playwright = pytest.importorskip("playwright.sync_api", reason="`make test-browser` installs playwright")
pytestmark = [pytest.mark.slow, pytest.mark.timeout(900)]
MINUTES = "1"
SECONDS = 180_000
"""Milliseconds that anything may take on a machine with much else to do."""
expect = playwright.expect
expect.set_options(timeout=SECONDS)


@pytest.fixture(scope="module")
def root(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("studies")


@pytest.fixture(scope="module")
def dashboard(root: Path) -> Iterator[Dashboard]:
    with Dashboard(root) as served:
        yield served


@pytest.fixture(scope="module")
def study(page: Any, root: Path) -> StudyPaths:
    """Launched from the form, with the keyboard alone."""
    expect(page).to_have_title("Studies · aarlab")
    assert "token" not in page.url
    _tab_to(page, "New study")
    page.keyboard.press("Enter")
    page.wait_for_url("**/launch")
    for name, value in {"study.name": "lively", "study.researchers": "2", "budget.minutes": MINUTES}.items():
        _tab_to(page, name)
        page.keyboard.press("Control+A")
        page.keyboard.type(value)
    _tab_to(page, "Launch")
    page.keyboard.press("Enter")
    page.wait_for_url("**/studies/lively")
    expect(page.get_by_text("lively is being started.")).to_be_visible()
    return open_study(root / "lively")[0]


def test_a_study_is_watched_without_reloading(page: Any, study: StudyPaths) -> None:
    expect(page.locator("#begin .state, #standing .state").first).to_have_text("running")
    until(lambda: study.database.is_file() and bool(read_state(study).proposals), seconds=180)
    title = next(iter(read_state(study).proposals.values())).title
    expect(page.locator("#news")).to_contain_text(title[:40])
    page.evaluate("window.here = true")
    expect(page.locator("#lives li")).to_have_count(2)
    before = page.locator("#news li").first.inner_text()
    expect(page.locator("#news li").first).not_to_have_text(before)
    assert page.evaluate("window.here") is True


def test_a_researcher_is_steered_paused_and_let_go_on(page: Any, study: StudyPaths) -> None:
    page.get_by_role("link", name="r1", exact=True).click()
    page.get_by_label("Message to r1").fill("fewer, cleaner labels")
    page.keyboard.press("Tab")
    page.keyboard.press("Enter")
    expect(page.get_by_role("status").get_by_text("Your message to r1 is on record")).to_be_visible()
    expect(page.locator("#messages li")).to_have_text(["fewer, cleaner labels"])
    page.get_by_role("button", name="Pause").click()
    expect(page.locator("#facts .state")).to_have_text("pause")
    assert read_state(study).researchers["r1"].control == "pause"
    page.get_by_role("button", name="Let it go on").click()
    expect(page.locator("#facts .state")).to_have_text("run")
    assert read_state(study).researchers["r1"].messages == ("fewer, cleaner labels",)


def test_what_somebody_writes_survives_the_news(page: Any, study: StudyPaths) -> None:
    box = page.get_by_label("Message to r1")
    box.fill("not finished")
    before = read_state(study).seq
    until(lambda: read_state(study).seq > before, seconds=120)
    expect(page.locator("#news li").first).to_be_visible()
    assert box.input_value() == "not finished"
    assert page.evaluate("document.activeElement.id") == "text"


def test_it_is_stopped_and_resumed_and_ends(page: Any, study: StudyPaths) -> None:
    page.get_by_role("link", name="Overview").click()
    page.get_by_role("button", name="Stop").click()
    expect(page.locator("#standing .state")).to_have_text("stopped")
    until(lambda: running(study) is None, seconds=60)
    page.get_by_role("button", name="Resume", exact=True).click()
    expect(page.locator("#standing .state")).to_have_text("running")
    expect(page.locator("#standing .state")).to_have_text("finished", timeout=3 * SECONDS)
    assert read_state(study).sessions == 2
    expect(page.locator("#curves circle.dot").first).to_be_visible()


def test_the_report_is_made_and_opened(page: Any, study: StudyPaths) -> None:
    page.get_by_role("button", name="Make the report").click()
    page.wait_for_url("**/studies/lively/report")
    expect(page.get_by_role("heading", name="lively")).to_be_visible()
    assert study.report.is_file()
    page.go_back()


PAGES = ("/studies", "/launch", "/studies/lively", "/studies/lively/researchers", "/studies/lively/researchers/r1")


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", [390, 1280])
def test_every_page_is_accessible(
    chromium: Any, dashboard: Dashboard, study: StudyPaths, axe: str, scheme: str, width: int
) -> None:
    context = chromium.new_context(viewport={"width": width, "height": 844}, color_scheme=scheme)
    page = context.new_page()
    page.goto(dashboard.url)
    tabs = [link.get_attribute("href") for link in _visit(page, dashboard, f"/studies/{study.root.name}").all()]
    for path in dict.fromkeys((*PAGES, *tabs)):
        page.goto(f"{dashboard.base}{path}")
        page.evaluate(axe)
        found = page.evaluate("axe.run()")["violations"]
        assert [(one["id"], [node["html"] for node in one["nodes"]]) for one in found] == [], path
        assert page.evaluate("document.documentElement.scrollWidth") <= width, path
    context.close()


def _visit(page: Any, dashboard: Dashboard, path: str) -> Any:
    page.goto(f"{dashboard.base}{path}")
    return page.locator(".tabs a")


def _tab_to(page: Any, name: str) -> None:
    """Presses Tab until the focus is on a link or button of that text or a field of that name; it must be seen."""
    for _ in range(60):
        page.keyboard.press("Tab")
        found = page.evaluate("document.activeElement.name || document.activeElement.textContent.trim()")
        if found == name:
            outline = page.evaluate("getComputedStyle(document.activeElement).outlineWidth")
            assert re.fullmatch(r"[1-9]\d*(\.\d+)?px", outline), "the focus cannot be seen"
            return
    raise AssertionError(f"the keyboard does not reach {name}")
