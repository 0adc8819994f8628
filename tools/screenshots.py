"""Photographs the dashboard and the report of a study into docs/images.

python tools/screenshots.py [--minutes 2] [--study FOLDER] [--chromium PROGRAM]   (make screenshots)

A study is run for this, as `aarlab run` does it, and photographed when it has ended; or one is named that has.
"""

import argparse
import io
import json
import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from PIL import Image
from playwright.sync_api import sync_playwright

IMAGES = Path(__file__).resolve().parents[1] / "docs" / "images"
AARLAB = (sys.executable, "-m", "aarlab.cli.main")
NAME = "weak-to-strong"
COLOURS = 128
"""Enough for text and lines, and a file of a tenth of the size."""
MILLISECONDS = 180_000
"""For a report to be made."""
PAGES = ("Overview", "Researchers", "Board", "Forum")
"""Tabs of a study that the docs show."""
DESK, PHONE = {"width": 1180, "height": 820}, {"width": 390, "height": 780}


def main() -> None:
    """Runs, serves and photographs."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--minutes", type=float, default=2.0, help="of the study")
    parser.add_argument("--study", type=Path, help="folder of a study that has ended")
    parser.add_argument("--chromium", default=shutil.which("chromium") or "")
    options = parser.parse_args()
    IMAGES.mkdir(exist_ok=True)
    with tempfile.TemporaryDirectory() as folder:
        study = options.study or run(Path(folder), minutes=options.minutes)
        with served(study.absolute().parent) as url, sync_playwright() as driver:
            browser = driver.chromium.launch(executable_path=options.chromium, args=["--no-sandbox"])
            photograph(browser, url, study=study.name)
            browser.close()


def run(root: Path, *, minutes: float) -> Path:
    """A study with a fixed seed; its folder."""
    sets = ("--set", f"budget.minutes={minutes}", "--set", "study.seed=1")
    own = os.environ | {"AARLAB_STUDIES": str(root)}
    subprocess.run([*AARLAB, "run", "--name", NAME, *sets], env=own, check=True, stdout=subprocess.DEVNULL)
    return root / NAME


@contextmanager
def served(root: Path) -> Iterator[str]:
    """The address of a dashboard of these studies, with its token."""
    command = [*AARLAB, "serve", "--json", "--no-browser", "--port", "0", "--root", str(root)]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
    assert process.stdout is not None
    told = ""
    while not told.endswith("}\n"):
        told += process.stdout.readline()
    try:
        yield json.loads(told)["url"]
    finally:
        process.terminate()
        process.wait(30)


def photograph(browser: Any, url: str, *, study: str) -> None:
    """Pages of the study in light, the overview in dark on a phone, and the report."""
    base = url.partition("/?")[0]
    page = browser.new_page(viewport=DESK)
    page.set_default_timeout(MILLISECONDS)
    page.goto(url)
    page.goto(f"{base}/studies/{study}")
    tabs = {link.inner_text(): link.get_attribute("href") for link in page.locator(".tabs a").all()}
    for title in PAGES:
        page.goto(f"{base}{tabs[title]}")
        keep(page.screenshot(), f"dashboard-{title.lower()}")
    page.goto(f"{base}/studies/{study}")
    page.get_by_role("button", name="Make the report").click()
    page.wait_for_url("**/report")
    keep(page.screenshot(), "report")
    phone = browser.new_page(viewport=PHONE, color_scheme="dark")
    phone.goto(url)
    phone.goto(f"{base}/studies/{study}")
    keep(phone.screenshot(), "dashboard-phone")


def keep(picture: bytes, name: str) -> None:
    """Writes docs/images/NAME.png with few colours."""
    few = Image.open(io.BytesIO(picture)).convert("RGB").quantize(COLOURS)
    few.save(IMAGES / f"{name}.png", optimize=True)
    print(f"docs/images/{name}.png")


if __name__ == "__main__":
    main()
