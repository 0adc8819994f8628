"""An auditor: another user, a copy that cannot be written, the public key, and no lab anywhere."""

import hashlib
import json
import os
import shutil
import sqlite3
import subprocess
import sys
import tarfile
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from aarlab.lab.sqlite_store import read_events
from aarlab.paths import StudyPaths
from tests.support.cli import ROOT, Ended, aarlab, closed_study
from tests.support.forge import copy_of, new_chain, statements

SOMEBODY = 65534
AS_SOMEBODY = """
import os, sys
import aarlab.cli.ledger, aarlab.cli.output, aarlab.cli.study, aarlab.lab.audit
from aarlab.cli.main import main
if os.geteuid() == 0:  # after the imports, because Python may lie in a folder that is closed to others
    os.setgroups([])
    os.setresgid(*[int(sys.argv[1])] * 3)
    os.setresuid(*[int(sys.argv[1])] * 3)
main(sys.argv[2:])
"""


@pytest.fixture(scope="module")
def study(tmp_path_factory: pytest.TempPathFactory) -> StudyPaths:
    return closed_study(tmp_path_factory.mktemp("studies") / "toy")


def on(study: StudyPaths, *words: str | Path) -> Ended:
    return aarlab(*words, "--study", study.root, cwd=study.root.parent)


def as_somebody(study: StudyPaths, *words: str | Path) -> Ended:
    """The command by a user who may write nothing here."""
    command = [sys.executable, "-c", AS_SOMEBODY, str(SOMEBODY), *map(str, words), "--study", str(study.root)]
    environment = os.environ | {"PYTHONPATH": f"{ROOT / 'src'}:{ROOT}", "HOME": "/nonexistent"}
    done = subprocess.run(command, cwd="/", env=environment, capture_output=True, text=True, check=False, timeout=120)
    return Ended(done.returncode, done.stdout, done.stderr)


@pytest.fixture
def reachable() -> Iterator[Path]:
    """A folder that every user can reach."""
    with tempfile.TemporaryDirectory() as folder:
        Path(folder).chmod(0o755)
        yield Path(folder)
        for path in (path for path in Path(folder).rglob("*") if path.is_dir()):
            path.chmod(0o755)


@pytest.fixture
def sealed(study: StudyPaths, reachable: Path) -> StudyPaths:
    """A copy that nobody may write."""
    copy = copy_of(study, reachable / "copy")
    shutil.copy(study.public_key, reachable / "kept.pub")
    for path in (copy.root, *copy.root.rglob("*")):
        path.chmod(0o555 if path.is_dir() else 0o444)
    return copy


def test_another_user_verifies_a_read_only_copy_with_the_public_key_alone(
    study: StudyPaths, sealed: StudyPaths
) -> None:
    before = sorted(sealed.root.rglob("*"))
    done = as_somebody(sealed, "ledger", "verify", "--key", sealed.root.parent / "kept.pub")
    assert (done.status, done.err) == (0, "")
    assert "every entry fits" in done.out
    assert sorted(sealed.root.rglob("*")) == before
    newest = json.loads(as_somebody(sealed, "ledger", "head", "--json").out)
    assert newest["hash"] == list(read_events(study.database))[-1].hash


def test_what_a_killed_lab_left_in_its_write_ahead_log_is_read_too(study: StudyPaths, reachable: Path) -> None:
    copy = copy_of(study, reachable / "copy")
    with sqlite3.connect(copy.database, isolation_level=None) as writer:
        writer.execute("PRAGMA journal_mode=WAL")
        new = "SELECT seq + 1, kind, actor, body, meta, hash, 'x' FROM ledger ORDER BY seq DESC LIMIT 1"
        writer.execute(f"INSERT INTO ledger {new}")
        killed = reachable / "killed"
        shutil.copytree(copy.root, killed)
    writer.close()
    (killed / "lab.db-shm").unlink()
    killed.chmod(0o555)
    done = as_somebody(StudyPaths(killed), "ledger", "verify")
    assert (done.status, done.err) == (1, "")
    assert f"entry {len(list(read_events(copy.database)))} was changed after it was written" in done.out


