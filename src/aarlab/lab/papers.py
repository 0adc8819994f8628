"""The user's papers and notes as text for the library: Markdown and text as they are, PDF files by their text."""

import logging
import re
from collections.abc import Iterator, Sequence
from pathlib import Path

from aarlab.errors import UserError
from aarlab.quote import visible

TEXTS = (".md", ".markdown", ".txt")
PDF = ".pdf"
FILE_MB = 32
"""Size of one file as it is given."""
TEXT_KB = 1024
"""Text of one file."""
ALL_KB = 8192
"""Text of all."""
MOST = 200
"""Files."""
_STUDY = "lab.db"
"""A folder with this file is a study: its vault and its records are nobody's reading."""
_NAME = re.compile(r"[^A-Za-z0-9._-]+")
_BROKEN = (ArithmeticError, AttributeError, LookupError, NotImplementedError, RecursionError, TypeError, ValueError)
"""What a parser of a broken file may run into."""


def read_papers(papers: Sequence[str], *, closed: Sequence[Path] = ()) -> dict[str, str]:
    """Text by file name, for the setting study.papers.

    Raises UserError, one line, for what cannot be read, is too much, or lies below a `closed` folder or a study.
    """
    found: dict[str, str] = {}
    for given in papers:
        for path, name in _files(Path(given)):
            _refuse_closed(path, closed)
            text = _text(path)
            found[_free(name, found)] = text
            if len(found) > MOST or sum(map(len, found.values())) > ALL_KB * 1024:
                raise UserError(f"study.papers: more than {MOST} files or {ALL_KB} kB of text; leave some out")
    return found


def _files(path: Path) -> Iterator[tuple[Path, str]]:
    """The files that a path stands for, with clean names. Raises UserError where there is none."""
    if not path.is_dir():
        if path.suffix.lower() not in (*TEXTS, PDF):
            raise UserError(f"study.papers: {path} is none of {', '.join((*TEXTS, PDF))}, and no folder")
        yield path, _clean(path.name)
        return
    inside = [one for one in sorted(path.rglob("*")) if one.suffix.lower() in (*TEXTS, PDF) and one.is_file()]
    if not inside:
        raise UserError(f"study.papers: {path} holds no file of {', '.join((*TEXTS, PDF))}")
    for one in inside:
        yield one, "/".join(map(_clean, (path.resolve().name, *one.relative_to(path).parts)))


def _clean(name: str) -> str:
    """Letters, digits, dots, lines and underscores; no dot in front; what was a PDF is a text."""
    stem = _NAME.sub("-", name).lstrip(".-")[-80:] or "file"
    return f"{stem}.txt" if stem.lower().endswith(PDF) else stem


def _free(name: str, taken: dict[str, str]) -> str:
    """The name, or with a number where another file has it."""
    path, number = Path(name), 1
    while name in taken:
        number += 1
        name = str(path.with_name(f"{path.stem}-{number}{path.suffix}"))
    return name


def _refuse_closed(path: Path, closed: Sequence[Path]) -> None:
    real = path.resolve()
    if any(real.is_relative_to(folder.resolve()) for folder in closed):
        raise UserError(f"study.papers: {path} lies in the study's folder or data, which no researcher may read")
    if any((folder / _STUDY).exists() for folder in real.parents):
        raise UserError(f"study.papers: {path} lies in the folder of a study, which no researcher may read")


def _text(path: Path) -> str:
    try:
        if path.stat().st_size > FILE_MB << 20:
            raise UserError(f"study.papers: {path} is larger than {FILE_MB} MB")
        text = _pdf_text(path) if path.suffix.lower() == PDF else path.read_bytes().decode("utf-8")
    except OSError as error:
        raise UserError(f"study.papers: {path} cannot be read: {error.strerror}") from None
    except UnicodeDecodeError:
        raise UserError(f"study.papers: {path} is not UTF-8 text") from None
    if not text.strip():
        raise UserError(f"study.papers: {path} holds no text")
    if len(text) > TEXT_KB * 1024:
        raise UserError(f"study.papers: {path} has more than {TEXT_KB} kB of text; give an excerpt")
    return "\n".join(visible(line).rstrip() for line in text.splitlines()) + "\n"


def _pdf_text(path: Path) -> str:
    """Page after page; pictures, and pages that are pictures, have no text. Raises UserError."""
    try:
        from pypdf import PdfReader
        from pypdf.errors import PyPdfError
    except ImportError:
        raise UserError(f'study.papers: {path}: to read a PDF, pip install "aarlab[pdf]"') from None
    logging.getLogger("pypdf").setLevel(logging.CRITICAL)  # it tells of every oddity of a file that it can read
    try:
        return "\n\n".join(page.extract_text() for page in PdfReader(path).pages)
    except (PyPdfError, *_BROKEN) as error:
        raise UserError(f"study.papers: {path} is no PDF that can be read: {type(error).__name__}") from None
