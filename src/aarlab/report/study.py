"""A study for notebooks: its tables as pandas frames, or as typed rows where pandas is not installed."""

from collections.abc import Callable, Iterable
from dataclasses import asdict, fields
from datetime import UTC, datetime
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any, get_args, get_type_hints

from aarlab.errors import UserError
from aarlab.lab.board import board
from aarlab.lab.follower import Follower
from aarlab.lab.incidents import evidence
from aarlab.lab.records import SubmissionRecord
from aarlab.lab.standing import standing
from aarlab.lab.state import State
from aarlab.lab.store import Event
from aarlab.lab.views import forum, study
from aarlab.paths import StudyPaths
from aarlab.report.costs import costs
from aarlab.report.numbers import timeline
from aarlab.report.tables import (
    BoardLine,
    CostLine,
    CurveLine,
    EventLine,
    FindingLine,
    IncidentLine,
    SubmissionLine,
    TranscriptLine,
)
from aarlab.report.transcripts.entries import Answer, Entry, Returned, Trouble, Worked
from aarlab.report.transcripts.reader import read_transcript, transcripts
from aarlab.wire import BoardRow, StudyState

if TYPE_CHECKING:
    import pandas as pd

TABLES: dict[str, type] = {
    "board": BoardLine,
    "submissions": SubmissionLine,
    "findings": FindingLine,
    "incidents": IncidentLine,
    "costs": CostLine,
    "events": EventLine,
    "transcripts": TranscriptLine,
    "curves": CurveLine,
}
"""Names of the tables, and what a row of each is."""
_DTYPES = {int: "Int64", float: "Float64", str: "string", bool: "boolean", datetime: "datetime64[us, UTC]"}
"""Columns that may have no value stay what they are: pandas' own nullable types."""


def read_study(path: str | Path) -> "Study":
    """A study as its ledger has it now, running or ended; call it again to see more.

    `path` is the study's folder. Raises UserError when no study has begun there.
    """
    paths = StudyPaths(Path(path).absolute())
    if not paths.database.is_file():
        raise UserError(f"{path}: no study has begun here (there is no {paths.database.name})")
    follower = Follower(paths)
    events = tuple(follower.fresh())
    return Study(paths, events, follower.state)