def test_faults_are_told_in_words_and_by_the_exit_status(study: StudyPaths, tmp_path: Path) -> None:
    copy = copy_of(study, tmp_path / "copy")
    statements(copy.database, "DELETE FROM ledger WHERE seq > 9")
    done = on(copy, "ledger", "verify")
    assert (done.status, done.err) == (1, "")
    assert "BROKEN: the tail was cut: the ledger ends with entry 9, but entry" in done.out
    told = json.loads(on(copy, "ledger", "verify", "--json").out)
    assert (told["ok"], told["entries"], told["faults"][0]["seq"]) == (False, 9, 10)


def test_a_head_noted_down_finds_what_the_folder_no_longer_shows(study: StudyPaths, tmp_path: Path) -> None:
    noted = json.loads(on(study, "ledger", "head", "--json").out)
    (tmp_path / "noted.json").write_text(json.dumps(noted))
    (tmp_path / "forum.md").write_text(on(study, "forum", "ledger-head").out)
    copy = copy_of(study, tmp_path / "copy")
    new_chain(copy.database, lambda entries: entries[:-2])
    shutil.rmtree(copy.heads_repository)
    lines = copy.heads.read_bytes().splitlines(keepends=True)
    copy.heads.write_bytes(b"".join(line for line in lines if json.loads(line)["seq"] <= noted["seq"] - 2))
    assert on(copy, "ledger", "verify").status == 0
    for kept in (noted["hash"], tmp_path / "noted.json", tmp_path / "forum.md"):
        assert on(study, "ledger", "verify", "--head", kept).status == 0
        done = on(copy, "ledger", "verify", "--head", kept)
        assert done.status == 1
        assert "the tail was cut" in done.out


def test_openssl_agrees_about_a_head(study: StudyPaths, tmp_path: Path) -> None:
    openssl = shutil.which("openssl")
    if openssl is None:
        pytest.skip("openssl is not installed")
    head = json.loads(on(study, "ledger", "head", "--json").out)
    signature = bytes.fromhex(head.pop("signature"))
    signed = json.dumps({"purpose": "aarlab ledger head 1", **head}, sort_keys=True, separators=(",", ":"))
    (tmp_path / "signed").write_text(signed)
    (tmp_path / "signature").write_bytes(signature)
    command = [openssl, "pkeyutl", "-verify", "-pubin", "-rawin", "-inkey", study.public_key]
    done = subprocess.run(
        [*command, "-in", tmp_path / "signed", "-sigfile", tmp_path / "signature"],
        capture_output=True,
        text=True,
        check=False,
    )
    assert (done.returncode, done.stdout.strip()) == (0, "Signature Verified Successfully")


@pytest.mark.parametrize("key", ["nowhere.pub", "study.toml"])
def test_what_is_no_key_is_one_line(study: StudyPaths, key: str) -> None:
    done = on(study, "ledger", "verify", "--key", study.root / key)
    assert (done.status, done.err.count("\n")) == (2, 1)


def test_an_export_is_all_that_an_auditor_needs_and_no_more(study: StudyPaths, tmp_path: Path) -> None:
    sums = []
    for name in ("a.tar.gz", "b.tar.gz"):
        done = on(study, "ledger", "export", tmp_path / name)
        assert (done.status, done.err) == (0, "")
        sums.append(hashlib.sha256((tmp_path / name).read_bytes()).hexdigest())
    assert sums[0] == sums[1]
    with tarfile.open(tmp_path / "a.tar.gz") as archive:
        members = archive.getmembers()
        assert all(member.isreg() and member.mode == 0o644 and not member.uid for member in members)
        assert not [member.name for member in members if "vault" in member.name or "blobs" in member.name]
        for member in members:
            target = tmp_path / "received" / member.name
            target.parent.mkdir(parents=True, exist_ok=True)
            target.write_bytes(archive.extractfile(member).read())  # type: ignore[union-attr]  # a regular file
    received = StudyPaths(tmp_path / "received" / study.root.name)
    assert on(received, "ledger", "verify", "--key", study.public_key).status == 0
    row = next(row for row in json.loads(on(received, "board", "--json").out)["rows"] if row["submission"])
    assert on(received, "replay", row["submission"]).status == 0
    done = on(study, "ledger", "export", tmp_path / "a.tar.gz")
    assert (done.status, done.err.count("\n")) == (2, 1)
