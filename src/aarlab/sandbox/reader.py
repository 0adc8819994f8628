"""Reading and writing files that a researcher controls, never through a link and never more than asked for.

Everything is resolved by the kernel below the given folder (openat2 with RESOLVE_BENEATH, NO_SYMLINKS, NO_MAGICLINKS,
NO_XDEV), so no race between a check and its use exists. Kernels before 5.6 get a component-wise walk with O_NOFOLLOW,
which holds the same except for mount points, of which a sandbox can make none.
"""

import ctypes
import errno
import os
import secrets
import stat
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from functools import cache
from pathlib import Path

from aarlab.errors import ResearcherError

_OPENAT2 = 437
_RESOLVE = 0x01 | 0x02 | 0x04 | 0x08
_FOLDER = os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC
_FILE = os.O_RDONLY | os.O_NONBLOCK | os.O_NOFOLLOW | os.O_NOCTTY | os.O_CLOEXEC
_MAX_DEPTH = 32
_LINKS = {errno.ELOOP, errno.EXDEV, errno.ENOTDIR, errno.ENXIO, errno.EAGAIN}


class _OpenHow(ctypes.Structure):
    _fields_ = (("flags", ctypes.c_uint64), ("mode", ctypes.c_uint64), ("resolve", ctypes.c_uint64))


_libc = ctypes.CDLL(None, use_errno=True)


def _openat2(path: str, flags: int, folder: int) -> int:
    how = _OpenHow(flags, 0, _RESOLVE)
    descriptor = _libc.syscall(
        ctypes.c_long(_OPENAT2),
        ctypes.c_int(folder),
        ctypes.c_char_p(os.fsencode(path)),
        ctypes.byref(how),
        ctypes.c_size_t(24),
    )
    if descriptor < 0:
        code = ctypes.get_errno()
        raise OSError(code, os.strerror(code), path)
    return int(descriptor)


def _walk(path: str, flags: int, folder: int) -> int:
    """What openat2 does, one component at a time."""
    *folders, last = path.split("/")
    here = os.dup(folder)
    for name in folders:
        try:
            deeper = os.open(name, _FOLDER, dir_fd=here)
        finally:
            os.close(here)
        here = deeper
    try:
        return os.open(last, flags | os.O_NOFOLLOW, dir_fd=here)
    finally:
        os.close(here)


@cache
def has_openat2() -> bool:
    """Whether this kernel resolves paths beneath a folder by itself (Linux 5.6 and later)."""
    here = os.open("/", _FOLDER)
    try:
        os.close(_openat2(".", _FOLDER, here))
    except OSError as error:
        if error.errno in (errno.ENOSYS, errno.EPERM):
            return False
        raise
    finally:
        os.close(here)
    return True


def _open_beneath(path: str, flags: int, folder: int) -> int:
    return _openat2(path, flags, folder) if has_openat2() else _walk(path, flags, folder)


def _refused(path: str, why: str, *, code: str = "malformed") -> ResearcherError:
    return ResearcherError(f"cannot take {path[:200]!r}: {why}", code=code)


def _clean(path: str) -> str:
    """A relative path in one spelling; raises ResearcherError for anything else."""
    parts = path.split("/")
    if not path or "\0" in path or len(path) > 1000 or len(parts) > _MAX_DEPTH:
        raise _refused(path, "not a usable path")
    if any(part in ("", ".", "..") or len(os.fsencode(part)) > 255 for part in parts):
        raise _refused(path, "the path must be relative, without '.', '..' or empty parts")
    return path


def _reason(error: OSError) -> str:
    if error.errno in (errno.ENOENT, errno.ENAMETOOLONG):
        return "there is no such file"
    if error.errno in _LINKS:
        return "links and special files are not followed"
    if error.errno in (errno.ENOSPC, errno.EDQUOT, errno.EFBIG):
        return "the disk is full"
    if error.errno in (errno.EACCES, errno.EPERM, errno.EISDIR, errno.EROFS, errno.EEXIST):
        return "it cannot be opened"
    raise error


@contextmanager
def _root(folder: Path) -> Iterator[int]:
    descriptor = os.open(folder, _FOLDER)
    try:
        yield descriptor
    finally:
        os.close(descriptor)


def _check(path: str, found: os.stat_result, max_bytes: int) -> None:
    if not stat.S_ISREG(found.st_mode):
        raise _refused(path, "it is not a regular file")
    if found.st_nlink != 1:
        raise _refused(path, "it has more than one name (hard link)")
    if found.st_size > max_bytes:
        raise _refused(path, f"it is larger than {max_bytes} bytes")


