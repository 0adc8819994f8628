"""Transcripts in the hands of other tools: the real libraries of Inspect and OpenTelemetry read what is written."""

import json
import math
import subprocess
import sys
from pathlib import Path

import pytest

from aarlab.errors import OperatorError, UserError
from aarlab.report.transcripts.exhibit import Collection, Exhibit
from aarlab.report.transcripts.export import to_file, to_inspect, to_receiver
from aarlab.report.transcripts.spans import spans
from aarlab.wire import BoardRow
from tests.support.otlp import receiver
from tests.support.transcripts import Script, read

LONG = "x" * 20_000
PROGRAM = Path(sys.executable).with_name("inspect")


def row(**more: object) -> BoardRow:
    facts = {"rank": 1, "value": 0.25, "low": 0.125, "high": 0.5, "status": "ok", "note": "", "facts": {}}
    named = {
        "name": "a plan",
        "researcher": "r1",
        "kind": "method",
        "submission": "v-1",
        "snapshot": "s",
        "family": "em",
    }
    return BoardRow.model_validate({**facts, **named, **more})


def first() -> Script:
    script = Script().session()
    script.answer(("a", "bash", {"command": "ls"}), ("b", "view", "{broken"), text="I look.", thinking="hm")
    script.tool("bash", LONG).tool("view", "not carried out").results(
        ("a", "bash", LONG[:12_000]), ("b", "view", "not carried out")
    )
    script.add("trouble", words="the connection was lost", dollars=0.5, seconds=2.0)
    script.answer(("c", "board", {})).add("session ended")
    return script.session().answer(text="Done.").add("session ended")


@pytest.fixture
def found() -> Collection:
    """Two researchers: one with a verified row, one whose row was struck out and whose transcript is damaged."""
    struck = row(rank=None, standing="disqualified", researcher="r2", submission="v-2")
    other = read(Script().session().bytes() + b'{"kind": "answ\n' + Script().session().answer(text="I am two").bytes())
    exhibits = (
        Exhibit("r1", "llm", "look around", "em", tuple(first().read()), (row(), row(rank=2, submission="v-3"))),
        Exhibit("r2", "llm", "look elsewhere", "any", tuple(other), (struck,)),
    )
    return Collection("my study", "w2s/chat", "0" * 64, 12, "f" * 64, exhibits)


def test_a_receiver_gets_each_span_once_whatever_is_sent_again(found: Collection, tmp_path: Path) -> None:
    pytest.importorskip("opentelemetry.sdk.trace", reason='the extra "otel" is not installed')
    with receiver() as (url, got):
        assert to_receiver(found, url, content=False) == 11
        assert to_receiver(found, url, content=False) == 11
    ids = [(span.trace_id, span.span_id) for span in got]
    assert (len(ids), len(set(ids)), len({trace for trace, _ in ids})) == (22, 11, 2)
    by_id = {span.span_id: span for span in got}
    chats = [span for span in got[:11] if span.name == "chat m"]
    assert {by_id[span.parent_span_id].name for span in chats} == {"invoke_agent r1", "invoke_agent r2"}
    assert chats[0].end_time_unix_nano - chats[0].start_time_unix_nano == 500_000_000
    assert [span.status.message for span in chats if span.status.code] == ["the connection was lost"]
    assert to_file(found, tmp_path / "spans.json", content=True) == 11
    lines = [json.loads(line) for line in (tmp_path / "spans.json").read_text().splitlines()]
    kept = [span for line in lines for span in line["resourceSpans"][0]["scopeSpans"][0]["spans"]]
    assert [bytes.fromhex(span["spanId"]) for span in kept] == [span for _, span in ids[:11]]
    assert {span["traceId"] for span in kept} == {trace.hex() for trace, _ in ids}


def test_names_of_attributes_are_those_of_the_conventions(found: Collection) -> None:
    pytest.importorskip("opentelemetry.semconv", reason='the extra "otel" is not installed')
    from opentelemetry.semconv._incubating.attributes import gen_ai_attributes
    from opentelemetry.semconv.attributes import error_attributes

    known = {
        getattr(place, name)
        for place in (gen_ai_attributes, error_attributes)
        for name in vars(place)
        if name.isupper()
    }
    made = spans(found.exhibits[0].entries, study="s", researcher="r1", content=True)
    assert {name for one in made for name in one.attributes} - known == {"aarlab.dollars"}


def test_a_receiver_that_refuses_is_one_line_with_its_reason(found: Collection) -> None:
    pytest.importorskip("opentelemetry.sdk.trace", reason='the extra "otel" is not installed')
    with receiver(status=404) as (url, _), pytest.raises(OperatorError, match=r"did not take the spans \(.*404.*\)"):
        to_receiver(found, url, content=False)


def test_files_that_cannot_be_written_are_refused(found: Collection, tmp_path: Path) -> None:
    pytest.importorskip("opentelemetry.sdk.trace", reason='the extra "otel" is not installed')
    with pytest.raises(UserError, match="cannot be written"):
        to_file(found, tmp_path / "no" / "spans.json", content=False)


