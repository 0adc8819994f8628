"""Where the rows of a source come from: a file or folder here, or files of a data set on the Hub at one commit."""

import csv
import gzip
import hashlib
import json
import logging
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from aarlab.errors import OperatorError, UserError

Record = Mapping[str, Any]
SUFFIXES = (".jsonl", ".jsonl.gz", ".json", ".csv", ".parquet")
UNKNOWN = "see source"
"""The licence of what nobody has looked up."""
BATCH = 128
"""Rows of a Parquet file in memory at a time: those of TACO have tests of megabytes beside them."""
_REVISION = re.compile(r"[0-9a-f]{40}")
_HUB = re.compile(r"[\w.-]+/[\w.-]+")
_FIELD = 16_000_000
"""Characters of the longest field of a CSV file."""


@dataclass(frozen=True)
class Known:
    """A published data set."""

    hub: str
    """Its name on the Hub."""
    files: tuple[str, ...]
    """Which of its files are read."""
    licence: str
    """As its card says."""
    revision: str | None = None
    """The commit that is read unless another is named; None = it must be named."""


@dataclass(frozen=True)
class Origin:
    """One source of a build."""

    name: str
    """As a recipe calls it."""
    paths: tuple[Path, ...]
    """Files here."""
    hub: str | None
    """Name on the Hub; None = files of the user."""
    revision: str | None
    """Commit on the Hub."""
    licence: str
    """Name of the licence."""

    def facts(self) -> dict[str, Any]:
        """What build.json says of it; no path of this machine."""
        files = [{"name": path.name, "bytes": path.stat().st_size, "sha256": _sha256(path)} for path in self.paths]
        return {"hub": self.hub, "revision": self.revision, "licence": self.licence, "files": files}

    def records(self) -> Iterator[Record]:
        """All rows, file by file. Raises UserError naming file and line of what cannot be read."""
        for path in self.paths:
            yield from read_records(path)


def split_argument(text: str) -> tuple[str, str]:
    """NAME and the rest of NAME=REST. Raises UserError."""
    name, equals, rest = text.partition("=")
    if not equals or not name.strip() or not rest.strip():
        raise UserError(f"--source {text}: write it as NAME=PATH or NAME=OWNER/DATASET@REVISION")
    return name.strip(), rest.strip()


def find(name: str, place: str | None, *, known: Known | None) -> Origin:
    """The files of a source; those of the Hub are fetched into its cache. `place` None = the known data set.

    Raises UserError on a missing path or a revision that is not a commit, OperatorError without the extra `data` or
    when the Hub does not answer.
    """
    here = _here(place)
    if here is not None:
        return Origin(name, _local(here, name=name), None, None, known.licence if known else UNKNOWN)
    hub, revision = _hub_name(name, place, known=known)
    if known is None:
        raise UserError(f"--source {name}={place}: there is no such file")
    paths = tuple(_fetch(hub, file, revision=revision) for file in known.files)
    return Origin(name, paths, hub, revision, known.licence if hub == known.hub else UNKNOWN)


def check(name: str, place: str | None, *, known: Known | None) -> None:
    """Raises UserError where `find` would do so before it fetches anything."""
    if _here(place) is None:
        _hub_name(name, place, known=known)


def _here(place: str | None) -> Path | None:
    path = Path(place).expanduser() if place is not None else None
    return path if path is not None and path.exists() else None


def _hub_name(name: str, place: str | None, *, known: Known | None) -> tuple[str, str]:
    if place is None and known is not None and known.revision is not None:
        return known.hub, known.revision
    hub, _, revision = (place or (known.hub if known else "")).partition("@")
    if not _HUB.fullmatch(hub):
        raise UserError(
            f"--source {name}={place}: there is no such file or folder, and it is no OWNER/DATASET@REVISION"
        )
    if not _REVISION.fullmatch(revision):
        raise UserError(
            f"--source {name}={hub}@REVISION: REVISION must be a commit of 40 hexadecimal digits (the page of the "
            "data set shows it under Files, History), so that a second build reads the same"
        )
    return hub, revision


