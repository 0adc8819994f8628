"""Tricks in what a researcher hands back, or prepares where the lab will write: refused, never followed."""

import os
import socket
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from aarlab.errors import ResearcherError
from aarlab.sandbox import reader
from aarlab.sandbox.bubblewrap import BubblewrapSandbox
from aarlab.sandbox.protocol import Limits

SECRET = b"the labels"


@pytest.fixture
def work(tmp_path: Path) -> Path:
    """/work as the lab sees it, next to a vault."""
    (tmp_path / "vault").mkdir()
    (tmp_path / "vault" / "labels").write_bytes(SECRET)
    folder = tmp_path / "work"
    (folder / "out").mkdir(parents=True)
    (folder / "out" / "good").write_bytes(b"good")
    return folder


def _symlink(work: Path) -> str:
    (work / "x").symlink_to("../vault/labels")
    return "x"


def _link_within(work: Path) -> str:
    (work / "x").symlink_to("out/good")
    return "x"


def _linked_folder(work: Path) -> str:
    (work / "x").symlink_to("../vault")
    return "x/labels"


def _hard_link(work: Path) -> str:
    os.link(work.parent / "vault" / "labels", work / "x")
    return "x"


def _proc_link(work: Path) -> str:
    (work / "x").symlink_to(f"/proc/{os.getpid()}/root")
    return f"x{work.parent}/vault/labels"


def _fifo(work: Path) -> str:
    os.mkfifo(work / "x")
    return "x"


def _socket(work: Path) -> str:
    here = os.open(work, os.O_RDONLY)
    with socket.socket(socket.AF_UNIX) as sock:
        sock.bind(f"/proc/self/fd/{here}/x")
    os.close(here)
    return "x"


def _sparse(work: Path) -> str:
    with (work / "x").open("wb") as stream:
        stream.truncate(1 << 40)
    return "x"


def _folder(_: Path) -> str:
    return "out"


TRICKS: list[Callable[[Path], str]] = [
    _symlink, _link_within, _linked_folder, _hard_link, _proc_link, _fifo, _socket, _sparse, _folder,
]  # fmt: skip
PATHS = [
    "../vault/labels",
    "/etc/passwd",
    "out/../../vault/labels",
    "",
    ".",
    "out//good",
    "a\0b",
    "a/" * 40 + "b",
    "n" * 300,
]


@pytest.mark.parametrize("trick", TRICKS)
def test_read_refuses(work: Path, trick: Callable[[Path], str]) -> None:
    path = trick(work)
    with pytest.raises(ResearcherError) as refusal:
        reader.read_file(work, path, max_bytes=1000)
    assert refusal.value.code == "malformed"
    assert "vault" not in str(refusal.value).removeprefix(f"cannot take {path!r}")


@pytest.mark.parametrize("path", PATHS)
def test_paths_are_refused(work: Path, path: str) -> None:
    with pytest.raises(ResearcherError):
        reader.read_file(work, path, max_bytes=1000)
    with pytest.raises(ResearcherError):
        reader.write_file(work, path, b"x")


def test_read_gives_what_is_there(work: Path) -> None:
    assert reader.read_file(work, "out/good", max_bytes=4) == b"good"
    with pytest.raises(ResearcherError, match="larger than 3 bytes"):
        reader.read_file(work, "out/good", max_bytes=3)
    with pytest.raises(ResearcherError) as refusal:
        reader.read_file(work, "out/nothing", max_bytes=3)
    assert refusal.value.code == "missing"


SWAP = """
import os
while True:
    with open("new", "wb") as stream: stream.write(b"harmless")
    os.replace("new", "x")
    os.symlink("../vault/labels", "new")
    os.replace("new", "x")
"""


def test_a_swap_race_never_shows_the_secret(work: Path) -> None:
    seen: set[bytes] = set()
    tries, deadline = 0, time.monotonic() + 30
    with subprocess.Popen([sys.executable, "-c", SWAP], cwd=work) as swapper:
        while (len(seen) < 2 or tries < 5_000) and time.monotonic() < deadline:
            seen.add(_attempt(work))
            tries += 1
        swapper.kill()
    assert seen == {b"harmless", b"refused"}


