"""Launching from the dashboard, and what it says when that cannot be; and the operator's word to a researcher."""

import html
import re
import time
import tomllib
from pathlib import Path

import httpx
import pytest

from aarlab.cli.study import read_state
from aarlab.fleet.study import open_study
from aarlab.paths import StudyPaths
from aarlab.studyfile import build_config
from tests.support.lab import SETTINGS

DEADLINE = 60.0


def error(answer: httpx.Response) -> str:
    """The one line of a refusal."""
    assert answer.status_code == 400
    found = re.findall(r'role="alert">(.*?)</p>', answer.text, re.DOTALL)
    assert len(found) == 1
    assert "\n" not in found[0]
    return str(found[0])


def test_the_form_has_the_defaults_and_what_each_setting_is_for(web: httpx.Client) -> None:
    page = web.get("/launch").text
    assert 'name="budget.minutes" value="3"' in page
    assert "Working time of the fleet; time while stopped does not count." in page
    assert re.search(r"<option selected>\s*search", page) or "<option selected>search" in page


@pytest.mark.parametrize(
    ("field", "value", "words"),
    [
        ("budget.minutes", "soon", "budget.minutes"),
        ("study.researchers", "0", "1 to 128"),
        ("study.name", "../x", "study.name"),
        ("minds.kind", "llm", "minds.model"),
    ],
)
def test_a_bad_form_is_refused_in_one_line_and_nothing_is_lost(
    web: httpx.Client, root: Path, field: str, value: str, words: str
) -> None:
    before = sorted(root.iterdir())
    answer = web.post("/launch/form", data={"study.name": "mine", field: value})
    assert words in error(answer)
    assert f'value="{value}"' in answer.text or f"<option selected>{value}" in answer.text
    assert sorted(root.iterdir()) == before


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("", "is empty"),
        ("[study", "is not valid TOML"),
        ("[budget]\nminuts = 3\n", "minutes"),
        ("[study]\nname = '<script>alert(1)</script>'\n", "study.name"),
    ],
)
def test_a_bad_study_file_is_refused_in_one_line(web: httpx.Client, root: Path, text: str, words: str) -> None:
    before = sorted(root.iterdir())
    for answer in (
        web.post("/launch/file", data={"text": text}),
        web.post("/launch/file", files={"file": ("mine.toml", text.encode() or b" ")}),
    ):
        assert words in error(answer)
        assert "<script>alert" not in answer.text
    assert sorted(root.iterdir()) == before


def test_a_file_that_is_no_text_is_refused(web: httpx.Client) -> None:
    answer = web.post("/launch/file", files={"file": ("mine.toml", b"\xff\xfe\x00")})
    assert "mine.toml: is not UTF-8 text" in error(answer)


def test_a_study_that_cannot_start_says_why_on_its_page(web: httpx.Client, root: Path) -> None:
    text = "[study]\nname = 'nodata'\n[problem]\ndata = 'nothing-here'\n"
    answer = web.post("/launch/file", data={"text": text})
    assert answer.url.path == "/studies/nodata"
    assert "nodata is being started" in answer.text
    until = time.monotonic() + DEADLINE
    while "nothing-here" not in (page := web.get("/studies/nodata").text):
        assert time.monotonic() < until, page
    assert 'class="error"' in page
    assert open_study(root / "nodata")[1].study.name == "nodata"


def test_a_study_like_another_begins_with_its_settings(web: httpx.Client, study: StudyPaths) -> None:
    page = web.get("/launch?like=toy").text
    assert SETTINGS["problem"]["kind"] in page
    shown = re.search(r'aria-label="Study file">(.*?)</pre>', web.get("/studies/toy/settings").text, re.DOTALL)
    assert shown is not None
    assert build_config(tomllib.loads(html.unescape(shown[1])), source="page") == open_study(study.root)[1]


def test_the_operators_word_to_a_researcher_is_on_record(web: httpx.Client, study: StudyPaths) -> None:
    answer = web.post("/studies/toy/researchers/r2/steer", data={"text": "fewer, cleaner labels"})
    assert answer.status_code == 200
    assert "Your message to r2 is on record; nobody is at work on the study" in answer.text
    assert read_state(study).researchers["r2"].messages == ("fewer, cleaner labels",)
    assert "<li>fewer, cleaner labels</li>" in answer.text
    assert "Your message" not in web.get(answer.url).text


@pytest.mark.parametrize("path", ["researchers/nobody/pause", "researchers/r1/dance", "researchers/r1/steer"])
def test_what_cannot_be_told_is_one_line(web: httpx.Client, study: StudyPaths, path: str) -> None:
    before = read_state(study).seq
    answer = web.post(f"/studies/toy/{path}")
    error(answer)
    assert read_state(study).seq == before
