"""A real Chromium: `make test-browser` installs it, playwright and axe-core; without them nothing here runs."""

import os
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.support.web import Dashboard

ROOT = Path(__file__).resolve().parents[2]
AXE = Path(os.environ.get("AXE_CORE", ROOT / ".venv" / "npm" / "node_modules" / "axe-core")) / "axe.min.js"
PATIENCE = 60_000
"""Milliseconds that a page may take to do what it is told."""
CHROMIUM = os.environ.get("CHROMIUM") or shutil.which("chromium") or shutil.which("chromium-browser") or ""


@pytest.fixture(scope="session")
def chromium() -> Iterator[Any]:
    from playwright.sync_api import sync_playwright

    if not CHROMIUM:
        pytest.skip("`make test-browser` installs Chromium")
    with sync_playwright() as driver:
        browser = driver.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"])
        yield browser
        browser.close()


@pytest.fixture(scope="session")
def axe() -> str:
    """The source of axe-core, which finds what is not accessible."""
    if not AXE.is_file():
        pytest.skip("`make test-browser` installs axe-core")
    return AXE.read_text()


@pytest.fixture(scope="module")
def page(chromium: Any, dashboard: Dashboard) -> Iterator[Any]:
    """A desktop; nothing may go wrong in its console, no dialog may open, no other machine may be asked."""
    context = chromium.new_context(viewport={"width": 1280, "height": 900})
    context.set_default_timeout(PATIENCE)
    faults: list[str] = []
    opened = context.new_page()
    opened.on("console", lambda message: faults.append(message.text) if message.type == "error" else None)
    opened.on("pageerror", lambda error: faults.append(str(error)))
    opened.on("dialog", lambda dialog: faults.append(dialog.message))
    opened.on("request", lambda request: faults.append(request.url) if dashboard.base not in request.url else None)
    opened.goto(dashboard.url)
    yield opened
    assert faults == []
    context.close()
