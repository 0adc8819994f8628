"""A user's own data in the published format: three JSON-lines files, of pairs or of solutions.

The rows carry labels, so they never leave the lab. A fault is answered with one line that names file and line; the
line of a fault is never quoted whole, because it may hold a label.
"""

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, BinaryIO, ClassVar, Literal, TypeAlias

from aarlab.canonical import digest_json
from aarlab.errors import UserError
from aarlab.studyfile import suggest

FILES = ("train_label", "train_unlabel", "test")
"""Names of the splits; each is NAME.jsonl in the folder."""
MINIMUM_ROWS = 100
"""Rows a split needs at least: the half-width of an accuracy on 100 items is already 10 points."""
MINIMUM_GROUPS = 30
"""Groups a split needs at least: intervals are made by resampling groups."""
MAX_LINE = 1_000_000
"""Bytes of the longest line; longer ones are not read into memory."""
_NAMES = ("id", "group", "subset", "source")


@dataclass(frozen=True, kw_only=True)
class _Row:
    texts: ClassVar[tuple[str, ...]]
    labels: ClassVar[Mapping[Any, int]]
    allowed: ClassVar[str]

    label: int
    """0 or 1; see the subclasses."""
    group: str | None = None
    """Rows of one group stay on one side of every split."""
    subset: str | None = None
    """A part of the data to report apart."""
    source: str | None = None
    """Where the row comes from, for example the model that wrote it; kept on the lab's side."""
    ood: bool | None = None
    """Whether it lies outside the training distribution (`id_ood`), if known."""
    where: str
    """"file:line"."""

    def identity(self) -> tuple[str, ...]:
        """What makes two rows the same item: their texts, where the order of two answers does not matter."""
        asked, *answers = (_folded(getattr(self, name)) for name in self.texts)
        return (asked, *sorted(answers))

    def unit(self) -> str:
        """What must stay together in a split: the group, and where none is given the prompt or question."""
        return f"group:{self.group}" if self.group is not None else f"text:{self.identity()[0]}"


@dataclass(frozen=True, kw_only=True)
class PairRow(_Row):
    """Two answers to one prompt, one of which is right (or better). Label 0 = the first is, 1 = the second is."""

    texts = ("prompt", "first", "second")
    labels: ClassVar[Mapping[Any, int]] = {0: 0, 1: 1, "A": 0, "B": 1, "first": 0, "second": 1}
    allowed = '0, false, "A" or "first" if the first answer is right, 1, true, "B" or "second" if the second is'

    prompt: str
    """What was asked."""
    first: str
    """One answer."""
    second: str
    """The other."""


@dataclass(frozen=True, kw_only=True)
class ChoiceRow(_Row):
    """One solution to a question. Label 1 = right, 0 = wrong."""

    texts = ("question", "choice")
    labels: ClassVar[Mapping[Any, int]] = {0: 0, 1: 1}
    allowed = "1 or true if the solution is right, 0 or false if it is wrong"

    question: str
    """What was asked."""
    choice: str
    """The solution."""


Row: TypeAlias = PairRow | ChoiceRow


@dataclass(frozen=True)
class DataFolder:
    """A user's data, checked."""

    kind: Literal["pairs", "choices"]
    """All rows are PairRow, or all are ChoiceRow."""
    train_label: Sequence[Row]
    """What the weak teacher is trained on."""
    train_unlabel: Sequence[Row]
    """What the student is trained on; its labels are for the ceiling alone."""
    test: Sequence[Row]
    """What is held out."""
    digest: str
    """SHA-256 over the rows' content in order; names the data in the ledger."""


def read_folder(path: Path) -> DataFolder:
    """Reads and checks all three files. Raises UserError with one line naming file and line of the first fault."""
    try:
        _check_folder(path)
    except OSError as error:
        raise UserError(f"{path}: cannot be opened: {error.strerror}") from None
    splits = {name: tuple(_read_rows(path / f"{name}.jsonl")) for name in FILES}
    for name, rows in splits.items():
        _check_split(path / f"{name}.jsonl", rows)
    _check_one_kind(list(splits.values()))
    _check_disjoint(list(splits.values()))
    kind: Literal["pairs", "choices"] = "pairs" if isinstance(splits["test"][0], PairRow) else "choices"
    content = {name: [_content(row) for row in rows] for name, rows in splits.items()}
    return DataFolder(kind=kind, **splits, digest=digest_json(content))