def _local(path: Path, *, name: str) -> tuple[Path, ...]:
    if not path.is_dir():
        return (path,)
    found = tuple(sorted(one for one in path.iterdir() if one.is_file() and one.name.endswith(SUFFIXES)))
    if not found:
        raise UserError(f"--source {name}={path}: the folder holds none of {', '.join(f'*{one}' for one in SUFFIXES)}")
    return found


def _fetch(hub: str, file: str, *, revision: str) -> Path:
    try:
        from huggingface_hub import hf_hub_download
        from huggingface_hub.errors import EntryNotFoundError, HfHubHTTPError, LocalEntryNotFoundError
    except ImportError:
        raise OperatorError("data sets of the Hub need the extra `data`: pip install 'aarlab[data]'") from None
    logging.getLogger("huggingface_hub").setLevel(logging.ERROR)  # it warns of every attempt
    try:
        return Path(hf_hub_download(hub, file, repo_type="dataset", revision=revision))
    except LocalEntryNotFoundError:
        raise OperatorError(
            f"{hub}: the Hub cannot be reached; name files of yours (NAME=PATH), or leave it out (--only-named)"
        ) from None
    except EntryNotFoundError:
        raise UserError(
            f"{hub}@{revision[:8]}: there is no file {file}; fetch what you want and name it: NAME=PATH"
        ) from None
    except (HfHubHTTPError, OSError) as error:
        reason = str(error).strip().splitlines()[0] if str(error).strip() else type(error).__name__
        raise OperatorError(f"{hub}@{revision[:8]}: {file} cannot be fetched: {reason}") from None


# ---- files --------------------------------------------------------------------------------------------------


def read_records(path: Path) -> Iterator[Record]:
    """The rows of one file, by its ending. Raises UserError naming file and line."""
    name = path.name
    try:
        if name.endswith((".jsonl", ".jsonl.gz")):
            yield from _json_lines(path)
        elif name.endswith(".json"):
            yield from _json(path)
        elif name.endswith(".csv"):
            yield from _csv(path)
        elif name.endswith(".parquet"):
            yield from _parquet(path)
        else:
            raise UserError(f"{path}: unknown kind of file; it must end in one of {', '.join(SUFFIXES)}")
    except (OSError, EOFError) as error:
        raise UserError(f"{path}: cannot be read: {error}") from None
    except UnicodeDecodeError as error:
        raise UserError(f"{path}: is not UTF-8 (byte {error.start + 1})") from None


def _json_lines(path: Path) -> Iterator[Record]:
    opened = gzip.open if path.name.endswith(".gz") else open
    with opened(path, "rt", encoding="utf-8") as stream:
        for number, line in enumerate(stream, 1):
            if line.strip():
                yield _object(_parsed(line, where=f"{path}:{number}"), where=f"{path}:{number}")


def _json(path: Path) -> Iterator[Record]:
    whole = _parsed(path.read_text(encoding="utf-8"), where=str(path))
    if not isinstance(whole, list):
        raise UserError(f"{path}: must be a JSON list of rows")
    for number, row in enumerate(whole, 1):
        yield _object(row, where=f"{path}: row {number}")


def _parsed(text: str, *, where: str) -> Any:
    try:
        return json.loads(text)
    except (ValueError, RecursionError) as error:
        raise UserError(f"{where}: is not JSON: {error}") from None


def _object(row: Any, *, where: str) -> Record:
    if not isinstance(row, dict):
        raise UserError(f"{where}: must be a JSON object like {{...}}")
    return row


def _csv(path: Path) -> Iterator[Record]:
    csv.field_size_limit(_FIELD)
    with path.open(encoding="utf-8-sig", newline="") as stream:
        try:
            yield from csv.DictReader(stream)
        except csv.Error as error:
            raise UserError(f"{path}: is not CSV: {error}") from None


def _parquet(path: Path) -> Iterator[Record]:
    try:
        import pyarrow
        from pyarrow.parquet import ParquetFile
    except ImportError:
        raise OperatorError(f"{path}: Parquet files need the extra `data`: pip install 'aarlab[data]'") from None
    try:
        for batch in ParquetFile(path).iter_batches(batch_size=BATCH):
            yield from batch.to_pylist()
    except pyarrow.ArrowException as error:
        raise UserError(f"{path}: is not Parquet: {error}") from None


def _sha256(path: Path) -> str:
    with path.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()
