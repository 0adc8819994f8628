"""Transcripts for other tools: one function a form. Each needs the extra that its error names."""

from collections.abc import Iterator
from pathlib import Path

from aarlab.errors import UserError
from aarlab.report.transcripts import otel
from aarlab.report.transcripts.exhibit import Collection
from aarlab.report.transcripts.inspect_log import write_inspect
from aarlab.report.transcripts.spans import Span, spans


def to_inspect(found: Collection, target: Path) -> None:
    """One log of Inspect. Raises UserError and OperatorError."""
    write_inspect(found, target)


def to_file(found: Collection, target: Path, *, content: bool) -> int:
    """OTLP/JSON, one line a researcher; how many spans. Raises UserError and OperatorError."""
    otel.require()
    done = [(one, trace) for trace, one in _traces(found, content=content)]
    try:
        target.write_text("".join(f"{otel.as_json(one, trace=trace)}\n" for one, trace in done))
    except OSError as error:
        raise UserError(f"{target}: cannot be written: {error.strerror}") from None
    return sum(len(one) for one, _ in done)


def to_receiver(found: Collection, url: str, *, content: bool) -> int:
    """OTLP over HTTP; how many spans were taken. Raises UserError and OperatorError."""
    if not url.startswith(("http://", "https://")):
        raise UserError(f"--otlp {url}: is no address; write http://HOST:4318/v1/traces")
    otel.require()
    taken = 0
    for trace, one in _traces(found, content=content):
        otel.send(one, trace=trace, url=url)
        taken += len(one)
    return taken


def _traces(found: Collection, *, content: bool) -> Iterator[tuple[str, list[Span]]]:
    """A trace a researcher, by a name that is the same in every export of a study."""
    for one in found.exhibits:
        name = f"{found.origin}/{one.researcher}"
        yield name, spans(one.entries, study=found.study, researcher=one.researcher, content=content)
