"""The audit of a real study: every way of changing it, by who owns the files and can write a chain that fits."""

import json
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from aarlab.canonical import write_atomic
from aarlab.errors import UserError
from aarlab.lab.audit import Audit, Witness, audit, read_kept
from aarlab.lab.headrepo import HeadRepository, read_commits
from aarlab.lab.heads import Head, HeadFile, Signer, read_heads, read_key
from aarlab.lab.sqlite_store import read_events
from aarlab.paths import StudyPaths
from tests.support.cli import closed_study
from tests.support.forge import Entries, copy_of, new_chain, statements


@pytest.fixture(scope="module")
def study(tmp_path_factory: pytest.TempPathFactory) -> StudyPaths:
    return closed_study(tmp_path_factory.mktemp("studies") / "toy")


@pytest.fixture
def copy(study: StudyPaths, tmp_path: Path) -> StudyPaths:
    return copy_of(study, tmp_path / "copy")


def heads(paths: StudyPaths) -> list[Head]:
    return [head for _, head in read_heads(paths.heads) if head is not None]


def only(found: Audit) -> tuple[str, int | None]:
    """The one fault."""
    assert len(found.faults) == 1, found.faults
    return found.faults[0].kind, found.faults[0].seq


def test_an_honest_study_fits_and_every_entry_is_signed(study: StudyPaths) -> None:
    found = audit(study)
    assert found.ok
    assert found.signed == found.entries == len(list(read_events(study.database)))
    assert found.key == read_key(study.public_key)
    assert found.heads == len(heads(study)) >= 4
    assert audit(study, key=found.key, kept=[heads(study)[-1].hash]).notes == ()


def test_heads_are_in_the_git_repository_too(study: StudyPaths, copy: StudyPaths) -> None:
    copy.heads.unlink()
    found = audit(copy)
    assert [fault.kind for fault in found.faults] == ["heads"] * len(heads(study))
    assert found.signed == found.entries


EDITS = {
    "edited": ("UPDATE ledger SET body = '{}' WHERE seq = 6",),
    "deleted": ("DELETE FROM ledger WHERE seq = 6",),
    "swapped": (
        "UPDATE ledger SET seq = 99 WHERE seq = 6",
        "UPDATE ledger SET seq = 6 WHERE seq = 7",
        "UPDATE ledger SET seq = 7 WHERE seq = 99",
    ),
    "inserted": (
        "UPDATE ledger SET seq = -seq WHERE seq > 6",
        "UPDATE ledger SET seq = 1 - seq WHERE seq < 0",
        "INSERT INTO ledger SELECT 7, kind, actor, body, meta, hash, 'x' FROM ledger WHERE seq = 6",
    ),
}
FOUND = {
    "edited": (6, "entry 6 was changed"),
    "deleted": (6, "entry 6 is missing"),
    "swapped": (6, "entry 6 does not follow"),
    "inserted": (7, "entry 7 was changed"),
}


@pytest.mark.parametrize("name", EDITS)
def test_what_does_not_fit_the_chain_is_found_where_it_begins(copy: StudyPaths, name: str) -> None:
    seq, words = FOUND[name]
    statements(copy.database, *EDITS[name])
    found = audit(copy)
    assert only(found) == ("chain", seq)
    assert words in found.faults[0].text


def better(entries: Entries) -> Entries:
    for entry in entries:
        if entry["kind"] == "verify.finished":
            entry["body"]["score"]["value"] = 9.0
    return entries


REWRITES: dict[str, Callable[[Entries], Entries]] = {
    "edited": better,
    "deleted": lambda entries: entries[:5] + entries[6:],
    "swapped": lambda entries: [*entries[:5], entries[6], entries[5], *entries[7:]],
    "inserted": lambda entries: [*entries[:6], dict(entries[5]), *entries[6:]],
}


@pytest.mark.parametrize("name", REWRITES)
def test_a_new_chain_with_fitting_hashes_does_not_fit_the_heads(copy: StudyPaths, name: str) -> None:
    before = [event.hash for event in read_events(copy.database)]
    new_chain(copy.database, REWRITES[name])
    after = [event.hash for event in read_events(copy.database)]
    first = next(seq for seq, (old, new) in enumerate(zip(before, after, strict=False), 1) if old != new)
    found = audit(copy)
    fault = next(fault for fault in found.faults if fault.kind == "rewritten")
    signed = [head.seq for head in heads(copy)]
    assert fault.seq is not None
    assert fault.seq <= first <= min(seq for seq in signed if seq >= fault.seq)
    assert f"written anew somewhere in entries {fault.seq} to " in fault.text


def cut(entries: Entries) -> Entries:
    return entries[:-3]


def test_a_cut_tail_is_found_by_the_file_of_heads(copy: StudyPaths) -> None:
    entries = audit(copy).entries
    statements(copy.database, f"DELETE FROM ledger WHERE seq > {entries - 3}")
    shutil.rmtree(copy.heads_repository)
    found = audit(copy)
    assert only(found) == ("tail", entries - 2)
    assert f"ends with entry {entries - 3}, but entry {entries} was signed" in found.faults[0].text


def test_a_cut_tail_is_found_by_git_when_the_file_was_cut_too(copy: StudyPaths) -> None:
    entries = audit(copy).entries
    statements(copy.database, f"DELETE FROM ledger WHERE seq > {entries - 3}")
    kept = [head for head in heads(copy) if head.seq <= entries - 3]
    copy.heads.write_bytes(b"".join(head.line + b"\n" for head in kept))
    found = audit(copy)
    assert {fault.kind for fault in found.faults} == {"tail", "heads"}
    assert "heads.git commit" in next(fault.text for fault in found.faults if fault.kind == "tail")


