"""Frozen methods: ids, contents, and paths and texts that are refused."""

from pathlib import Path

import pytest

from aarlab.errors import OperatorError, ResearcherError
from aarlab.lab.snapshots import Snapshots, check_files, content_hash, materialise
from aarlab.settings import LimitSettings

FILES = {"method.py": "def train(data, seed): ...\n", "lib/tools.py": "x = 'ü'"}
LIMITS = LimitSettings(snapshot_kb=4, snapshot_files=5)


def test_the_id_is_a_function_of_files_parents_message_and_author(tmp_path: Path) -> None:
    here, there = Snapshots(tmp_path / "a.git"), Snapshots(tmp_path / "b.git")
    first = here.store(FILES, author="r1", message="one", parents=())
    child = here.store(FILES, author="r1", message="two", parents=(first,))
    assert there.store(dict(reversed(FILES.items())), author="r1", message="one", parents=()) == first
    assert there.store(FILES, author="r1", message="two", parents=(first,)) == child
    others = [
        here.store({"method.py": ""}, author="r1", message="one", parents=()),
        here.store(FILES, author="r2", message="one", parents=()),
        here.store(FILES, author="r1", message="three", parents=()),
        here.store(FILES, author="r1", message="two", parents=()),
    ]
    assert len({first, child, *others}) == 6


def test_files_come_back_as_they_were(tmp_path: Path) -> None:
    files = FILES | {"a.txt": "", "b.txt": "no newline", "c.txt": "\r\nmark :1\ndone\ndata 3\n"}
    repository = Snapshots(tmp_path / "a.git")
    name = repository.store(files, author="r1", message="data 5\ndone\n", parents=())
    assert repository.files(name) == files
    materialise(files, tmp_path / "out")
    assert (tmp_path / "out" / "c.txt").read_bytes().decode() == files["c.txt"]


def test_a_stale_import_of_a_crash_is_no_parent(tmp_path: Path) -> None:
    repository = Snapshots(tmp_path / "a.git")
    first = repository.store(FILES, author="r1", message="one", parents=())
    (tmp_path / "a.git" / "refs" / "incoming").write_text(first + "\n")
    again = repository.store({"method.py": "1"}, author="r1", message="", parents=())
    assert Snapshots(tmp_path / "b.git").store({"method.py": "1"}, author="r1", message="", parents=()) == again


def test_diff_and_unknown_ids(tmp_path: Path) -> None:
    repository = Snapshots(tmp_path / "a.git")
    old = repository.store({"method.py": "a\n"}, author="r1", message="", parents=())
    new = repository.store({"method.py": "b\n"}, author="r1", message="", parents=(old,))
    assert "-a\n+b\n" in repository.diff(old, new)
    for name in ("0" * 40, "HEAD", "--output=/tmp/x", f"{old}^{{tree}}"):
        with pytest.raises(OperatorError, match="is not in"):
            repository.files(name)
        with pytest.raises(OperatorError, match="is not in"):
            repository.diff(old, name)


def test_the_content_hash_names_the_files_only() -> None:
    assert content_hash(FILES) == content_hash(dict(reversed(FILES.items())))
    assert content_hash({"method.py": "ab", "x": "c"}) != content_hash({"method.py": "a", "x": "bc"})
    assert content_hash({"method.py": "", "a": ""}) != content_hash({"method.py": "", "b": ""})


PATHS = ["", "/etc/passwd", "../x", "a/../x", "./x", "a//b", "a/", ".git/config", "a/.GIT/x", ".gitattributes", "a b"]
PATHS += ["a\nb", 'a"b', "ä", "a\\b", "a\0b", "x" * 101, "/".join("abcdefghi"), "method.py/x", "a:b", "git~1", "\ud800"]


@pytest.mark.parametrize("path", PATHS)
def test_paths_that_are_refused(path: str) -> None:
    with pytest.raises(ResearcherError) as caught:
        check_files({"method.py": "", path: "x"}, limits=LIMITS)
    assert caught.value.code == "malformed"


@pytest.mark.parametrize(
    "files",
    [
        {},
        {"main.py": ""},
        {"method.py": "\ud800"},
        {"method.py": "a\0b"},
        {"method.py": "x" * 4097},
        {"method.py": "ü" * 2049},
        {"method.py": "", **{f"f{number}": "" for number in range(5)}},
    ],
)
def test_files_that_are_refused(files: dict[str, str]) -> None:
    with pytest.raises(ResearcherError):
        check_files(files, limits=LIMITS)


def test_the_limits_themselves_are_accepted() -> None:
    check_files({"method.py": "x" * 4096, **{f"f{number}": "" for number in range(4)}}, limits=LIMITS)


def test_nothing_is_written_through_a_link(tmp_path: Path) -> None:
    (tmp_path / "out").mkdir()
    (tmp_path / "out" / "method.py").symlink_to(tmp_path / "target")
    with pytest.raises(FileExistsError):
        materialise({"method.py": "x"}, tmp_path / "out")
    assert not (tmp_path / "target").exists()