def _attempt(work: Path) -> bytes:
    try:
        return reader.read_file(work, "x", max_bytes=100)
    except ResearcherError:
        return b"refused"


def test_write_replaces_a_link_and_never_follows_it(work: Path) -> None:
    (work / "x").symlink_to("../vault/labels")
    os.link(work.parent / "vault" / "labels", work / "hard")
    reader.write_file(work, "x", b"mine")
    reader.write_file(work, "hard", b"mine")
    assert (work.parent / "vault" / "labels").read_bytes() == SECRET
    assert (work / "x").read_bytes() == b"mine"
    assert not (work / "x").is_symlink()


def test_write_refuses_linked_and_special_folders(work: Path) -> None:
    (work / "away").symlink_to("../vault")
    os.mkfifo(work / "pipe")
    for path in ("away/new", "pipe/new", "out/good/new"):
        with pytest.raises(ResearcherError):
            reader.write_file(work, path, b"x")
    with pytest.raises(ResearcherError):
        reader.write_file(work, "out", b"x")
    assert os.listdir(work.parent / "vault") == ["labels"]
    assert [name for name in os.listdir(work / "out") if name.endswith(".tmp")] == []


def test_write_makes_folders_for_their_owner(work: Path) -> None:
    owner = 61000 if os.geteuid() == 0 else os.geteuid()
    reader.write_file(work, "a/b/c.txt", b"x", owner=owner)
    assert {path.stat().st_uid for path in (work / "a", work / "a" / "b", work / "a" / "b" / "c.txt")} == {owner}


def test_list_leaves_out_what_is_no_file(work: Path) -> None:
    for trick in (_fifo, _hard_link, _symlink):
        (work / "x").unlink(missing_ok=True)
        trick(work)
        assert reader.list_files(work, max_files=10) == {"out/good": 4}
    assert reader.list_files(work, "out", max_files=10) == {"good": 4}
    with pytest.raises(ResearcherError, match="more than 0 files"):
        reader.list_files(work, max_files=0)


def test_list_refuses_links_and_depth(work: Path) -> None:
    (work / "away").symlink_to("../vault")
    with pytest.raises(ResearcherError):
        reader.list_files(work, "away", max_files=10)
    deep = work
    for _ in range(40):
        deep = deep / "d"
        deep.mkdir()
    with pytest.raises(ResearcherError, match="too deeply"):
        reader.list_files(work, max_files=10)


def test_from_inside_a_sandbox(make: Callable[..., BubblewrapSandbox]) -> None:
    sandbox = make()
    plant = (
        "ln -s /proc/self/root/etc a; ln -s / root; mkfifo pipe; mkdir dir; ln -s ../.. dir/up; "
        "truncate -s 100M big; ln -s /data/inputs.txt data; echo fine > fine"
    )
    assert sandbox.exec(["sh", "-c", plant], timeout=10).status == "ok"
    for path in ("a/passwd", "root/etc/passwd", "pipe", "dir/up/etc/passwd", "big", "data", "../data/inputs.txt"):
        with pytest.raises(ResearcherError):
            sandbox.get(path, max_bytes=1 << 20)
    for path in ("a/x", "root/x", "pipe/x", "dir/up/x", "../x", "/x"):
        with pytest.raises(ResearcherError):
            sandbox.put(path, b"x")
    assert sandbox.get("fine", max_bytes=10) == b"fine\n"


def test_put_belongs_to_the_researcher_and_is_limited(make: Callable[..., BubblewrapSandbox]) -> None:
    sandbox = make(limits=Limits(disk_mb=4, file_mb=2))
    sandbox.put("src/method.py", b"x = 1\n")
    assert sandbox.exec(["sh", "-c", "echo 'x = 2' > src/method.py && mkdir src/more"], timeout=10).status == "ok"
    assert sandbox.get("src/method.py", max_bytes=100) == b"x = 2\n"
    with pytest.raises(ResearcherError):
        sandbox.put("big", b"x" * (3 << 20))
    if os.geteuid() == 0:
        sandbox.put("big0", b"x" * (2 << 20))
        with pytest.raises(ResearcherError, match="disk is full"):
            sandbox.put("big1", b"x" * (2 << 20))
