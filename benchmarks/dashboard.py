"""The dashboard with 100 researchers and 1,000 findings: seconds of each page, its first paint, and of a live update.

PYTHONPATH=. python benchmarks/dashboard.py [--researchers 100] [--findings 1000] [--verified 20] [--chromium PROGRAM]

The study is made through the doors of a real lab server (the toy problem). With Chromium and playwright (`make
test-browser` installs both) the paint and the update are measured in a browser, else by a client that reads the page.
"""

import argparse
import shutil
import statistics
import time
from importlib.util import find_spec
from typing import Any

import httpx
from server import KINDS, server

from aarlab.api.client import Door, Operator
from aarlab.paths import StudyPaths
from aarlab.wire import FindingRequest, ProposalRequest, ResearcherRequest, SnapshotRequest, VerifyRequest
from tests.support.web import Dashboard

RECORDS = ("/board", "/forum", "/forum?q=finding+10", "/snapshots", "/submissions", "/incidents", "/ledger")
PAGES = ("", "/researchers", "/researchers/r1", *RECORDS, "/settings")
REPEATS = 5
DEADLINE = 30.0


def fill(paths: StudyPaths, *, researchers: int, findings: int, verified: int) -> None:
    """Admits everybody, has methods verified and findings posted."""
    with Operator(paths.operator_socket) as operator:
        for number in range(1, researchers + 1):
            operator.admit(ResearcherRequest(name=f"r{number}", mind="search", direction=f"direction {number}"))
    doors = [Door(paths.socket_folder(f"r{number}") / "lab.sock") for number in range(1, researchers + 1)]
    for number in range(verified):
        prove(doors[number % researchers], number)
    for number in range(findings):
        text = f"# Finding {number}\n\n" + "What was tried, and what came of it. " * 10
        doors[number % researchers].finding(FindingRequest(kind="insight", title=f"finding {number}", text=text))
    for door in doors:
        door.close()


def prove(door: Door, number: int) -> None:
    """Has another method verified."""
    code = f"def train(data, seed):\n    return b'{0.3 + number / 200}'\n"
    plan = door.propose(ProposalRequest(title=f"threshold {number}", text="because"))
    frozen = door.snapshot(SnapshotRequest(files={"method.py": code}, message="a method"))
    seen = door.verify(VerifyRequest(proposal=plan, snapshot=frozen), wait=120)
    assert seen.status == "ok", seen


def pages(client: httpx.Client, study: str) -> dict[str, float]:
    """Seconds of each page: the first time it is asked for, then the median."""
    took: dict[str, float] = {}
    for page in PAGES:
        seconds = []
        for _ in range(REPEATS):
            began = time.perf_counter()
            client.get(f"{study}{page}").raise_for_status()
            seconds.append(time.perf_counter() - began)
        took[f"{page or '/'} for the first time"] = seconds[0]
        took[page or "/"] = statistics.median(seconds)
    return took


def in_browser(chromium: str, url: str, study: str, door: Door) -> dict[str, float]:
    """First paint of each page, and seconds from a post to its line on the overview."""
    from playwright.sync_api import sync_playwright

    took: dict[str, float] = {}
    with sync_playwright() as driver:
        browser = driver.chromium.launch(executable_path=chromium, args=["--no-sandbox"])
        page = browser.new_page()
        page.goto(url)
        for path in PAGES:
            page.goto(f"{url.partition('/?')[0]}{study}{path}")
            took[f"first paint of {path or '/'}"] = answer(page, PAINT) / 1000
        page.goto(f"{url.partition('/?')[0]}{study}")
        took["live update of the overview"] = statistics.median(live(page, door, number) for number in range(REPEATS))
        browser.close()
    return took


PAINT = "performance.getEntriesByName('first-contentful-paint').map((one) => one.startTime)[0]"
OBSERVE = """(words) => {
  window.seen = null;
  const look = () => { if (document.getElementById("main").textContent.includes(words)) window.seen ??= Date.now(); };
  new MutationObserver(look).observe(document.getElementById("main"), { childList: true, subtree: true });
}"""


def live(page: Any, door: Door, number: int) -> float:
    """Seconds from the moment at which a new post is in the ledger until it is on the page, by the page's own clock."""
    page.evaluate(OBSERVE, f"brand new {number}")
    door.finding(FindingRequest(kind="insight", title=f"brand new {number}", text="now"))
    posted = time.time()
    return max(0.0, answer(page, "window.seen") / 1000 - posted)


def answer(page: Any, question: str) -> float:
    """What the page says when it has something to say; its policy forbids to wait for that inside of it."""
    deadline = time.monotonic() + DEADLINE
    while (said := page.evaluate(question)) is None:
        if time.monotonic() > deadline:
            raise SystemExit(f"the page does not come so far: {question}")
        time.sleep(0.05)
    return float(said)


def show(took: dict[str, float]) -> None:
    """A line each."""
    for what, seconds in took.items():
        print(f"{what:44}{seconds * 1000:8.0f} ms", flush=True)


def main() -> None:
    """Prints the table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--researchers", type=int, default=100)
    parser.add_argument("--findings", type=int, default=1000)
    parser.add_argument("--verified", type=int, default=20)
    parser.add_argument("--chromium", default=shutil.which("chromium") or "")
    options = parser.parse_args()
    with server(KINDS["toy"]) as paths:
        fill(paths, researchers=options.researchers, findings=options.findings, verified=options.verified)
        with Dashboard(paths.root.parent) as served, served.client() as client:
            study = f"/studies/{paths.root.name}"
            show(pages(client, served.base + study))
            if options.chromium and find_spec("playwright"):
                with Door(paths.socket_folder("r1") / "lab.sock") as door:
                    show(in_browser(options.chromium, served.url, study, door))


if __name__ == "__main__":
    main()
