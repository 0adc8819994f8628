"""Who the dashboard answers to: the token, then the cookie; its own host name, and its own pages."""

from collections.abc import Iterator
from urllib.parse import parse_qs, urlsplit

import httpx
import pytest

from tests.support.web import Dashboard


@pytest.fixture
def stranger(dashboard: Dashboard) -> Iterator[httpx.Client]:
    with dashboard.client(login=False) as client:
        yield client


@pytest.mark.parametrize("path", ["/", "/studies", "/studies/toy", "/static/app.js", "/live", "/none"])
def test_nothing_is_shown_without_the_token(stranger: httpx.Client, path: str) -> None:
    for address in (path, f"{path}?token=wrong", f"{path}?token=\u00e9"):
        answer = stranger.get(address)
        assert (answer.status_code, answer.text.count("\n")) == (401, 0)
        assert "set-cookie" not in answer.headers
    assert stranger.get(path, headers={"cookie": "aarlab-1=x"}).status_code == 401


def test_the_token_becomes_a_cookie_and_leaves_the_address(dashboard: Dashboard, stranger: httpx.Client) -> None:
    answer = stranger.get(dashboard.url, follow_redirects=False)
    assert (answer.status_code, answer.headers["location"]) == (303, "/")
    cookie = answer.headers["set-cookie"].lower()
    assert "httponly" in cookie
    assert "samesite=strict" in cookie
    assert parse_qs(urlsplit(dashboard.url).query)["token"][0] not in answer.headers["set-cookie"]
    assert stranger.get("/studies").status_code == 200


def test_a_token_leads_nowhere_else(dashboard: Dashboard, stranger: httpx.Client) -> None:
    token = urlsplit(dashboard.url).query
    answer = stranger.get(httpx.URL(f"{dashboard.base}//evil.example/?{token}"), follow_redirects=False)
    assert answer.headers["location"] == "/evil.example/"


@pytest.mark.parametrize("host", ["evil.example", "127.0.0.1.evil.example:80", "", "[::1]:8642"])
def test_another_host_name_is_refused(web: httpx.Client, host: str) -> None:
    assert web.get("/studies", headers={"host": host}).status_code == 421


@pytest.mark.parametrize("origin", ["http://evil.example", "null", "https://127.0.0.1", "http://127.0.0.1:1"])
def test_a_form_of_another_page_changes_nothing(web: httpx.Client, origin: str) -> None:
    answer = web.post("/studies/toy/stop", headers={"origin": origin})
    assert answer.status_code == 403


def test_a_browser_that_says_nothing_of_where_a_form_is_from_is_refused(web: httpx.Client) -> None:
    del web.headers["origin"]
    assert web.post("/studies/toy/stop").status_code == 403
    assert web.post("/studies/toy/stop", headers={"sec-fetch-site": "cross-site"}).status_code == 403
    assert web.post("/studies/toy/stop", headers={"sec-fetch-site": "same-origin"}).status_code == 200


def test_no_link_changes_anything(web: httpx.Client) -> None:
    for path in ("stop", "resume", "pause", "go-on", "researchers/r1/pause", "researchers/r1/steer"):
        assert web.get(f"/studies/toy/{path}").status_code in (404, 405)


def test_pages_load_nothing_from_elsewhere(web: httpx.Client) -> None:
    for path in ("/studies", "/studies/toy", "/launch", "/none"):
        headers = web.get(path).headers
        assert headers["content-security-policy"].startswith("default-src 'self'; ")
        assert "unsafe" not in headers["content-security-policy"]
        assert headers["x-content-type-options"] == "nosniff"
        assert headers["referrer-policy"] == "same-origin"


@pytest.mark.parametrize("name", ["..", "none", "%2e%2e", "..%2f..%2fetc", ".serve-token"])
def test_a_study_that_is_none_is_one_line(web: httpx.Client, name: str) -> None:
    answer = web.get(f"/studies/{name}/settings")
    assert answer.status_code in (400, 404)
    assert "Traceback" not in answer.text


def test_a_form_that_is_too_large_is_refused(web: httpx.Client) -> None:
    answer = web.post("/launch/file", data={"text": "x" * (2**20 + 1)})
    assert answer.status_code == 413