class Study:
    """The tables of one study. Each is made when it is first asked for."""

    def __init__(self, paths: StudyPaths, events: tuple[Event, ...], state: State) -> None:
        """Made by read_study."""
        self._paths, self._ledger, self._state = paths, events, state

    @cached_property
    def state(self) -> StudyState:
        """Name, problem, state, budgets left, dollars and head: as `aarlab status --json`."""
        return study(self._state)

    def rows(self, table: str) -> tuple[Any, ...]:
        """The rows of one of TABLES, as frozen dataclasses; needs no pandas. Raises UserError on another name."""
        if table not in TABLES:
            raise UserError(f"there is no table {table!r}; there are {', '.join(TABLES)}")
        make: Callable[[], Iterable[Any]] = getattr(self, f"_{table}")
        return tuple(make())

    def frame(self, table: str) -> "pd.DataFrame":
        """The same as a frame whose columns have a type also where it is empty. Raises UserError without pandas."""
        try:
            import pandas as pd
        except ImportError:
            raise UserError("pandas is not installed: pip install 'aarlab[notebook]' (rows() needs none)") from None
        hints = get_type_hints(TABLES[table]) if table in TABLES else {}
        found = [asdict(row) for row in self.rows(table)]
        columns = {name: [row[name] for row in found] for name in hints}
        return pd.DataFrame({name: pd.Series(values, dtype=_dtype(hints[name])) for name, values in columns.items()})

    @property
    def board(self) -> "pd.DataFrame":
        """Verified methods and marks: BoardLine."""
        return self.frame("board")

    @property
    def submissions(self) -> "pd.DataFrame":
        """What was handed in: SubmissionLine."""
        return self.frame("submissions")

    @property
    def findings(self) -> "pd.DataFrame":
        """The forum: FindingLine."""
        return self.frame("findings")

    @property
    def incidents(self) -> "pd.DataFrame":
        """What looks dishonest: IncidentLine."""
        return self.frame("incidents")

    @property
    def costs(self) -> "pd.DataFrame":
        """Who has used what: CostLine."""
        return self.frame("costs")

    @property
    def events(self) -> "pd.DataFrame":
        """The ledger: EventLine."""
        return self.frame("events")

    @property
    def transcripts(self) -> "pd.DataFrame":
        """Talk with language models: TranscriptLine."""
        return self.frame("transcripts")

    @property
    def curves(self) -> "pd.DataFrame":
        """PGR over hours and dollars: CurveLine."""
        return self.frame("curves")

    # ---- rows -----------------------------------------------------------------------------------------------

    def _board(self) -> Iterable[BoardLine]:
        return (_board_line(row) for row in board(self._state).rows)

    def _submissions(self) -> Iterable[SubmissionLine]:
        return (_submission_line(self._state, record) for record in self._state.submissions.values())

    def _findings(self) -> Iterable[FindingLine]:
        for post in forum(self._state):
            named = post.submission
            told = None if named is None else named.answer if named.door == "dev" else named.value
            own = {name: getattr(post, name) for name in ("id", "seq", "author", "kind", "title", "text", "corrects")}
            corrected = bool(post.corrected_by)
            name = named.id if named else None
            yield FindingLine(**own, submission=name, value=told, corrected=corrected, votes=post.votes)

    def _incidents(self) -> Iterable[IncidentLine]:
        names = [field.name for field in fields(IncidentLine) if field.name != "seq"]
        for one in evidence(self._state):
            seq = self._state.incidents[one.id].seq
            yield IncidentLine(seq=seq, **{name: getattr(one, name) for name in names})

    def _costs(self) -> Iterable[CostLine]:
        for line in costs(self._ledger).lines:
            yield CostLine(
                who=line.who,
                experiments=line.experiments,
                hours=line.hours,
                core_seconds=line.cpu_seconds,
                gpu_seconds=line.gpu_seconds,
                input_tokens=line.tokens.input,
                output_tokens=line.tokens.output,
                model_dollars=line.model_dollars,
                dollars=line.dollars,
            )

    def _events(self) -> Iterable[EventLine]:
        state = State()
        for event in self._ledger:
            state.apply(event)
            about = event.body.get("id") or event.body.get("researcher") or event.body.get("name")
            hours = state.clock.seconds() / 3600
            time = _time(event.meta["time"])
            yield EventLine(event.seq, time, hours, event.actor, event.kind, about, event.hash)

    def _transcripts(self) -> Iterable[TranscriptLine]:
        for name, path in transcripts(self._paths.transcripts).items():
            yield from (_transcript_line(name, entry) for entry in read_transcript(path))

    def _curves(self) -> Iterable[CurveLine]:
        for point in timeline(self._ledger):
            row, best = point.row, point.best
            yield CurveLine(
                submission=str(row.submission),
                researcher=row.researcher,
                hours=point.hours,
                dollars=point.dollars,
                value=row.value,
                low=row.low,
                high=row.high,
                best=best.submission if best else None,
                best_value=best.value if best else None,
                best_low=best.low if best else None,
            )


def _board_line(row: BoardRow) -> BoardLine:
    same = {field.name: getattr(row, field.name) for field in fields(BoardLine) if field.name in BoardRow.model_fields}
    facts = row.facts
    return BoardLine(**same, accuracy=facts.get("transfer_acc"), teacher_response=facts.get("teacher_response"))


def _submission_line(state: State, record: SubmissionRecord) -> SubmissionLine:
    proposal = state.proposals[record.proposal]
    names = [field.name for field in fields(SubmissionLine) if hasattr(record, field.name)]
    return SubmissionLine(
        **{name: getattr(record, name) for name in names},
        title=proposal.title,
        family=proposal.family,
        time=_time(record.requested),
        accuracy=record.facts.get("transfer_acc"),
        standing=standing(state, record.id),
    )


def _transcript_line(researcher: str, entry: Entry) -> TranscriptLine:
    answer = entry if isinstance(entry, Answer) else None
    paid = entry if isinstance(entry, Answer | Trouble) else None
    timed = entry if isinstance(entry, Answer | Trouble | Worked) else None
    tools = [call.tool for call in answer.calls] if answer else []
    tools += [entry.tool] if isinstance(entry, Worked | Returned) else []
    return TranscriptLine(
        researcher=researcher,
        session=entry.session,
        line=entry.line,
        time=entry.time,
        kind=type(entry).__name__,
        model=answer.model if answer else "",
        tool=", ".join(tools),
        text=entry.words if isinstance(entry, Trouble) else getattr(entry, "text", ""),
        input_tokens=answer.tokens.input if answer else 0,
        output_tokens=answer.tokens.output if answer else 0,
        dollars=paid.dollars if paid else 0.0,
        seconds=timed.seconds if timed else 0.0,
    )


def _time(seconds: float) -> datetime:
    return datetime.fromtimestamp(float(seconds), UTC)


def _dtype(hint: Any) -> str:
    kinds = [kind for kind in (get_args(hint) or (hint,)) if kind is not type(None)]
    return _DTYPES[kinds[0]]