def read_file(folder: Path, path: str, *, max_bytes: int) -> bytes:
    """The bytes of the regular file `path` (relative) below `folder`.

    Raises ResearcherError(code="missing") where there is none, and with code="malformed" for links of any kind on the
    way, other kinds of files, files with a second name, and files larger than `max_bytes`. A file that changes while it
    is read gives a mixture, never bytes of another file.
    """
    with _root(folder) as root:
        try:
            descriptor = _open_beneath(_clean(path), _FILE, root)
        except OSError as error:
            code = "missing" if error.errno == errno.ENOENT else "malformed"
            raise _refused(path, _reason(error), code=code) from None
    try:
        _check(path, os.fstat(descriptor), max_bytes)
        with os.fdopen(os.dup(descriptor), "rb") as stream:
            data = stream.read(max_bytes + 1)
    finally:
        os.close(descriptor)
    if len(data) > max_bytes:
        raise _refused(path, f"it is larger than {max_bytes} bytes")
    return data


def _descend(name: str, here: int, owner: int | None) -> int:
    """Opens or makes one folder; closes `here`."""
    try:
        with suppress(FileExistsError):
            os.mkdir(name, 0o755, dir_fd=here)
            made = _open_beneath(name, _FOLDER, here)
            if owner is not None:
                os.fchown(made, owner, owner)
            return made
        return _open_beneath(name, _FOLDER, here)
    finally:
        os.close(here)


def _write_new(name: str, here: int, data: bytes, owner: int | None) -> None:
    """Writes under a name that nobody can have prepared, then renames: that replaces a link, it does not follow it."""
    temporary = f".{secrets.token_hex(8)}.tmp"
    flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC
    descriptor = os.open(temporary, flags, 0o644, dir_fd=here)
    try:
        with os.fdopen(descriptor, "wb") as stream:
            stream.write(data)
            stream.flush()
            if owner is not None:
                os.fchown(stream.fileno(), owner, owner)
        os.rename(temporary, name, src_dir_fd=here, dst_dir_fd=here)
    except OSError:
        with suppress(OSError):
            os.unlink(temporary, dir_fd=here)
        raise


def write_file(folder: Path, path: str, data: bytes, *, owner: int | None = None) -> None:
    """Writes `data` to `path` (relative) below `folder`, making folders on the way; what is made belongs to `owner`.

    A link in the place of a folder is refused; a link in the place of the file is replaced, never followed. Raises
    ResearcherError(code="malformed").
    """
    *folders, name = _clean(path).split("/")
    try:
        here = os.open(folder, _FOLDER)
        for part in folders:
            here = _descend(part, here, owner)
        try:
            _write_new(name, here, data, owner)
        finally:
            os.close(here)
    except OSError as error:
        raise _refused(path, _reason(error)) from None


def _names(folder: int, prefix: str, depth: int) -> Iterator[tuple[str, os.stat_result]]:
    for name in sorted(os.listdir(folder)):
        try:
            found = os.stat(name, dir_fd=folder, follow_symlinks=False)
        except FileNotFoundError:
            continue
        path = f"{prefix}{name}"
        if stat.S_ISREG(found.st_mode) and found.st_nlink == 1:
            yield path, found
        elif stat.S_ISDIR(found.st_mode):
            if depth == 0:
                raise _refused(path, "folders are nested too deeply")
            yield from _inside(folder, name, f"{path}/", depth - 1)


def _inside(folder: int, name: str, prefix: str, depth: int) -> Iterator[tuple[str, os.stat_result]]:
    try:
        deeper = _open_beneath(name, _FOLDER, folder)
    except OSError:
        return
    try:
        yield from _names(deeper, prefix, depth)
    finally:
        os.close(deeper)


def list_files(folder: Path, path: str = "", *, max_files: int) -> dict[str, int]:
    """Regular files below `path` (relative; "" is `folder` itself) with their sizes, paths relative to `path`, sorted.

    Links and special files are left out. Raises ResearcherError(code="malformed") for more than `max_files` or deep
    nesting.
    """
    found: dict[str, int] = {}
    with _root(folder) as root:
        try:
            start = _open_beneath(_clean(path), _FOLDER, root) if path else os.dup(root)
        except OSError as error:
            raise _refused(path, _reason(error)) from None
        try:
            for name, status in _names(start, "", _MAX_DEPTH):
                found[name] = status.st_size
                if len(found) > max_files:
                    raise _refused(path or ".", f"it has more than {max_files} files")
        finally:
            os.close(start)
    return found
