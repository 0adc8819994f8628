"""aarlab transcript: what a researcher and its language model have said to each other, for people and other tools."""

from collections import deque
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from aarlab.cli.options import Json, Study

if TYPE_CHECKING:
    from aarlab.paths import StudyPaths
    from aarlab.report.transcripts.entries import Entry

POLL_SECONDS = 0.2
"""Between two looks at a transcript that is followed."""
Who = Annotated[
    str | None,
    typer.Argument(metavar="[RESEARCHER]", help="Whose; without it, a list of all.", show_default=False),
]
Session = Annotated[int | None, typer.Option(help="Only this session.", min=1, show_default=False)]
Last = Annotated[int | None, typer.Option(help="Only the last answers, so many.", min=1, show_default=False)]
ToolsOnly = Annotated[bool, typer.Option("--tools-only", help="Only calls of tools and their results.")]
Find = Annotated[str | None, typer.Option(metavar="TEXT", help="Only entries with this text.", show_default=False)]
Lines = Annotated[int, typer.Option(help="Lines shown of what is long; 0 shows all.", min=0)]
Follow = Annotated[bool, typer.Option("--follow", "-f", help="Go on while the study runs.")]
Inspect = Annotated[
    Path | None,
    typer.Option(metavar="OUT.eval", help="Write a log for Inspect's viewer instead.", show_default=False),
]
Otlp = Annotated[
    str | None,
    typer.Option(metavar="URL", help="Send OpenTelemetry spans to this receiver instead.", show_default=False),
]
Otel = Annotated[
    Path | None,
    typer.Option(metavar="OUT.json", help="Write OpenTelemetry spans as OTLP/JSON instead.", show_default=False),
]
Content = Annotated[bool, typer.Option("--content", help="Spans with the words, too.")]
Everybody = Annotated[bool, typer.Option("--all", help="Export the transcripts of all researchers.")]


@dataclass(frozen=True)
class Choice:
    """Which entries are wanted."""

    session: int | None
    """Only of this one."""
    after: int
    """Only of lines behind this one."""
    text: str
    """Only with this text, in lower case; "" = all."""
    tools_only: bool
    """Only calls and results, and where sessions begin."""

    def takes(self, entry: "Entry") -> bool:
        """Whether an entry is wanted."""
        from aarlab.report.transcripts.entries import Answer, Began, Returned, Worked, words

        if (self.session is not None and entry.session != self.session) or entry.line <= self.after:
            return False
        if self.tools_only and not isinstance(entry, Answer | Began | Returned | Worked):
            return False
        return not self.text or self.text in words(entry).lower()


def register(app: typer.Typer) -> None:
    """Adds the command."""
    app.command()(transcript)


def transcript(
    researcher: Who = None,
    session: Session = None,
    last: Last = None,
    tools_only: ToolsOnly = False,
    find: Find = None,
    lines: Lines = 12,
    follow: Follow = False,
    inspect: Inspect = None,
    otlp: Otlp = None,
    otel: Otel = None,
    content: Content = False,
    everybody: Everybody = False,
    study: Study = None,
    as_json: Json = False,
) -> None:
    """What a researcher's language model was told, thought, said and called, with results, costs and times (UTC).

    Text of a model stands behind a bar. --json prints the entries as they are kept, one JSON object a line.
    """
    from aarlab.cli.study import locate

    paths = locate(study)
    if inspect or otlp or otel:
        _export(paths, researcher, inspect=inspect, otlp=otlp, otel=otel, content=content, everybody=everybody)
        return
    if researcher is None:
        _list(paths, as_json=as_json)
        return
    path = _path(paths, researcher, may_come=follow)
    with _readable():
        after = _before_last(path, last, session=session) if last else 0
        choice = Choice(session, after, (find or "").lower(), tools_only)
        _show(paths, path, choice, lines=lines, follow=follow, as_json=as_json)


def _show(paths: "StudyPaths", path: Path, choice: Choice, *, lines: int, follow: bool, as_json: bool) -> None:
    from aarlab.cli import output
    from aarlab.cli.views_transcript import Teller, sum_line
    from aarlab.report.transcripts.reader import Reader
    from aarlab.report.transcripts.turns import add_up

    reader, teller = Reader(), Teller(lines=lines, tools_only=choice.tools_only)
    shown: list[Entry] = []
    for line in _growing(paths, path) if follow else _lines(path):
        entries = reader.feed(line)
        _complain(entries)
        wanted = [entry for entry in entries if choice.takes(entry)]
        if as_json and wanted and not _unreadable(wanted[0]):
            output.say(output.escaped(line.decode().rstrip("\n")))
        elif not as_json:
            for told in (told for entry in wanted for told in teller.tell(entry)):
                output.say(told)
            shown += wanted
    if not as_json:
        output.say(f"\n{sum_line(add_up(shown))}" if shown else "there is no such entry")


