"""The library of a study: its pages, the user's papers, and what may never be in it."""

import os
import shutil
from pathlib import Path

import pytest

from aarlab.errors import UserError
from aarlab.lab import papers as limits
from aarlab.lab.library import index_page, library, papers_of, scoring_page
from aarlab.lab.papers import read_papers
from aarlab.lab.publish import clear_runtime, publish_library
from aarlab.settings import StudyConfig
from aarlab.studyfile import build_config, load_study
from tests.support.lab import FAST, LabProcess
from tests.support.toy import HELD_OUT, ToyProblem, ToySettings

TOY = ToyProblem(ToySettings())


class Documented(ToyProblem):
    """With a page."""

    def library(self) -> dict[str, str]:
        return {"notes/thresholds.md": "# Thresholds\n"}


def config(**study: object) -> StudyConfig:
    return build_config({"study": study}, source="test")


def pdf(path: Path, *words: str) -> Path:
    """A PDF with a page for each text."""
    from matplotlib.backends.backend_pdf import PdfPages
    from matplotlib.figure import Figure

    with PdfPages(path) as pages:
        for text in words:
            figure = Figure()
            figure.text(0.1, 0.5, text)
            pages.savefig(figure)
    return path


def test_scoring_and_card_are_there_and_the_index_names_every_page() -> None:
    pages = library(config(), TOY)
    assert set(pages) == {"index.md", "problem.md", "scoring.md"}
    assert "Find the threshold." in pages["problem.md"]
    assert "36 answers for the whole team" in pages["scoring.md"]
    assert all(f"- {name}: " in pages["index.md"] for name in pages if name != "index.md")


def test_a_problem_brings_pages_of_its_own() -> None:
    pages = library(config(), Documented(ToySettings()))
    assert pages["notes/thresholds.md"] == "# Thresholds\n"
    assert "- notes/thresholds.md: Thresholds\n" in pages["index.md"]
    assert set(library(config(library="none"), Documented(ToySettings()))) == {"index.md"}


def test_scoring_says_what_the_study_does() -> None:
    plain = scoring_page(build_config({"verify": {"seeds": 7, "controls": 0}}, source="test"))
    assert "7 times" in plain
    assert "no runs with another teacher" in plain
    told = scoring_page(build_config({"verify": {"protocol": "predictions"}}, source="test"))
    assert "lower trust" in told
    assert "{" not in plain + told


def test_a_study_may_give_papers_only_or_nothing(tmp_path: Path) -> None:
    note = tmp_path / "my notes.md"
    note.write_text("# Mine\n\nsome words")
    given = library(config(library="none", papers=[str(note)]), TOY)
    assert given["papers/my-notes.md"] == "# Mine\n\nsome words\n"
    assert set(given) == {"index.md", "papers/my-notes.md"}
    assert "Mine" not in given["index.md"]
    assert "Nothing was put here" in library(config(library="none"), TOY)["index.md"]


def test_the_title_of_a_page_is_its_first_line() -> None:
    assert "- a.py: What it does.\n" in index_page({"a.py": '"""What it does."""\n\ncode'})


def test_a_pdf_becomes_text(tmp_path: Path) -> None:
    pytest.importorskip("pypdf")
    found = read_papers([str(pdf(tmp_path / "On Teachers.pdf", "weak teachers", "strong students"))])
    assert list(found) == ["On-Teachers.pdf.txt"]
    assert found["On-Teachers.pdf.txt"].split() == ["weak", "teachers", "strong", "students"]


def test_a_folder_is_taken_with_what_can_be_read_and_names_are_cleaned(tmp_path: Path) -> None:
    folder = tmp_path / "my papers"
    (folder / "..odd").mkdir(parents=True)
    for name in ("a.md", "b.TXT", "..odd/c d\n.md", "..odd/c-d.md", "picture.png"):
        (folder / name).write_text("text\x1b[31m of \u202e" + name[0])
    found = read_papers([str(folder), str(folder / "a.md")])
    assert set(found) == {
        "my-papers/a.md",
        "my-papers/b.TXT",
        "my-papers/odd/c-d-.md",
        "my-papers/odd/c-d.md",
        "a.md",
    }
    assert found["a.md"] == "text[31m of a\n"
    (tmp_path / "other").mkdir()
    (tmp_path / "other" / "a.md").write_text("another")
    assert set(read_papers([str(folder / "a.md"), str(tmp_path / "other" / "a.md")])) == {"a.md", "a-2.md"}


