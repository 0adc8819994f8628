"""Replay of a verified row from a study's folder: equal to the last digit, or a plain word on what is not."""

import json
import subprocess
from pathlib import Path

import pytest

from aarlab.paths import StudyPaths
from tests.support.cli import Ended, aarlab, closed_study
from tests.support.forge import Entries, copy_of, new_chain


@pytest.fixture(scope="module")
def study(tmp_path_factory: pytest.TempPathFactory) -> StudyPaths:
    return closed_study(tmp_path_factory.mktemp("studies") / "toy")


@pytest.fixture
def copy(study: StudyPaths, tmp_path: Path) -> StudyPaths:
    """The folder without the vault, elsewhere."""
    return copy_of(study, tmp_path / "copy")


def replay(study: StudyPaths, *words: str) -> Ended:
    return aarlab("replay", *words, "--study", study.root, cwd=study.root.parent)


def ids(study: StudyPaths, kind: str) -> list[str]:
    log = aarlab("log", "--json", "--study", study.root, cwd=study.root.parent).out.splitlines()
    return [event["body"]["id"] for event in map(json.loads, log) if event["kind"] == kind]


def test_a_row_comes_out_the_same_without_vault_and_server(study: StudyPaths, copy: StudyPaths) -> None:
    (row,) = ids(study, "verify.finished")
    done = replay(copy, row)
    assert (done.status, done.err) == (0, "")
    assert "the same to the last digit" in done.out
    told = json.loads(replay(copy, row[:5], "--json").out)
    assert (told["same"], told["submission"], told["differences"]) == (True, row, [])
    assert told["recorded"]["score"]["value"] == told["replayed"]["score"]["value"]
    assert not (copy.root / "vault").exists()
    assert not list(copy.runtime.glob("replay-*"))


def test_a_recorded_score_that_was_changed_is_different(copy: StudyPaths) -> None:
    def better(entries: Entries) -> Entries:
        for entry in entries:
            if entry["kind"] == "verify.finished":
                entry["body"]["score"]["value"] += 1e-15
        return entries

    new_chain(copy.database, better)
    done = replay(copy, "v-")
    assert done.status == 1
    assert "DIFFERENT: score.value: " in done.out


def test_files_that_were_changed_are_refused(copy: StudyPaths) -> None:
    """git would serve a replacement object under the old name."""
    git = ["git", f"--git-dir={copy.snapshots}", "-c", "user.name=x", "-c", "user.email=x@x"]

    def run(*words: str, data: str = "") -> str:
        done = subprocess.run([*git, *words], input=data, capture_output=True, text=True, check=True)
        return done.stdout.strip()

    old = run("for-each-ref", "--format=%(objectname)", "refs/snapshots")
    blob = run("hash-object", "-w", "--stdin", data="def train(data, seed):\n    return b'0.9'\n")
    tree = run("mktree", data=f"100644 blob {blob}\tmethod.py\n")
    run("replace", old, run("commit-tree", tree, data="forged"))
    done = replay(copy, "v-")
    assert (done.status, done.err.count("\n")) == (2, 1)
    assert "are not those that were verified" in done.err


def test_a_broken_repository_is_refused(copy: StudyPaths) -> None:
    for path in (copy.snapshots / "objects").rglob("*"):
        if path.is_file():
            path.chmod(0o644)
            path.write_bytes(b"broken")
    done = replay(copy, "v-")
    assert (done.status, done.err.count("\n")) == (3, 1)


def test_other_data_are_refused(copy: StudyPaths) -> None:
    def other(entries: Entries) -> Entries:
        entries[0]["digest"] = entries[0]["body"]["digest"] = "0" * 64
        return entries

    new_chain(copy.database, other)
    done = replay(copy, "v-")
    assert (done.status, done.err.count("\n")) == (2, 1)
    assert "are not those of the study (000000000000)" in done.err


def test_what_cannot_be_replayed_is_said_politely(study: StudyPaths) -> None:
    (dev,) = ids(study, "dev.answered")
    for name, words in ((dev, "carries keyed noise"), ("v-none", "there is no submission"), ("", "2 submissions")):
        done = replay(study, name)
        assert (done.status, done.err.count("\n")) == (2, 1)
        assert words in done.err