@pytest.mark.slow
def test_inspect_reads_what_was_said_done_and_scored(found: Collection, tmp_path: Path) -> None:
    pytest.importorskip("inspect_ai", reason='the extra "inspect" is not installed')
    from inspect_ai.log import list_eval_logs, read_eval_log

    to_inspect(found, tmp_path / "out.eval")
    (listed,) = list_eval_logs(str(tmp_path))
    log = read_eval_log(listed)
    assert (log.status, log.eval.task, log.eval.model, log.eval.dataset.name) == (
        "success",
        "my study",
        "anthropic/m",
        "w2s/chat",
    )
    assert log.eval.metadata is not None
    assert log.eval.metadata["ledger_head"] == "f" * 64
    assert log.results is not None
    assert (log.results.scores[0].scored_samples, log.results.scores[0].metrics["best"].value) == (1, 0.25)
    assert log.samples is not None
    one, other = log.samples
    assert (one.id, one.input, one.metadata["mind"], one.metadata["dollars"]) == ("r1", "look around", "llm", 1.25)
    assert [message.role for message in one.messages] == (
        ["system", "user", "assistant", "tool", "tool", "assistant", "system", "user", "assistant"]
    )
    assert one.messages[2].tool_calls[1].parse_error == "no JSON object: {broken"
    assert one.messages[3].tool_call_id == one.messages[2].tool_calls[0].id
    assert one.scores is not None
    assert one.scores["verified"].value == 0.25
    assert one.scores["verified"].metadata["low"] == 0.125
    assert one.scores["verified"].answer == "v-1"
    assert one.model_usage["anthropic/m"].total_tokens == 3 * 120
    assert one.model_usage["anthropic/m"].total_cost == 1.25
    assert (one.model_usage["anthropic/m"].input_tokens, one.model_usage["anthropic/m"].input_tokens_cache_read) == (
        90,
        180,
    )
    assert other.scores is not None
    assert math.isnan(other.scores["verified"].value)
    assert other.scores["verified"].explanation == "no row that ranks (v-2: disqualified)"
    assert "I am two" in other.messages[-1].text


@pytest.mark.slow
def test_inspect_has_events_in_their_order_and_time(found: Collection, tmp_path: Path) -> None:
    pytest.importorskip("inspect_ai", reason='the extra "inspect" is not installed')
    from inspect_ai.log import read_eval_log

    to_inspect(found, tmp_path / "out.eval")
    samples = read_eval_log(str(tmp_path / "out.eval")).samples
    assert samples is not None
    one, other = samples
    begin, end = "span_begin", "span_end"
    expected = [begin, "model", "tool", "tool", "model", "model", end, begin, "model", end]
    assert [event.event for event in one.events] == expected
    assert [len(event.input) for event in one.events if event.event == "model"] == [2, 5, 5, 2]
    failed = [event.error for event in one.events if event.event == "model" and event.error]
    assert failed == ["the connection was lost"]
    tool = one.events[2]
    assert (tool.result, tool.truncated, tool.working_time) == (LONG, (20_000, 12_000), 0.125)
    assert tool.message_id == one.messages[3].id
    assert (tool.completed - tool.timestamp).total_seconds() == 0.125
    assert "info" in [event.event for event in other.events]


@pytest.mark.slow
@pytest.mark.filterwarnings("ignore:The inplace keyword")  # pandas, of what Inspect does with it
def test_inspect_shows_it_in_tables_on_the_command_line_and_in_its_viewer(found: Collection, tmp_path: Path) -> None:
    pytest.importorskip("inspect_ai", reason='the extra "inspect" is not installed')
    pytest.importorskip("pandas", reason="Inspect's tables need pandas")
    from inspect_ai.analysis import messages_df, samples_df

    logs = tmp_path / "logs"
    logs.mkdir()
    to_inspect(found, logs / "out.eval")
    samples = samples_df(str(logs))
    assert list(samples["id"]) == ["r1", "r2"]
    assert samples["score_verified"].iloc[0] == 0.25
    assert "I look." in " ".join(messages_df(str(logs))["content"])
    dumped = subprocess.run([PROGRAM, "log", "dump", logs / "out.eval"], capture_output=True, check=True, timeout=120)
    assert json.loads(dumped.stdout)["eval"]["viewer"]["trust_content"] is False
    site = tmp_path / "site"
    bundle = [PROGRAM, "view", "bundle", "--log-dir", logs, "--output-dir", site]
    subprocess.run(bundle, capture_output=True, check=True, timeout=120)
    assert (site / "index.html").is_file()
    assert list(site.rglob("out.eval"))


def test_without_the_package_or_with_a_wrong_name_there_is_one_line(found: Collection, tmp_path: Path) -> None:
    with pytest.raises((OperatorError, UserError), match=r"pip install|ends in \.eval"):
        to_inspect(found, tmp_path / "out.json")
