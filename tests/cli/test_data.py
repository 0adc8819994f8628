"""aarlab data: the command, the Hub (a server here that speaks as it does), and a build that is cut off."""

import gzip
import hashlib
import json
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from tests.support.cli import aarlab, inside
from tests.w2s.datasets import made

COMMIT = "0123456789" * 4


@pytest.fixture
def sources(tmp_path: Path) -> list[str]:
    """Options for a build of chat."""
    (tmp_path / "rm.json").write_text(json.dumps(made.rm_bench(60)))
    found = {
        "helpsteer2": made.lines(tmp_path / "train.jsonl.gz", made.helpsteer2(500)),
        "rm-bench": tmp_path / "rm.json",
    }
    return ["--only-named", *(part for name, path in found.items() for part in ("--source", f"{name}={path}"))]


def test_build_then_audit(sources: list[str], tmp_path: Path) -> None:
    done = inside("data", "build", "chat", "--to", tmp_path / "chat", *sources)
    assert (done.status, done.err) == (0, "")
    assert "helpsteer2  tie" in done.out
    assert f"aarlab data audit {tmp_path / 'chat'}" in done.out
    again = inside("data", "build", "chat", "--to", tmp_path / "chat", *sources, "--json")
    assert json.loads(again.out) == json.loads((tmp_path / "chat" / "build.json").read_text())
    other = inside("data", "build", "chat", "--to", tmp_path / "chat", *sources, "--seed", "1")
    assert (other.status, other.err.count("\n")) == (2, 1)
    shown = inside("data", "audit", tmp_path / "chat")
    assert shown.status == 0
    assert "warning: length alone (more is right) is right on" not in shown.out
    data = json.loads(inside("data", "audit", tmp_path / "chat", "--json").out)
    assert data["items"]["test"] == 180
    assert {"rate", "low", "high", "verdict"} <= set(data["rates"][0])


def test_bad_options_are_one_line(sources: list[str], tmp_path: Path) -> None:
    for options in (
        ["--source", "helpsteer2"],
        [*sources, *sources],
        [*sources, "--held-in", "0.9"],
        ["--source", "rm-bench=THU-KEG/RM-Bench"],
    ):
        done = inside("data", "build", "chat", "--to", tmp_path / "out", *options)
        assert (done.status, done.err.count("\n"), (tmp_path / "out").exists()) == (2, 1, False), options


def test_sources_name_licences_and_commits() -> None:
    rows = json.loads(inside("data", "sources", "--json").out)
    pinned = {row["source"]: row["revision"] for row in rows}
    assert all(len(commit) == 40 for commit in pinned.values() if commit)
    assert pinned["rm-bench"] is None
    assert {row["licence"] for row in rows if row["domain"] == "chat"} == {"CC-BY-4.0", "ODC-BY"}


# ---- the Hub ------------------------------------------------------------------------------------------------


@pytest.fixture
def hub() -> Iterator[str]:
    """A server that has one file of nvidia/HelpSteer3 at one commit."""
    content = gzip.compress("".join(json.dumps(row) + "\n" for row in made.helpsteer3(500)).encode())

    class Hub(BaseHTTPRequestHandler):
        def do_HEAD(self) -> None:
            self._answer()

        def do_GET(self) -> None:
            if self._answer():
                self.wfile.write(content)

        def _answer(self) -> bool:
            known = self.path == f"/datasets/nvidia/HelpSteer3/resolve/{COMMIT}/preference/train.jsonl.gz"
            self.send_response(200 if known else 404)
            if known:
                self.send_header("X-Repo-Commit", COMMIT)
                self.send_header("ETag", f'"{hashlib.sha256(content).hexdigest()}"')
            else:
                self.send_header("X-Error-Code", "EntryNotFound")
            self.send_header("Content-Length", str(len(content)) if known else "0")
            self.end_headers()
            return known

        def log_message(self, *_arguments: object) -> None:
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), Hub) as server:
        thread = threading.Thread(target=server.serve_forever, daemon=True)
        thread.start()
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()
        thread.join(timeout=10)


def test_files_of_the_hub_are_read_at_their_commit(hub: str, sources: list[str], tmp_path: Path) -> None:
    options = ["--source", f"helpsteer3=nvidia/HelpSteer3@{COMMIT}", "--only-named", *sources[3:]]
    where = {"HF_ENDPOINT": hub, "HF_HOME": str(tmp_path / "hf"), "HF_HUB_DISABLE_TELEMETRY": "1"}
    lost = aarlab("data", "build", "chat", "--to", "lost", *sources[3:], cwd=tmp_path, **where)
    assert (lost.status, lost.err.count("\n")) == (2, 1), lost.err
    assert "nvidia/HelpSteer2@990b2711: there is no file train.jsonl.gz" in lost.err
    done = aarlab("data", "build", "chat", "--to", "out", *options, "--json", cwd=tmp_path, **where)
    assert (done.status, done.err) == (0, ""), done.err
    facts = json.loads(done.out)["sources"]["helpsteer3"]
    assert (facts["hub"], facts["revision"], facts["licence"]) == ("nvidia/HelpSteer3", COMMIT, "CC-BY-4.0")
    assert [one["name"] for one in facts["files"]] == ["train.jsonl.gz"]
