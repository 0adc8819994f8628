"""Lines of a transcript become typed entries.

A transcript is one JSON object a line, written while a study goes on (`fleet.transcript`). A crash may have cut a line,
and text in it is a model's or a researcher's: nothing here trusts a line's form, and nothing in it is interpreted.
"""

import json
import math
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Literal

from aarlab.report.transcripts.entries import (
    Answer,
    Began,
    Call,
    Cut,
    Ended,
    Entry,
    Returned,
    Strange,
    Tokens,
    Told,
    Trouble,
    Worked,
    is_tool,
)


class Reader:
    """Turns lines into entries, one after another, also while they are being written."""

    def __init__(self) -> None:
        """At the start of a transcript."""
        self._line = self._session = 0
        self._model = self._system = ""
        self._worked: Counter[str] = Counter()

    def feed(self, line: bytes) -> list[Entry]:
        """The entries of the next line."""
        self._line += 1
        text = line.decode(errors="replace").rstrip("\n")
        raw = _object(text)
        if raw is None:
            return [Strange(self._line, None, self._session, "", text)] if text.strip() else []
        kind = _text(raw.get("kind"))
        read = self._KINDS.get(kind)
        if read is None:
            return [Strange(*self._place(raw), kind or "?", text)]
        return read(self, raw)

    def _place(self, raw: Mapping[str, Any]) -> tuple[int, datetime | None, int]:
        return self._line, _time(raw.get("time")), self._session

    def _began(self, raw: Mapping[str, Any]) -> list[Entry]:
        self._session += 1
        self._model, self._system = _text(raw.get("model")), ""
        self._worked.clear()
        return [Began(*self._place(raw), self._model)]

    def _ended(self, raw: Mapping[str, Any]) -> list[Entry]:
        return [Ended(*self._place(raw))]

    def _cut(self, raw: Mapping[str, Any]) -> list[Entry]:
        return [Cut(*self._place(raw), _count(raw.get("left_out")))]

    def _message(self, raw: Mapping[str, Any]) -> list[Entry]:
        message = _mapping(raw.get("message"))
        found: list[Entry] = []
        system = _text(message.get("instructions"))
        if system and system != self._system:
            self._system = system
            found.append(Told(*self._place(raw), "system", system))
        return found + [entry for part in _parts(message) if (entry := self._told(raw, part)) is not None]

    def _told(self, raw: Mapping[str, Any], part: Mapping[str, Any]) -> Entry | None:
        kind, text, tool = part.get("part_kind"), _content(part.get("content")), _text(part.get("tool_name"))
        if kind == "tool-return" or (kind == "retry-prompt" and tool):
            known = next((name for name in self._worked if is_tool(tool, name)), None)
            if known is not None:
                self._worked -= Counter([known])
            return Returned(*self._place(raw), _text(part.get("tool_call_id")), tool, text, known is not None)
        role: Literal["system", "user"] = "system" if kind == "system-prompt" else "user"
        return Told(*self._place(raw), role, text) if text else None

    def _answer(self, raw: Mapping[str, Any]) -> list[Entry]:
        message = _mapping(raw.get("message"))
        said = {
            kind: [_content(part.get("content")) for part in _parts(message, kind)] for kind in ("thinking", "text")
        }
        self._worked.clear()
        answer = Answer(
            *self._place(raw),
            model=_text(message.get("model_name")) or self._model,
            provider=_text(message.get("provider_name")),
            thinking="\n".join(filter(None, said["thinking"])),
            text="\n".join(filter(None, said["text"])),
            calls=tuple(_call(part) for part in _parts(message, "tool-call")),
            tokens=_tokens(raw.get("tokens")),
            dollars=_number(raw.get("dollars")),
            prices=_text(raw.get("prices")),
            seconds=_number(raw.get("seconds")),
            finish=_text(message.get("finish_reason")),
        )
        return [answer]

    def _tool(self, raw: Mapping[str, Any]) -> list[Entry]:
        tool = _text(raw.get("tool"))
        self._worked[tool] += 1
        text, seconds = _content(raw.get("result")), _number(raw.get("seconds"))
        return [Worked(*self._place(raw), _text(raw.get("tool_call_id")), tool, text, seconds)]

    def _trouble(self, raw: Mapping[str, Any]) -> list[Entry]:
        words, dollars, seconds = _text(raw.get("words")), _number(raw.get("dollars")), _number(raw.get("seconds"))
        return [Trouble(*self._place(raw), words, dollars, seconds)]

    _KINDS: Mapping[str, Callable[["Reader", Mapping[str, Any]], list[Entry]]] = {
        "session": _began,
        "session ended": _ended,
        "cut": _cut,
        "message": _message,
        "answer": _answer,
        "tool": _tool,
        "trouble": _trouble,
    }


def read_transcript(path: Path) -> Iterator[Entry]:
    """The entries of a file, from its beginning."""
    reader = Reader()
    with path.open("rb") as stream:
        for line in stream:
            yield from reader.feed(line)


def transcripts(folder: Path) -> dict[str, Path]:
    """The transcripts of a study by researcher, in the order of their names."""
    return {path.stem: path for path in sorted(folder.glob("*.jsonl"))}


def _object(text: str) -> Mapping[str, Any] | None:
    try:
        found = json.loads(text)
    except (ValueError, RecursionError):
        return None
    return found if isinstance(found, dict) else None


def _mapping(value: Any) -> Mapping[str, Any]:
    return value if isinstance(value, dict) else {}


def _text(value: Any) -> str:
    return value if isinstance(value, str) else ""


def _number(value: Any) -> float:
    try:
        return float(value) if isinstance(value, int | float) and math.isfinite(value) else 0.0
    except OverflowError:
        return 0.0


def _count(value: Any) -> int:
    return max(0, value) if isinstance(value, int) else 0


def _time(value: Any) -> datetime | None:
    try:
        found = datetime.fromisoformat(_text(value))
    except ValueError:
        return None
    return found if found.tzinfo else found.replace(tzinfo=UTC)


def _parts(message: Mapping[str, Any], kind: str | None = None) -> list[Mapping[str, Any]]:
    parts = message.get("parts")
    found = [_mapping(part) for part in parts] if isinstance(parts, list) else []
    return [part for part in found if kind is None or part.get("part_kind") == kind]


def _content(value: Any) -> str:
    """Text, or a list of texts and other things, or JSON, as text."""
    if value is None or isinstance(value, str):
        return value or ""
    if isinstance(value, list):
        return "\n".join(_content(one) for one in value)
    inner = _mapping(value)
    return _text(inner.get("text") or inner.get("content")) or json.dumps(value, ensure_ascii=False)


def _call(part: Mapping[str, Any]) -> Call:
    given = part.get("args")
    text = given if isinstance(given, str) else json.dumps(given, ensure_ascii=False) if given is not None else "{}"
    return Call(_text(part.get("tool_call_id")), _text(part.get("tool_name")), _object(text or "{}"), text)


def _tokens(value: Any) -> Tokens:
    raw = _mapping(value)
    return Tokens(*(_count(raw.get(name)) for name in ("input", "output", "cache_read", "cache_write")))