def test_a_tail_cut_everywhere_is_found_by_what_was_kept_elsewhere(copy: StudyPaths) -> None:
    newest = heads(copy)[-1]
    statements(copy.database, f"DELETE FROM ledger WHERE seq > {newest.seq - 3}")
    kept = [head for head in heads(copy) if head.seq <= newest.seq - 3]
    copy.heads.write_bytes(b"".join(head.line + b"\n" for head in kept))
    shutil.rmtree(copy.heads_repository)
    assert audit(copy).ok, "nothing in the folder can show it"
    assert only(audit(copy, kept=[Witness("a note", newest)])) == ("tail", newest.seq - 2)
    assert only(audit(copy, kept=[newest.hash])) == ("tail", None)


def forge_all(copy: StudyPaths) -> str:
    """A whole new ledger under a key of the forger's own; the true key."""
    true = read_key(copy.public_key)
    forger = Signer(b"f" * 32, study="toy")

    def own_key(entries: Entries) -> Entries:
        entries[0]["meta"]["key"] = forger.key
        return better(entries)

    new_chain(copy.database, own_key)
    last = list(read_events(copy.database))[-1]
    head = forger.sign(number=1, seq=last.seq, hash=last.hash, time=1.0)
    copy.heads.write_bytes(head.line + b"\n")
    shutil.rmtree(copy.heads_repository)
    write_atomic(copy.public_key, forger.pem)
    return true


def test_a_forger_with_another_key_is_found_with_the_public_key(study: StudyPaths, copy: StudyPaths) -> None:
    true = forge_all(copy)
    assert "compare it" in " ".join(audit(copy).notes)
    kinds = [fault.kind for fault in audit(copy, key=true).faults]
    assert kinds == ["key", "key", "signature"]
    assert "signed under another key" in audit(copy, key=true).faults[-1].text
    assert not audit(copy, kept=[heads(study)[-1].hash]).ok


def test_a_changed_head_does_not_fit_its_signature(copy: StudyPaths) -> None:
    *first, last = heads(copy)
    changed = last.model_copy(update={"seq": last.seq - 1})
    copy.heads.write_bytes(b"".join(head.line + b"\n" for head in (*first, changed)))
    found = audit(copy)
    assert "signature" in {fault.kind for fault in found.faults}
    assert "the signature does not fit what it says" in " ".join(fault.text for fault in found.faults)


@pytest.mark.parametrize("change", ["taken", "swapped", "garbage"])
def test_the_file_of_heads_itself_shows_what_was_done_to_it(copy: StudyPaths, change: str) -> None:
    lines = copy.heads.read_bytes().splitlines(keepends=True)
    changed = {
        "taken": [lines[0], *lines[2:]],
        "swapped": [lines[1], lines[0], *lines[2:]],
        "garbage": [lines[0], b'{"seq":1}\n', *lines[1:]],
    }
    copy.heads.write_bytes(b"".join(changed[change]))
    assert "heads" in {fault.kind for fault in audit(copy).faults}


def test_without_any_head_nothing_is_called_whole(copy: StudyPaths) -> None:
    copy.heads.unlink()
    shutil.rmtree(copy.heads_repository)
    assert only(audit(copy)) == ("heads", None)
    assert audit(copy, kept=[list(read_events(copy.database))[-1].hash]).ok


def test_a_torn_last_line_is_a_crash_and_not_a_forgery(copy: StudyPaths) -> None:
    with copy.heads.open("ab") as stream:
        stream.write(b'{"hash":"00')
    found = audit(copy)
    assert found.ok
    assert "was torn by a crash" in " ".join(found.notes)
    HeadFile(copy.heads).close()
    assert copy.heads.read_bytes().endswith(b"\n")
    assert "was torn" not in " ".join(audit(copy).notes)


def test_a_kept_head_is_read_from_wherever_it_was_published(study: StudyPaths, tmp_path: Path) -> None:
    newest = heads(study)[-1]
    forms = {
        "line": newest.line.decode(),
        "json": json.dumps(newest.model_dump(), indent=2),
        "forum.md": f"# Finding\n\n> text\n> {newest.line.decode()}\n--- end ---\n",
        "hash": f"{newest.hash}\n",
    }
    for name, text in forms.items():
        (tmp_path / name).write_text(text)
        kept = read_kept(str(tmp_path / name))
        assert len(kept) == 1
        assert audit(study, kept=kept).ok
    assert read_kept(newest.hash) == [newest.hash]
    (tmp_path / "none").write_text("no head")
    for words in (str(tmp_path / "none"), "abc", "X" * 64):
        with pytest.raises(UserError, match="--head"):
            read_kept(words)


def test_commits_go_on_where_they_ended(tmp_path: Path) -> None:
    signer = Signer(b"s" * 32, study="toy")
    for number in (1, 2, 3):
        repository = HeadRepository(tmp_path / "heads.git")
        repository.publish(signer.sign(number=number, seq=number, hash="a" * 64, time=-5.0))
        (tmp_path / "heads.git/refs/heads/ledger.lock").touch()  # as a killed git leaves it
    assert [head and head.number for _, head in read_commits(tmp_path / "heads.git")] == [1, 2, 3]
