"""What the pages of the dashboard show, and that what a researcher wrote does nothing there."""

import re
import shutil
from pathlib import Path

import httpx
import pytest

from aarlab.paths import StudyPaths

PAGES = ("", "/researchers", "/researchers/r1", "/settings")


@pytest.mark.parametrize("page", PAGES)
def test_text_of_researchers_is_data_on_every_page(web: httpx.Client, study: StudyPaths, page: str) -> None:
    answer = web.get(f"/studies/{study.root.name}{page}")
    assert answer.status_code == 200
    assert "<script>alert" not in answer.text
    assert "<img" not in answer.text
    assert 'href="javascript' not in answer.text
    assert not set(answer.text) & {"\x1b", "\x9b", "\u202e", "\x07", "\r"}


def test_the_list_has_the_study_and_its_best_row(web: httpx.Client) -> None:
    page = web.get("/studies").text
    row = re.search(r"<tr>\s*<th scope=\"row\"><a href=\"/studies/toy\">.*?</tr>", page, re.DOTALL)
    assert row is not None
    assert "+1.0" in row[0] or "+0.9" in row[0]


def test_the_overview_draws_what_was_verified_over_time_and_over_dollars(web: httpx.Client, study: StudyPaths) -> None:
    page = web.get(f"/studies/{study.root.name}").text
    assert page.count('<svg viewBox="0 0 720 320"') == 2
    assert page.count('<circle class="dot c1') == 4  # a dot and its entry in the legend, twice
    assert page.count('class="frontier"') == 2
    assert "ceiling" in page
    assert "dev answers" in page
    assert "1 of 36" in page


def test_a_study_that_cannot_be_read_hides_no_other(web: httpx.Client, root: Path) -> None:
    broken = root / "broken"
    broken.mkdir()
    try:
        (broken / "study.toml").write_text("")
        (broken / "lab.db").write_bytes(b"this is no ledger")
        page = web.get("/studies").text
        assert "unreadable" in page
        assert 'href="/studies/toy"' in page
        answer = web.get("/studies/broken")
        assert answer.status_code == 503
        assert "cannot be read" in answer.text
        with web.stream("GET", "/live") as stream:
            assert "broken:unreadable" in next(line for line in stream.iter_lines() if line.startswith("data: "))
    finally:
        shutil.rmtree(broken)


@pytest.mark.parametrize("page", PAGES[:3])
def test_where_nobody_is_at_work_nobody_is_said_to_run(web: httpx.Client, study: StudyPaths, page: str) -> None:
    text = web.get(f"/studies/{study.root.name}{page}").text
    assert '<span class="state at rest">at rest</span>' in text
    assert '<span class="state run">' not in text
