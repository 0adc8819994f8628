"""Files of the workspace for the command `lab`. What it writes stays in the current folder."""

import os
import sys
from collections.abc import Mapping
from pathlib import Path

from aarlab.errors import ResearcherError, UserError


def text_of(name: str) -> str:
    """A text file, "-" for standard input. Raises UserError."""
    try:
        data = sys.stdin.buffer.read() if name == "-" else Path(name).read_bytes()
        return data.decode()
    except OSError as error:
        raise UserError(f"{name}: cannot be read: {error.strerror}") from None
    except UnicodeDecodeError:
        raise UserError(f"{name}: is not UTF-8 text") from None


def bytes_of(path: Path) -> bytes:
    """A file. Raises UserError."""
    try:
        return path.read_bytes()
    except OSError as error:
        raise UserError(f"{path}: cannot be read: {error.strerror}") from None


def kept(path: Path) -> bytes | None:
    """What `keep` has written; None when there is nothing. Raises ResearcherError."""
    try:
        return path.read_bytes()
    except FileNotFoundError:
        return None
    except OSError as error:
        raise ResearcherError(f"{path}: cannot be read: {error.strerror}") from None


def keep(path: Path, data: bytes) -> None:
    """Writes a file whole or not at all. Raises ResearcherError."""
    fresh = path.with_name(f"{path.name}.{os.getpid()}")
    try:
        path.parent.mkdir(exist_ok=True)
        fresh.write_bytes(data)
        fresh.replace(path)
    except OSError as error:
        raise ResearcherError(f"{path}: cannot be written: {error.strerror}") from None


def method_of(name: str) -> dict[str, str]:
    """Relative path -> text of a method's folder. Raises UserError."""
    folder = Path(name)
    if not (folder / "method.py").is_file():
        raise UserError(f"{name}: a method is a folder with a file method.py")
    paths = sorted(path for path in folder.rglob("*") if path.is_file() and "__pycache__" not in path.parts)
    return {path.relative_to(folder).as_posix(): text_of(str(path)) for path in paths}


def here(name: str) -> Path:
    """A place below the current folder, absolute. Raises UserError for any other, also behind a link."""
    base = Path.cwd().resolve()
    place = (base / name).resolve()
    if place == base or not place.is_relative_to(base):
        raise UserError(f"{name}: does not lie below the current folder")
    return place


def write_new(name: str, files: Mapping[str, str]) -> Path:
    """Writes files into a folder that is new or empty. Raises UserError."""
    folder = here(name)
    if folder.exists() and (not folder.is_dir() or any(folder.iterdir())):
        raise UserError(f"{name}: is there already and not empty")
    places = {here(str(folder / inner)): text for inner, text in files.items()}
    if not all(place.is_relative_to(folder) for place in places):
        raise UserError(f"{name}: the snapshot has a path that leads out of it")
    try:
        for place, text in places.items():
            place.parent.mkdir(parents=True, exist_ok=True)
            place.write_text(text, encoding="utf-8", newline="")
    except OSError as error:
        raise UserError(f"{name}: cannot be written: {error.strerror}") from None
    return folder


def students_of(names: list[str], *, file: str) -> list[bytes]:
    """Students: files, or of one folder each SEED/`file` in the order of seeds. Raises UserError."""
    if len(names) == 1 and Path(names[0]).is_dir():
        folder = Path(names[0])
        seeds = sorted((path for path in folder.iterdir() if path.name.isdigit()), key=lambda path: int(path.name))
        found = [path / file for path in seeds if (path / file).is_file()]
        if not found:
            raise UserError(f"{names[0]}: holds no SEED/{file}; `lab train` makes them")
        return [bytes_of(path) for path in found]
    return [bytes_of(Path(name)) for name in names]