def _folded(text: str) -> str:
    return " ".join(text.split())


def _content(row: Row) -> list[Any]:
    return [*(getattr(row, name) for name in row.texts), row.label, row.group, row.subset, row.source, row.ood]


# ---- the folder ---------------------------------------------------------------------------------------------


def _check_folder(path: Path) -> None:
    if not path.exists():
        raise UserError(f"{path}: there is no such folder (problem.data is a folder with {_names()})")
    if not path.is_dir():
        raise UserError(f"{path}: is not a folder; problem.data is a folder with {_names()}")
    for name in FILES:
        _check_file(path / f"{name}.jsonl")


def _names() -> str:
    return ", ".join(f"{name}.jsonl" for name in FILES)


def _check_file(path: Path) -> None:
    if not path.exists():
        hint = suggest(path.name, _siblings(path))
        raise UserError(f"{path}: the file is missing{hint}; problem.data is a folder with {_names()}")
    if not path.is_file():
        raise UserError(f"{path}: is not a regular file")


def _siblings(path: Path) -> list[str]:
    try:
        return [entry.name for entry in path.parent.iterdir() if entry.stem not in FILES]
    except OSError:
        return []


# ---- one file -----------------------------------------------------------------------------------------------


def _read_rows(path: Path) -> Iterator[Row]:
    try:
        with path.open("rb") as stream:
            yield from (_parse_row(line, where=where) for where, line in _read_lines(stream, path))
    except OSError as error:
        raise UserError(f"{path}: cannot be read: {error.strerror}") from None


def _read_lines(stream: BinaryIO, path: Path) -> Iterator[tuple[str, bytes]]:
    """Lines that are not blank, with their place. A line over the cap is refused before it is read to its end."""
    number = 0
    while line := stream.readline(MAX_LINE + 1):
        number += 1
        if len(line) > MAX_LINE:
            raise UserError(
                f"{path}:{number}: the line is longer than {MAX_LINE // 1_000_000} MB; one line is one item"
            )
        if line.strip():
            yield f"{path}:{number}", line


def _parse_row(line: bytes, *, where: str) -> Row:
    record = _parse_json(line, where=where)
    row_type = _row_type(record, where=where)
    known = (*row_type.texts, "label", *_NAMES, "id_ood")
    for field in record:
        if field not in known:
            hint = suggest(field, known) or f"; there are {', '.join(known)}"
            raise UserError(f"{where}: unknown field {_short(field)}{hint}")
    fields: dict[str, Any] = {name: _text(record, name, where=where) for name in row_type.texts}
    fields |= {name: _name(record, name, where=where) for name in _NAMES}
    fields.pop("id")
    return row_type(**fields, label=_label(record, row_type, where=where), ood=_ood(record, where=where), where=where)


def _parse_json(line: bytes, *, where: str) -> dict[str, Any]:
    try:
        text = line.decode("utf-8")
    except UnicodeDecodeError as error:
        raise UserError(f"{where}: byte {error.start + 1} is not UTF-8") from None
    try:
        record = json.loads(text, object_pairs_hook=_unique, parse_constant=_refuse_constant)
    except json.JSONDecodeError as error:
        raise UserError(f"{where}: is not JSON: {error.msg} at column {error.colno}") from None
    except (ValueError, RecursionError) as error:
        raise UserError(f"{where}: is not an item: {error}") from None
    if not isinstance(record, dict):
        raise UserError(f"{where}: must be a JSON object like {{...}}, not {_kind_of(record)}")
    return record


def _unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    record = dict(pairs)
    if len(record) != len(pairs):
        names = [name for name, _ in pairs]
        raise ValueError(f"the field {_short(next(name for name in names if names.count(name) > 1))} is there twice")
    return record


def _refuse_constant(word: str) -> Any:
    raise ValueError(f"{word} is not a JSON value")


def _row_type(record: Mapping[str, Any], *, where: str) -> type[Row]:
    pair, choice = ({name for name in kind.texts if name in record} for kind in (PairRow, ChoiceRow))
    if pair and choice:
        raise UserError(
            f"{where}: mixes fields of pairs ({', '.join(sorted(pair))}) and of solutions ({', '.join(sorted(choice))})"
        )
    if not pair and not choice:
        raise UserError(
            f"{where}: has neither the fields of a pair (prompt, first, second) nor of a solution (question, choice)"
        )
    return PairRow if pair else ChoiceRow


