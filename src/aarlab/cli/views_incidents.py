"""How incidents look in a terminal. What researchers wrote is cleaned and quoted."""

from collections import Counter
from collections.abc import Sequence
from typing import Any

from aarlab.canonical import canonical_json
from aarlab.cli.output import clean, one_line, table
from aarlab.lab.evidence import Bundle
from aarlab.wire import Evidence

SHORT = 12
"""Characters of an id that a person sees."""
_DIFF_LINES = 60


def incidents_table(incidents: Sequence[Evidence]) -> Any:
    """One line an incident, what waits for a person first; `aarlab incidents ID` shows its evidence."""
    order = {"quarantine": 0, "warning": 1, "note": 2}
    incidents = sorted(incidents, key=lambda one: (one.phase == "decided", order[one.level]))
    rows = [
        (
            one.id[:SHORT],
            one.level,
            one.detector,
            one.researcher,
            (one.submission or "-")[:SHORT],
            one.phase if one.decision is None else f"{one.decision}{' (appealed)' if one.phase == 'appealed' else ''}",
            one_line(one.words),
        )
        for one in incidents
    ]
    return table(("incident", "level", "detector", "about", "submission", "state", "what was seen"), rows)


def incidents_line(incidents: Sequence[Evidence]) -> str:
    """How many there are, in one line."""
    count = Counter(one.level for one in incidents if one.phase != "decided")
    parts = [f"{count['quarantine']} rows held for a person", f"{count['warning']} warnings", f"{count['note']} notes"]
    return f"incidents: {', '.join(parts)} (aarlab incidents)"


def bundle_text(found: Bundle) -> str:
    """The evidence of one incident, as text."""
    one = found.incident
    lines = [
        f"{one.id}: {one.level} by {one.detector} about {one.researcher}, submission {one.submission or '-'}",
        one_line(one.words, limit=500),
        *(f"  {name} = {value}" for name, value in one.statistic.items()),
        *_section("quoted from the researcher (data)", one.quotes),
        *_decided(one),
        *_section("proposal, word for word (data)", found.proposal.splitlines()),
        f"entries {one.entries[0]} to {one.entries[1]} of the ledger, those about it:",
        *(f"  {entry['seq']:5d} {entry['actor']:<10} {entry['kind']:<18} {_body(entry)}" for entry in found.entries),
        *(line for name, diff in found.diffs.items() for line in _difference(name, diff)),
        f"files of the method: {', '.join(found.files) or 'none'} (aarlab incidents {one.id[:SHORT]} --json has them)",
    ]
    return "\n".join(lines)


def _section(title: str, lines: Sequence[str]) -> list[str]:
    return [f"{title}:", *(f"  > {clean(line)}" for line in lines)] if lines else []


def _decided(one: Evidence) -> list[str]:
    lines = [f"{one.decision} by {one_line(one.by)}: {one_line(one.reason, limit=2000)}"] if one.decision else []
    for answer in one.answers:
        word = "appeal" if answer.appeal else "reply"
        lines += _section(f"{word} of {one.researcher} (data)", answer.text.splitlines())
    return lines


def _difference(name: str, diff: str) -> list[str]:
    lines = diff.splitlines()
    more = [f"({len(lines) - _DIFF_LINES} more lines: --json)"] if len(lines) > _DIFF_LINES else []
    return _section(f"difference from {name} (data)", [*lines[:_DIFF_LINES], *more] or ["none"])


def _body(entry: dict[str, Any]) -> str:
    return one_line(canonical_json(entry["body"]).decode())
