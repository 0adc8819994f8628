"""How a transcript looks in a terminal or a pipe: who, when, and the words behind a bar, so that none pass for ours."""

import json
from collections.abc import Mapping
from datetime import datetime
from typing import Any

from aarlab.cli.output import clean, one_line, table
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
)
from aarlab.report.transcripts.turns import Sum

BAR = "    | "
WIDE = 400
"""Characters of one line that are shown where results are cut."""


class Teller:
    """Tells entries as text."""

    def __init__(self, *, lines: int, tools_only: bool) -> None:
        """Of what is long `lines` lines are shown, all of them with 0; with `tools_only` calls and results alone."""
        self._lines, self._tools_only = lines, tools_only
        self._begun = False

    def tell(self, entry: Entry) -> list[str]:
        """The lines of an entry; none where it has nothing to say."""
        match entry:
            case Began():
                return self._head(entry)
            case Ended():
                return [f"{_clock(entry.time)} session {entry.session} has ended"]
            case Cut():
                return [
                    f"{_clock(entry.time)} the conversation was cut; {_many(entry.left_out, 'turn')} left out by now"
                ]
            case Told() if not self._tools_only:
                return self._block(entry, "is told" if entry.role == "user" else "instructions", entry.text)
            case Answer():
                return self._answer(entry)
            case Worked():
                return self._block(entry, f"{_name(entry.tool)} answers after {entry.seconds:.2f} s", entry.text)
            case Returned() if not entry.known:
                return self._block(entry, f"{_name(entry.tool)} answers", entry.text)
            case Trouble() if not self._tools_only:
                cost = f"{entry.seconds:.1f} s, ${entry.dollars:.4f}"
                return [f"{_clock(entry.time)} the call failed: {one_line(entry.words, limit=WIDE)} ({cost})"]
            case Strange() if entry.kind and not self._tools_only:
                return self._block(entry, f"an entry of the unknown kind {one_line(entry.kind)}", entry.text)
            case _:
                return []

    def _head(self, began: Began) -> list[str]:
        date = began.time.strftime("%Y-%m-%d %H:%M:%S UTC") if began.time else "at an unknown time"
        above, self._begun = [""] if self._begun else [], True
        return [*above, f"session {began.session}, {one_line(began.model)}, {date}"]

    def _answer(self, answer: Answer) -> list[str]:
        found: list[str] = []
        if not self._tools_only:
            found += self._block(answer, "thinks", answer.thinking) if answer.thinking else []
            found += self._block(answer, "says", answer.text, whole=True) if answer.text else []
        for call in answer.calls:
            found += self._block(answer, f"calls {_name(call.tool)}", _arguments(call))
        return found if self._tools_only else [*found, f"{_clock(answer.time)} {_cost(answer)}"]

    def _block(self, entry: Entry, head: str, text: str, *, whole: bool = False) -> list[str]:
        """The head, and the text cut to what is wanted, each of its lines behind a bar."""
        lines = clean(text).splitlines()
        if whole or not self._lines:
            shown = lines
        else:
            shown = [line if len(line) <= WIDE else f"{line[:WIDE]}…" for line in lines[: self._lines]]
        more = len(lines) - len(shown)
        rest = [f"    ({more} more {'line' if more == 1 else 'lines'}; --lines 0 shows them)"] if more else []
        return [f"{_clock(entry.time)} {head}", *(f"{BAR}{line}".rstrip() for line in shown), *rest]


def sum_line(found: Sum) -> str:
    """What a transcript adds up to."""
    parts = [
        f"{_many(found.sessions, 'session')}, {_many(found.answers, 'answer')}, {_many(found.calls, 'call')} of tools",
        *([_many(found.troubles, "failed call") + " of the model"] if found.troubles else []),
        _tokens(found.tokens),
        f"${found.dollars:.4f}",
        f"{found.model_seconds:.1f} s of the model, {found.tool_seconds:.1f} s of tools",
    ]
    return "; ".join(parts)


def sums_table(sums: Mapping[str, Sum]) -> Any:
    """One line a researcher."""
    rows = [
        (
            name,
            str(one.sessions),
            str(one.answers),
            str(one.calls),
            f"{one.tokens.input:,}",
            f"{one.tokens.output:,}",
            f"{one.dollars:.4f}",
            _clock(one.last),
        )
        for name, one in sums.items()
    ]
    columns = ("researcher", "sessions", "answers", "calls", "tokens in", "out", "dollars", "last entry")
    return table(columns, rows, right=(1, 2, 3, 4, 5, 6))


def _arguments(call: Call) -> str:
    """One line a name, more where the value has more."""
    if call.arguments is None:
        return call.given
    return "\n".join(
        f"{name}: {value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)}"
        for name, value in call.arguments.items()
    )


def _cost(answer: Answer) -> str:
    prices = f" ({one_line(answer.prices)})" if answer.prices else ""
    return f"answered after {answer.seconds:.1f} s: {_tokens(answer.tokens)}, ${answer.dollars:.4f}{prices}"


def _tokens(tokens: Tokens) -> str:
    cached = f" ({tokens.cache_read:,} from the cache)" if tokens.cache_read else ""
    return f"{tokens.input:,} tokens in{cached}, {tokens.output:,} out"


def _name(tool: str) -> str:
    return one_line(tool, limit=64) or "a tool"


def _many(number: int, word: str) -> str:
    return f"{number:,} {word}{'' if number == 1 else 's'}"


def _clock(time: datetime | None) -> str:
    return time.strftime("%H:%M:%S") if time else "--:--:--"