# ---- one field ----------------------------------------------------------------------------------------------


def _text(record: Mapping[str, Any], name: str, *, where: str) -> str:
    if name not in record:
        raise UserError(f"{where}: the field {name} is missing")
    value = record[name]
    if not isinstance(value, str):
        raise UserError(f"{where}: {name} must be text, not {_kind_of(value)}")
    if not value.strip():
        raise UserError(f"{where}: {name} is empty")
    return _unicode(value, name, where=where)


def _unicode(value: str, name: str, *, where: str) -> str:
    try:
        value.encode()
    except UnicodeEncodeError:
        raise UserError(f"{where}: {name} holds half a character (a lone surrogate such as \\ud800)") from None
    return value


def _name(record: Mapping[str, Any], name: str, *, where: str) -> str | None:
    value = record.get(name)
    if value is None:
        return None
    if isinstance(value, bool) or not isinstance(value, str | int):
        raise UserError(f"{where}: {name} must be text or a whole number, not {_kind_of(value)}")
    return _unicode(str(value), name, where=where)


def _label(record: Mapping[str, Any], row_type: type[Row], *, where: str) -> int:
    value = record.get("label")
    if value is None:
        raise UserError(
            f"{where}: has no label; every line of all three files needs one"
            " (those of train_unlabel are for the ceiling, researchers never see them)"
        )
    if not isinstance(value, str | int | float) or value not in row_type.labels:
        raise UserError(f"{where}: unknown label {_short(value)}: it must be {row_type.allowed}")
    return row_type.labels[value]


def _ood(record: Mapping[str, Any], *, where: str) -> bool | None:
    value = record.get("id_ood")
    if value is None:
        return None
    if not isinstance(value, str) or value.lower() not in ("id", "ood"):
        raise UserError(f'{where}: id_ood must be "id" or "ood", not {_short(value)}')
    return value.lower() == "ood"


def _short(value: Any) -> str:
    text = json.dumps(value, ensure_ascii=True)
    return text if len(text) <= 40 else f"{text[:37]}..."


def _kind_of(value: Any) -> str:
    kinds = {dict: "an object", list: "a list", str: "text", bool: "true or false", type(None): "null"}
    return kinds.get(type(value), "a number")


# ---- splits -------------------------------------------------------------------------------------------------


def _check_split(path: Path, rows: Sequence[Row]) -> None:
    end = rows[-1].where if rows else f"{path}:1"
    if len(rows) < MINIMUM_ROWS:
        why = f"at least {MINIMUM_ROWS}, because fewer cannot tell methods apart"
        raise UserError(f"{end}: the file ends after {len(rows)} items; a split needs {why}")
    groups = len({row.unit() for row in rows})
    if groups < MINIMUM_GROUPS:
        why = f"at least {MINIMUM_GROUPS}, because intervals resample whole groups"
        raise UserError(f"{end}: the file ends after {groups} groups (or questions); a split needs {why}")
    if len({row.label for row in rows}) < 2:
        raise UserError(f"{end}: every item up to here has the same label; both must occur")


def _check_one_kind(splits: Sequence[Sequence[Row]]) -> None:
    first = splits[0][0]
    for rows in splits:
        for row in rows:
            if type(row) is not type(first):
                raise UserError(
                    f"{row.where}: is {_noun(row)}, but {first.where} is {_noun(first)}; use one kind in all files"
                )


def _noun(row: Row) -> str:
    return "a pair (prompt, first, second)" if isinstance(row, PairRow) else "a solution (question, choice)"


def _check_disjoint(splits: Sequence[Sequence[Row]]) -> None:
    items: dict[tuple[str, ...], Row] = {}
    groups: dict[str, Row] = {}
    for rows in splits:
        for row in rows:
            if (other := items.get(row.identity())) is not None:
                raise UserError(f"{row.where}: the same item is at {other.where}; no item may be in two splits")
            if row.group is not None and (other := groups.get(row.group)) is not None:
                also = f"its group {_short(row.group)} is also at {other.where}"
                raise UserError(f"{row.where}: {also}; no group may be in two splits")
        items.update((row.identity(), row) for row in rows)
        groups.update((row.group, row) for row in rows if row.group is not None)
