"""Spans on their way out: to an OTLP/HTTP receiver, or into a file. Needs the extra `otel`."""

import base64
import json
import logging
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime
from hashlib import sha256
from importlib.metadata import version
from importlib.util import find_spec
from typing import TYPE_CHECKING

from aarlab.errors import OperatorError
from aarlab.report.transcripts.spans import Span

if TYPE_CHECKING:
    from opentelemetry.sdk.trace import ReadableSpan

BATCH = 256
"""Spans of one request."""
TIMEOUT = 10.0
"""Seconds that a receiver has for one, attempts included."""
SERVICE = "aarlab"


def require() -> None:
    """Raises OperatorError where the libraries are missing."""
    if find_spec("opentelemetry.sdk") is None or find_spec("opentelemetry.exporter.otlp.proto.http") is None:
        raise OperatorError('OpenTelemetry needs libraries: pip install "aarlab[otel]"')


def as_json(spans: Sequence[Span], *, trace: str) -> str:
    """Spans as one line of OTLP/JSON, as collectors read it from files. `trace` names the trace."""
    from google.protobuf.json_format import MessageToDict
    from opentelemetry.exporter.otlp.proto.common.trace_encoder import encode_spans

    data = MessageToDict(encode_spans(_ready(spans, trace=trace)), use_integers_for_enums=True)
    scopes = [scope for resource in data.get("resourceSpans", []) for scope in resource["scopeSpans"]]
    for span in (span for scope in scopes for span in scope["spans"]):
        for name in {"traceId", "spanId", "parentSpanId"} & set(span):
            # OTLP/JSON has these in hexadecimal, where protobuf's own JSON has base64.
            span[name] = base64.b64decode(span[name]).hex()
    return json.dumps(data)


def send(spans: Sequence[Span], *, trace: str, url: str) -> None:
    """Sends spans to a receiver. Raises OperatorError where it does not take them."""
    from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
    from opentelemetry.sdk.trace.export import SpanExporter, SpanExportResult

    exporter: SpanExporter = OTLPSpanExporter(endpoint=url, timeout=TIMEOUT)
    ready = _ready(spans, trace=trace)
    try:
        with _overheard() as words:
            for start in range(0, len(ready), BATCH):
                if exporter.export(ready[start : start + BATCH]) is not SpanExportResult.SUCCESS:
                    why = words[-1] if words else "no reason given"
                    raise OperatorError(f"{url}: did not take the spans ({why}); receivers listen at /v1/traces")
    finally:
        exporter.shutdown()


@contextmanager
def _overheard() -> Iterator[list[str]]:
    """What the library logs, for a reason: it says nowhere else why it has failed."""
    words: list[str] = []

    class Ear(logging.Handler):
        def emit(self, record: logging.LogRecord) -> None:
            words.append(record.getMessage().rstrip("."))

    ear, log = Ear(), logging.getLogger("opentelemetry")
    log.addHandler(ear)
    try:
        yield words
    finally:
        log.removeHandler(ear)


def _ready(spans: Sequence[Span], *, trace: str) -> "list[ReadableSpan]":
    """The library's spans, made directly: a tracer would give them new ids with each export, and so double them."""
    from opentelemetry.sdk.resources import Resource
    from opentelemetry.sdk.trace import ReadableSpan
    from opentelemetry.sdk.util.instrumentation import InstrumentationScope
    from opentelemetry.trace import SpanContext, SpanKind, Status, StatusCode, TraceFlags

    own = version("aarlab")
    resource = Resource({"service.name": SERVICE, "service.version": own})
    scope = InstrumentationScope("aarlab.report.transcripts", own)

    def context(key: str) -> SpanContext:
        span = _number(f"{trace}/{key}", size=8)
        return SpanContext(_number(trace, size=16), span, is_remote=False, trace_flags=TraceFlags(TraceFlags.SAMPLED))

    return [
        ReadableSpan(
            one.name,
            context=context(one.key),
            parent=context(one.parent) if one.parent else None,
            resource=resource,
            attributes=one.attributes,
            kind=SpanKind.CLIENT if one.outside else SpanKind.INTERNAL,
            status=Status(StatusCode.ERROR, one.error) if one.error else Status(StatusCode.UNSET),
            start_time=_nanoseconds(one.begin),
            end_time=_nanoseconds(one.end),
            instrumentation_scope=scope,
        )
        for one in spans
    ]


def _number(text: str, *, size: int) -> int:
    """A number of so many bytes that is always the same for a text."""
    return int.from_bytes(sha256(text.encode()).digest()[:size])


def _nanoseconds(time: datetime) -> int:
    since = time - datetime(1970, 1, 1, tzinfo=UTC)
    return (since.days * 86_400 + since.seconds) * 1_000_000_000 + since.microseconds * 1_000
