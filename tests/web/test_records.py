"""The pages of the lab's records over real HTTP: what they show, what they change, and what they keep to themselves."""

import html
import json
import re
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from aarlab.wire import FinalRequest
from tests.support.cli import inside
from tests.support.lab import until
from tests.support.records import Records, records
from tests.support.toy import HELD_OUT
from tests.support.web import Dashboard

TABS = ("board", "forum", "snapshots", "submissions", "incidents", "transcripts", "ledger")


@pytest.fixture(scope="module")
def root(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("records")


@pytest.fixture(scope="module")
def found(root: Path) -> Iterator[Records]:
    with records(root / "toy") as made:
        yield made


@pytest.fixture(scope="module")
def web(root: Path, found: Records) -> Iterator[httpx.Client]:
    assert found.paths.root.parent == root
    with Dashboard(root) as served, served.client() as client:
        yield client


def page(web: httpx.Client, path: str, *, status: int = 200) -> str:
    answer = web.get(f"/studies/toy/{path}")
    assert answer.status_code == status, answer.text
    return answer.text


def words(text: str) -> str:
    """What a reader sees, on one line."""
    main = text[text.index("<main") : text.index("</main>")]
    return " ".join(html.unescape(re.sub(r"<[^>]+>", "", main)).split())


def every(found: Records) -> list[str]:
    """One address of each page."""
    inner = (
        f"forum/{found.finding}",
        "forum?q=margin",
        f"snapshots/{found.new}",
        f"snapshots/{found.old}?against={found.new}",
        f"submissions/{found.rows[0]}",
        f"submissions/{found.rows[1]}",
        f"submissions/{found.asked}",
        f"incidents/{found.incident}",
        "transcripts/r1",
    )
    return [*TABS, *inner]


def test_text_of_researchers_is_data_on_every_page(web: httpx.Client, found: Records) -> None:
    for path in every(found):
        text = page(web, path)
        assert not re.search(r"<script>|<img|href=\"javascript|style=", text), path
        assert not set(text) & {"\x1b", "\x9b", "\u202e", "\x07", "\r"}, path
    assert "&lt;script&gt;alert(1)&lt;/script&gt;" in page(web, f"forum/{found.finding}")


def test_nothing_of_hidden_draws_is_on_any_page(web: httpx.Client, found: Records) -> None:
    bodies = [event.body for event in found.lab.events()]
    seeds = {str(seed) for body in bodies for seed in body.get("seeds", ())}
    assert len(seeds) >= 4
    for path in every(found):
        text = page(web, path)
        assert HELD_OUT not in text, path
        assert not seeds & set(re.findall(r"\d+", text)), path


def test_the_board_ranks_draws_and_strikes_out(web: httpx.Client, found: Records) -> None:
    text = page(web, "board")
    first, struck = (re.search(rf'<tr[^>]*id="{row}">.*?</tr>', text, re.DOTALL) for row in found.rows)
    assert first is not None
    assert struck is not None
    assert words(f"<main>{first[0]}</main>").startswith("1 threshold")
    assert 'class="struck"' in struck[0]
    assert "disqualified by ada (appealed): It reads the clock." in words(f"<main>{struck[0]}</main>")
    assert 'class="span method"' in first[0]
    assert "hollow" in struck[0]
    assert "hollow" not in first[0]
    assert "ceiling" in text
    assert "weak teacher" in text
    assert "Protocol “method”" in text


def test_the_board_has_the_final_set(web: httpx.Client, found: Records) -> None:
    assert "Final set" not in page(web, "board")
    with found.lab.operator() as operator:
        operator.name_finalists(FinalRequest(submissions=found.rows[:1]))
    assert f"1 finalists are named: {found.rows[0][:12]}" in words(page(web, "board"))
    assert "named as a finalist" in words(page(web, f"submissions/{found.rows[0]}"))


def test_the_forum_has_conversations(web: httpx.Client, found: Records) -> None:
    assert page(web, "forum").count("<li><a") == 1
    text = page(web, f"forum/{found.correction}")
    assert text.index(f'id="{found.finding}"') < text.index(f'id="{found.correction}"')
    seen = words(text)
    assert "result by r1, +1 votes" in seen
    assert "corrected by" in seen
    assert "votes: r2 +1" in seen
    assert f"makes use of {found.old[:10]}" in seen


@pytest.mark.parametrize(
    ("query", "posts"),
    [("q=HELPS+margin", 1), ("q=helps+absent", 0), ("kind=correction", 1), ("author=r1&kind=correction", 0), ("q=", 1)],
)
def test_the_forum_is_searched(web: httpx.Client, query: str, posts: int) -> None:
    assert page(web, f"forum?{query}").count("<li><a href") == posts


def test_the_operator_posts_and_is_refused_in_one_line(web: httpx.Client, found: Records) -> None:
    form = {"kind": "insight", "title": "Mind the split", "text": "It *is* small.", "answers": found.finding}
    answer = web.post("/studies/toy/forum", data=form)
    assert answer.status_code == 200
    assert "Your post is on the forum." in answer.text
    assert "insight by operator" in words(answer.text)
    assert "Mind the split" in {post.title for post in found.one.forum()}
    refused = web.post("/studies/toy/forum", data={"kind": "result", "title": "It works"})
    assert refused.status_code == 400
    assert "a result names the submission that shows it" in words(refused.text)
    assert 'value="It works"' in refused.text  # what was typed is not lost
    gossip = web.post("/studies/toy/forum", data={"kind": "gossip", "title": "x"})
    assert (gossip.status_code, "no such kind of post" in gossip.text) == (400, True)
    forged = web.post("/studies/toy/forum", data=form, headers={"origin": "http://evil.example"})
    assert forged.status_code == 403


def test_the_operator_posts_from_a_terminal(found: Records, tmp_path: Path) -> None:
    (tmp_path / "text.md").write_text("see the draws")
    answers = ("--answers", found.finding, "--study", found.paths.root)
    done = inside("post", "correction", "--title", "Not on the second draw", "--text", tmp_path / "text.md", *answers)
    assert (done.status, done.err) == (0, "")
    (made,) = [post for post in found.one.forum() if post.id == done.out.strip()]
    assert (made.author, made.corrects, made.text) == ("operator", found.finding, "see the draws")
    wrong = inside("post", "insigt", "--title", "x", "--study", found.paths.root)
    assert (wrong.status, "did you mean" in wrong.err) == (2, True), wrong.err
    refused = inside("post", "result", "--title", "x", "--study", found.paths.root)
    assert (refused.status, "names the submission" in refused.err) == (2, True), refused.err


def test_snapshots_have_files_lineage_and_differences(web: httpx.Client, found: Records) -> None:
    assert 'class="lineage"' in page(web, "snapshots")
    text = page(web, f"snapshots/{found.new}")
    seen = words(text)
    assert "builds on" in seen
    assert "method.py changed, 1 line more, 1 line fewer" in seen
    assert "notes.md removed" in seen
    assert re.search(r'<tr class="removed">.*?return b&#39;0.5&#39;', text, re.DOTALL)
    assert re.search(r'<tr class="added">.*?return b&#39;0.497&#39;', text, re.DOTALL)
    assert "notes.md added" in words(page(web, f"snapshots/{found.old}?against={found.new[:12]}"))
    assert "No file differs" in words(page(web, f"snapshots/{found.old}?against={found.old}"))
    assert "0 snapshots of toy have an id" in words(page(web, "snapshots/zz", status=400))


def test_submissions_tell_what_they_led_to(web: httpx.Client, found: Records) -> None:
    assert page(web, "submissions").count('<tr><th scope="row">') == 2  # and the one that is struck out
    assert found.asked[:12] in page(web, "submissions?door=dev")
    assert found.rows[0][:12] not in page(web, "submissions?door=dev")
    text = page(web, f"submissions/{found.rows[0]}")
    for link in (f"forum/{found.finding}", f"forum/{found.correction}", f"snapshots/{found.new}", found.asked):
        assert f"/studies/toy/{link}" in text or link in text
    assert "accuracy by seed" in words(text)
    assert f"/studies/toy/incidents/{found.incident}" in page(web, f"submissions/{found.rows[1]}")


def test_an_incident_is_decided_again(web: httpx.Client, found: Records) -> None:
    path = f"/studies/toy/incidents/{found.incident}"
    seen = words(web.get(path).text)
    for text in ("It looks at the clock.", "Reply of r2", "Appeal of r2", "Look again.", "return b'0.497'"):
        assert text in seen
    empty = web.post(f"{path}/decision", data={"decision": "valid", "reason": " ", "by": "bob"})
    assert (empty.status_code, "has a reason" in empty.text, 'value="bob"' in empty.text) == (400, True, True)
    decided = web.post(f"{path}/decision", data={"decision": "valid", "reason": "It does not.", "by": "bob"})
    assert "valid by bob: It does not." in words(decided.text)
    assert 'class="struck"' not in page(web, "board")
    row = {"decision": "listed apart", "reason": "Too close to the first.", "by": "bob"}
    apart = web.post(f"/studies/toy/submissions/{found.rows[1]}/decision", data=row)
    assert "listed apart by bob" in words(apart.text)
    assert "(1)" in words(page(web, "board"))
    again = web.post(f"/studies/toy/submissions/{found.rows[0]}/decision", data={**row, "decision": "valid"})
    assert "nothing holds it" in words(again.text)
    assert ">Too close to the first.</textarea>" in again.text


def test_a_transcript_grows_as_it_is_read(web: httpx.Client, found: Records) -> None:
    text = page(web, "transcripts/r1")
    assert re.search(r"<details id=\"[^\"]+\"><summary>calls shell", text)
    assert "echo zebra" in words(text)
    assert "Anthropic" not in page(web, "transcripts")
    path = found.paths.transcripts / "r1.jsonl"
    mark = re.search(r'data-mark="(\d+)"', text)
    assert mark is not None
    assert int(mark[1]) == path.stat().st_size
    with web.stream("GET", f"/studies/toy/transcripts/r1/live?known={mark[1]}") as stream:
        lines = stream.iter_lines()
        with path.open("ab") as file:
            file.write(json.dumps({"kind": "session ended"}).encode() + b"\n")
        assert next(line for line in lines if line.startswith("data:")) == f"data: {path.stat().st_size}"
    assert "session 1 has ended" in words(page(web, "transcripts/r1"))
    assert "r2" in words(page(web, "transcripts/r2", status=400))


def test_the_ledger_is_checked_now(web: httpx.Client, found: Records) -> None:
    text = page(web, "ledger?kind=vote.cast")
    assert len(re.findall(r'<tr id="e\d+">', text)) == 1
    count = len(found.lab.events())
    assert f"<dd>{count}</dd>" in text
    assert page(web, "ledger?before=4").count("<tr id=") == 3
    assert "every entry fits" in words(web.post("/studies/toy/ledger/check").text)
    assert web.get("/studies/toy/ledger/check").url.path == "/studies/toy/ledger"


def test_a_broken_ledger_is_said_to_be_broken(web: httpx.Client, root: Path, found: Records) -> None:
    copy = root / "copy"
    copy.mkdir()
    for name in ("study.toml", "lab.db", "lab.db-wal", "ledger.pub", "heads.jsonl"):
        if (found.paths.root / name).is_file():
            (copy / name).write_bytes((found.paths.root / name).read_bytes())
    lines = (copy / "heads.jsonl").read_text().splitlines()
    (copy / "heads.jsonl").write_text("\n".join([lines[0].replace('"seq":', '"seq":9'), *lines[1:]]) + "\n")
    assert "NOT what was published" in words(web.post("/studies/copy/ledger/check").text)


def test_a_page_hears_of_a_new_post(web: httpx.Client, found: Records) -> None:
    mark = re.search(r'data-mark="([^"]+)"', page(web, "forum"))
    assert mark is not None
    before = len(found.lab.events())
    with web.stream("GET", f"/studies/toy/live?known={mark[1]}") as stream:
        lines = stream.iter_lines()
        found.one.plan("another plan")
        until(lambda: len(found.lab.events()) > before)
        assert next(line for line in lines if line.startswith("data:")).startswith(f"data: {before + 1}-")


def test_a_study_that_has_not_begun_has_every_page(web: httpx.Client, root: Path, found: Records) -> None:
    new = root / "new"
    new.mkdir()
    (new / "study.toml").write_text(found.paths.config.read_text())
    for tab in TABS:
        assert web.get(f"/studies/new/{tab}").status_code == 200, tab
    assert web.post("/studies/new/forum", data={"kind": "insight", "title": "x"}).status_code == 400