def _list(paths: "StudyPaths", *, as_json: bool) -> None:
    """All transcripts of a study, added up."""
    from dataclasses import asdict

    from aarlab.cli import output, views_transcript
    from aarlab.cli.study import read_state
    from aarlab.report.transcripts.reader import read_transcript, transcripts
    from aarlab.report.transcripts.turns import add_up

    read_state(paths)
    with _readable():
        sums = {name: add_up(list(read_transcript(path))) for name, path in transcripts(paths.transcripts).items()}

    def render() -> None:
        output.show(views_transcript.sums_table(sums)) if sums else output.say("no researcher has a transcript")

    data = [{"researcher": name, **asdict(one)} for name, one in sums.items()]
    output.emit(data, as_json=as_json, render=render)


def _export(
    paths: "StudyPaths",
    researcher: str | None,
    *,
    inspect: Path | None,
    otlp: str | None,
    otel: Path | None,
    content: bool,
    everybody: bool,
) -> None:
    """To other tools; a line for each on standard output."""
    from aarlab.cli import output
    from aarlab.report.transcripts import export
    from aarlab.report.transcripts.exhibit import collect

    names = _names(paths, researcher, everybody=everybody)
    with _readable():
        found = collect(paths, names=names)
    who = ", ".join(names)
    if inspect is not None:
        export.to_inspect(found, inspect)
        output.say(f"{inspect}: {who} (inspect view --log-dir {inspect.parent})")
    if otel is not None:
        output.say(f"{otel}: {export.to_file(found, otel, content=content)} spans of {who}")
    if otlp is not None:
        output.say(f"{otlp}: took {export.to_receiver(found, otlp, content=content)} spans of {who}")


def _names(paths: "StudyPaths", researcher: str | None, *, everybody: bool) -> list[str]:
    from aarlab.cli.study import read_state
    from aarlab.errors import UserError
    from aarlab.report.transcripts.reader import transcripts

    if (researcher is None) is not everybody:
        raise UserError("name one researcher, or --all without a name")
    if researcher is not None:
        _path(paths, researcher)
        return [researcher]
    there = transcripts(paths.transcripts)
    found = [name for name in read_state(paths).researchers if name in there]
    if not found:
        raise UserError(f"{paths.root}: no researcher has a transcript")
    return found


def _path(paths: "StudyPaths", name: str, *, may_come: bool = False) -> Path:
    """The researcher's transcript. Raises UserError with who has one, or with what there is instead."""
    from aarlab.cli.study import read_state
    from aarlab.errors import UserError
    from aarlab.fleet.study import running
    from aarlab.report.transcripts.reader import transcripts

    known = read_state(paths).researchers
    there = transcripts(paths.transcripts)
    if name not in known:
        has = f"transcripts have: {', '.join(there)}" if there else "no researcher has a transcript"
        raise UserError(f"there is no researcher {name!r}; {has}")
    mind = known[name].mind
    if name in there or (may_come and mind not in _SILENT and running(paths)):
        return paths.transcripts / f"{name}.jsonl"
    instead = f"what it handed in is in `aarlab log`, what it did in logs/{name}.log"
    why = _SILENT.get(mind, "has said nothing yet")
    raise UserError(f"{name} {why}, so there is no transcript; {instead}")


_SILENT = {"search": "is a search mind and talks to no language model", "human": "is a person"}
"""Minds without a conversation, and why."""


def _lines(path: Path) -> Iterator[bytes]:
    with path.open("rb") as stream:
        yield from stream


def _growing(paths: "StudyPaths", path: Path) -> Iterator[bytes]:
    """Whole lines as they are written, until the study has stopped or somebody presses Ctrl-C."""
    from aarlab.cli.signals import stop_on_signals
    from aarlab.fleet.study import running

    place, rest = 0, b""
    with stop_on_signals() as asked:
        while not asked.is_set():
            at_work = running(paths) is not None
            rest += (fresh := _behind(path, place))
            place += len(fresh)
            *whole, rest = rest.split(b"\n")
            yield from (line + b"\n" for line in whole)
            if not fresh and not at_work:
                break
            asked.wait(0.0 if fresh else POLL_SECONDS)
    if rest:
        yield rest


def _behind(path: Path, place: int) -> bytes:
    try:
        with path.open("rb") as stream:
            stream.seek(place)
            return stream.read()
    except FileNotFoundError:
        return b""


def _before_last(path: Path, last: int, *, session: int | None) -> int:
    """The line before the last so many answers."""
    from aarlab.report.transcripts.entries import Answer
    from aarlab.report.transcripts.reader import read_transcript

    if not path.exists():
        return 0
    answers = (one for one in read_transcript(path) if isinstance(one, Answer) and session in (None, one.session))
    found = deque((answer.line for answer in answers), maxlen=last)
    return found[0] - 1 if found else 0


def _unreadable(entry: "Entry") -> bool:
    from aarlab.report.transcripts.entries import Strange

    return isinstance(entry, Strange) and not entry.kind


def _complain(entries: "list[Entry]") -> None:
    from aarlab.cli import output

    for entry in filter(_unreadable, entries):
        output.warn(f"note: line {entry.line} is not whole and is left out (a process was killed as it wrote?)")


@contextmanager
def _readable() -> Iterator[None]:
    from aarlab.errors import UserError

    try:
        yield
    except PermissionError as error:
        raise UserError(f"{error.filename}: may not be read by this user") from None