def test_what_cannot_be_read_is_one_line(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name, data in {
        "bytes.txt": b"\xff\xfe\x00",
        "empty.md": b" \n",
        "broken.pdf": b"%PDF-1.4 nothing",
        "notes.docx": b"x",
        "long.txt": b"x" * (limits.TEXT_KB * 1024 + 1),
    }.items():
        (tmp_path / name).write_bytes(data)
    (tmp_path / "none").mkdir()
    expected = {
        "missing.md": "cannot be read: No such file",
        "bytes.txt": "is not UTF-8 text",
        "empty.md": "holds no text",
        "broken.pdf": "PDF",
        "notes.docx": "is none of",
        "long.txt": "more than 1024 kB",
        "none": "holds no file of",
    }
    for name, words in expected.items():
        with pytest.raises(UserError, match=words) as raised:
            read_papers([str(tmp_path / name)])
        assert str(raised.value).startswith("study.papers: ")
        assert "\n" not in str(raised.value)
    monkeypatch.setattr(limits, "MOST", 1)
    (tmp_path / "a.md").write_text("a")
    with pytest.raises(UserError, match="more than 1 files"):
        read_papers([str(tmp_path / "a.md"), str(tmp_path / "a.md")])


def test_nothing_comes_from_a_study_or_from_the_data(tmp_path: Path) -> None:
    data, study, notes = tmp_path / "data", tmp_path / "study", tmp_path / "notes"
    for folder in (data, study / "vault", notes):
        folder.mkdir(parents=True)
        (folder / "secret.md").write_text(HELD_OUT)
    own = {"study": {"papers": [str(data)]}, "problem": {"kind": "w2s", "data": str(data)}}
    with pytest.raises(UserError, match="no researcher may read"):
        papers_of(build_config(own, source="test"))
    with pytest.raises(UserError, match="no researcher may read"):
        papers_of(config(papers=[str(study)]), study=study)
    (study / "lab.db").touch()
    os.symlink(study / "vault" / "secret.md", notes / "link.md")
    with pytest.raises(UserError, match="the folder of a study"):
        papers_of(config(papers=[str(notes)]))


def test_a_relative_path_is_meant_from_the_study_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    file = tmp_path / "study.toml"
    file.write_text('[study]\npapers = ["notes.md", "/x"]\n')
    assert load_study(file).study.papers == (str(tmp_path / "notes.md"), "/x")
    monkeypatch.chdir(tmp_path / "..")
    sets = ["study.papers=['mine.md']"]
    assert load_study(file, sets=sets).study.papers == (str(tmp_path.parent / "mine.md"),)


def test_it_is_written_once_and_has_nothing_of_the_vault(tmp_path: Path) -> None:
    note = tmp_path / "note.md"
    note.write_text("a note")
    lab = LabProcess(tmp_path / "toy", {**FAST, "study": {"papers": [str(note)], "seed": 4711}}).start()
    folder = lab.paths.library()
    written = {file.relative_to(folder).as_posix(): file.read_bytes() for file in folder.rglob("*") if file.is_file()}
    assert {"index.md", "problem.md", "scoring.md", "papers/note.md"} == set(written)
    keys = [file.read_bytes() for file in lab.paths.vault.rglob("*") if file.is_file()]
    assert keys
    whole = b"\n".join(written.values())
    assert not any(key in whole or key.hex().encode() in whole for key in keys)
    assert HELD_OUT.encode() not in whole
    assert b"4711" not in whole
    assert all(file.stat().st_mode & 0o222 == 0 for file in folder.rglob("*") if file.is_file())
    assert lab.stop() == 0
    note.unlink()
    shutil.rmtree(folder)
    publish_library(lab.paths, lambda: {"index.md": "another"})
    assert (folder / "papers" / "note.md").read_text() == "a note\n"
    clear_runtime(lab.paths)
