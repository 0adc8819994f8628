"""A hard limit for everything below /work: a file system of its own, which needs root.

A researcher's disk is an ext4 image, so it survives the session; a throw-away disk is a tmpfs (its pages count as the
sandbox's memory). Without root there is no hard limit for many small files; then `used_bytes` is what a watchdog looks
at.
"""

import os
import shutil
import stat
import subprocess
import sys
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

from aarlab.errors import OperatorError

_INODES_PER_MB = 256
_OPTIONS = "nosuid,nodev"


def _run(*argv: str) -> None:
    try:
        done = subprocess.run(argv, capture_output=True, text=True, check=False, env={"PATH": _PATH, "LC_ALL": "C"})
    except FileNotFoundError:
        raise OperatorError(f"{argv[0]} is missing: apt-get install {_PACKAGES[argv[0]]}") from None
    if done.returncode != 0:
        raise OperatorError(f"{argv[0]} failed: {(done.stderr or done.stdout).strip().splitlines()[-1:]}")


_PATH = "/usr/sbin:/usr/bin:/sbin:/bin"
_PACKAGES = {"mkfs.ext4": "e2fsprogs", "mount": "mount", "umount": "mount", "unshare": "util-linux"}


def _unescape(field: str) -> str:
    """mountinfo writes blanks and backslashes in octal."""
    return field.replace("\\040", " ").replace("\\011", "\t").replace("\\012", "\n").replace("\\134", "\\")


def _mounts_at(folder: Path) -> int:
    """How many file systems are mounted at `folder`, one over the other."""
    lines = Path("/proc/self/mountinfo").read_text().splitlines()
    return sum(_unescape(line.split(" ")[4]) == str(folder) for line in lines)


def unmount(folder: Path) -> None:
    """Unmounts everything at `folder`, also what a crash left; nothing there is no error."""
    for _ in range(_mounts_at(folder.resolve())):
        try:
            _run("umount", str(folder.resolve()))
        except OperatorError:
            _run("umount", "--lazy", str(folder.resolve()))


def _make_image(image: Path, size_mb: int, owner: int) -> None:
    """Made under another name first, so that a crash leaves no half file system."""
    image.parent.mkdir(parents=True, exist_ok=True)
    temporary = image.with_name(f".{image.name}.{os.getpid()}.tmp")
    try:
        with temporary.open("wb") as stream:
            os.fchmod(stream.fileno(), 0o600)
            stream.truncate(size_mb << 20)
        features = f"lazy_itable_init=1,lazy_journal_init=1,root_owner={owner}:{owner}"
        _run("mkfs.ext4", "-q", "-F", "-m", "0", "-N", str(size_mb * _INODES_PER_MB), "-E", features, str(temporary))
        temporary.replace(image)
    finally:
        temporary.unlink(missing_ok=True)


def mount(folder: Path, *, size_mb: int, owner: int, image: Path | None) -> None:
    """Mounts a disk of `size_mb` MiB at `folder` for the uid `owner`; needs root.

    `image` keeps the content across sessions and is made when missing; None is an empty throw-away disk. What a crash
    left mounted is unmounted first. Raises OperatorError.
    """
    folder = folder.resolve()
    unmount(folder)
    if image is None:
        inodes, mine = size_mb * _INODES_PER_MB, f"mode=0700,uid={owner},gid={owner}"
        _run(
            "mount", "-t", "tmpfs", "-o", f"size={size_mb}m,nr_inodes={inodes},{mine},{_OPTIONS}", "aarlab", str(folder)
        )
    else:
        if not image.exists():
            _make_image(image.absolute(), size_mb, owner)
        _run("mount", "-t", "ext4", "-o", f"loop,{_OPTIONS}", str(image.resolve()), str(folder))
    os.chown(folder, owner, owner)
    folder.chmod(0o700)


_TRIAL = """
mount -t tmpfs -o size=4m aarlab "$1" && truncate -s 1M "$1/image" && mkfs.ext4 -q "$1/image" && mkdir "$1/place" &&
mount -t ext4 -o loop "$1/image" "$1/place"
"""


def usable() -> bool:
    """Whether this host lets us make both kinds of disk; finds out by making them where nobody else sees them.

    They lie in a mount namespace that ends with the command, so nothing stays, not even after a crash.
    """
    try:
        _run("unshare", "--mount", "sh", "-c", _TRIAL, "sh", "/mnt")
    except OperatorError:
        return False
    return True


def clear(folder: Path) -> None:
    """Empties a throw-away disk that is only a folder; what its user made unremovable stays."""
    with suppress(FileNotFoundError), os.scandir(folder) as entries:
        for entry in entries:
            if entry.is_dir(follow_symlinks=False):
                shutil.rmtree(entry.path, ignore_errors=True)
            else:
                os.unlink(entry.path)


def _sizes(folder: int) -> Iterator[int]:
    with os.scandir(folder) as entries:
        for entry in entries:
            with suppress(OSError):
                found = entry.stat(follow_symlinks=False)
                yield found.st_blocks * 512
                if stat.S_ISDIR(found.st_mode):
                    deeper = os.open(
                        entry.name, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC, dir_fd=folder
                    )
                    try:
                        yield from _sizes(deeper)
                    finally:
                        os.close(deeper)


def used_bytes(folder: Path, *, stop_at: int = sys.maxsize) -> int:
    """Bytes allocated below `folder`, links not followed; stops counting once it is above `stop_at`."""
    total = 0
    top = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        for size in _sizes(top):
            total += size
            if total > stop_at:
                break
    except RecursionError:
        return stop_at + 1
    finally:
        os.close(top)
    return total
