"""Transcripts read, put together, and turned into the terms of other tools."""

import json
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from hashlib import sha256
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from aarlab.fleet.secrets import BLANK, Secrets
from aarlab.fleet.transcript import Transcript
from aarlab.report.transcripts.entries import Answer, Returned, Strange, Tokens, Told, Trouble, words
from aarlab.report.transcripts.reader import read_transcript
from aarlab.report.transcripts.spans import spans
from aarlab.report.transcripts.talk import asked
from aarlab.report.transcripts.turns import add_up, by_session, turns
from tests.support.transcripts import Script, kinds, read

LONG = "x" * 20_000


def two_sessions() -> Script:
    first = (
        Script().session().answer(("a", "bash", {"command": "ls"}), ("b", "bash", '{"command": "pwd"}'), text="I look.")
    )
    first.tool("bash", "/work").tool("bash", LONG).results(("a", "bash", LONG[:9000] + "..."), ("b", "bash", "/work"))
    first.add("trouble", words="the connection was lost", dollars=0.5, seconds=2.0)
    first.answer(thinking="enough", text="Done.").add("session ended")
    return first.session().answer(text="Nothing.").add("session ended")


def test_every_entry_is_read_and_added_up() -> None:
    entries = two_sessions().read()
    assert kinds(entries)[:8] == ["Began", "Told", "Told", "Answer", "Worked", "Worked", "Returned", "Returned"]
    assert kinds(entries)[8:] == ["Trouble", "Answer", "Ended", "Began", "Told", "Told", "Answer", "Ended"]
    assert [entry.text for entry in entries if isinstance(entry, Told)][:2] == [
        "Cheating disqualifies.",
        "Your direction: look",
    ]
    assert [entry.known for entry in entries if isinstance(entry, Returned)] == [True, True]
    total = add_up(entries)
    assert (total.sessions, total.answers, total.calls, total.troubles, total.damaged) == (2, 3, 2, 1, 0)
    assert total.tokens == Tokens(300, 60, 180, 30)
    assert total.dollars == 1.25
    assert total.model_seconds == 3.5
    assert total.tool_seconds == 0.25
    assert list(by_session(entries)) == [1, 2]


def test_results_of_parallel_calls_find_their_call() -> None:
    turn = turns(two_sessions().read())[0]
    assert [work.call.arguments for work in turn.work] == [{"command": "ls"}, {"command": "pwd"}]
    assert [work.worked and work.worked.text for work in turn.work] == [LONG, "/work"]
    assert [work.returned and work.returned.text[:5] for work in turn.work] == ["xxxxx", "/work"]


def test_results_are_found_by_id_and_behind_the_name_of_a_server() -> None:
    calls = (("a", "mcp__aarlab__board", {}), ("b", "mcp__aarlab__board", {}), ("c", "Read", {}))
    script = Script().session().answer(*calls).tool("board", "second", tool_call_id="b").tool("board", "first")
    script.results(("a", "mcp__aarlab__board", "first"), ("b", "mcp__aarlab__board", "second"), ("c", "Read", "own"))
    entries = script.read()
    assert [entry.known for entry in entries if isinstance(entry, Returned)] == [True, True, False]
    works = turns(entries)[0].work
    assert [work.worked.text if work.worked else "-" for work in works] == ["first", "second", "-"]


def test_a_call_has_before_it_what_the_model_saw() -> None:
    script = Script().session()
    for number in range(4):
        script.answer((f"c{number}", "bash", {})).results((f"c{number}", "bash", f"result {number}"))
    script.add(
        "message",
        message={"parts": [{"part_kind": "user-prompt", "content": "anew"}], "instructions": "Cheating disqualifies."},
    )
    script.add("cut", left_out=3).answer(text="on")
    found = list(asked(script.read()))
    assert [len(one.before) for one in found] == [2, 4, 6, 8, 4]
    assert [one.new for one in found] == [2, 1, 1, 1, 2]
    assert [words(entry).strip() for entry in found[-1].before] == [
        "Cheating disqualifies.",
        "anew",
        "bash {}",
        "bash\nresult 3",
    ]


@pytest.mark.parametrize(
    ("line", "kind"),
    [
        (b'{"time": "2026-01-02T03:04:05+00:00", "kind": "ans', ""),
        (b"[1, 2]", ""),
        (b"[" * 100_000, ""),
        (b"\xff\xfe", ""),
        (b'{"kind": "dream"}', "dream"),
        (b'{"kind": 7}', "?"),
    ],
)
def test_what_is_no_entry_is_kept_apart(line: bytes, kind: str) -> None:
    good = Script().session().answer(text="a").bytes()
    entries = read(good + line + b"\n" + good)
    strange = [entry for entry in entries if isinstance(entry, Strange)]
    assert [(entry.kind, entry.line) for entry in strange] == [(kind, 4)]
    assert sum(isinstance(entry, Answer) for entry in entries) == 2


TEXT = st.text("ab \n\x1b\u202e", max_size=5)
JSON = st.recursive(
    st.none() | st.booleans() | st.floats() | st.integers() | TEXT,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(TEXT, inner, max_size=3),
    max_leaves=6,
)
KINDS = ("session", "session ended", "cut", "message", "answer", "tool", "trouble")
FIELDS = (
    "time",
    "model",
    "message",
    "tokens",
    "dollars",
    "seconds",
    "left_out",
    "tool",
    "result",
    "words",
    "tool_call_id",
)
PART = st.fixed_dictionaries(
    {"part_kind": st.sampled_from(("tool-call", "tool-return", "text", "thinking", "user-prompt")) | JSON},
    optional=dict.fromkeys(("content", "args", "tool_name", "tool_call_id"), JSON),
)
MESSAGE = st.fixed_dictionaries({"parts": st.lists(PART, max_size=3) | JSON, "instructions": JSON}) | JSON
ENTRY = st.fixed_dictionaries(
    {"kind": st.sampled_from(KINDS), "message": MESSAGE}, optional={name: JSON for name in FIELDS if name != "message"}
)


@settings(deadline=None, max_examples=20)
@given(st.lists(ENTRY, max_size=6))
def test_no_form_of_an_entry_breaks_a_reader(raw: list[object]) -> None:
    entries = read(b"".join(json.dumps(one).encode() + b"\n" for one in raw))
    assert add_up(entries).dollars >= -1e308
    assert [one.reply for one in asked(entries)] == [one for one in entries if isinstance(one, Answer | Trouble)]
    assert len(turns(entries)) == sum(isinstance(one, Answer) for one in entries)
    spans(entries, study="s", researcher="r1", content=True)


def test_spans_have_the_times_of_what_they_stand_for() -> None:
    found = spans(two_sessions().read(), study="s", researcher="r1", content=False)
    chats, tools = ["chat m"] * 3, ["execute_tool bash"] * 2
    assert [one.name for one in found] == ["invoke_agent r1", *chats, *tools, "invoke_agent r1", "chat m"]
    session, first, failed = found[0], found[1], found[2]
    assert {one.parent for one in found[1:6]} == {session.key}
    assert found[-1].parent == found[-2].key
    assert len({one.key for one in found}) == len(found)
    assert first.end - first.begin == timedelta(seconds=0.5)
    assert all(session.begin <= one.begin <= one.end <= session.end for one in found[1:6])
    assert first.attributes["gen_ai.provider.name"] == "anthropic"
    assert first.attributes["gen_ai.response.model"] == "m-1"
    assert first.attributes["gen_ai.usage.cache_read.input_tokens"] == 60
    assert failed.error == "the connection was lost"
    assert session.attributes["gen_ai.usage.input_tokens"] == 200
    assert "look" not in str(found)


def test_content_of_spans_says_each_thing_once() -> None:
    found = spans(two_sessions().read(), study="s", researcher="r1", content=True)
    first, second, third = (one.attributes for one in found[1:4])
    assert json.loads(str(first["gen_ai.system_instructions"])) == [
        {"type": "text", "content": "Cheating disqualifies."}
    ]
    asked_first = json.loads(str(first["gen_ai.input.messages"]))
    assert asked_first == [{"role": "user", "parts": [{"type": "text", "content": "Your direction: look"}]}]
    said = json.loads(str(first["gen_ai.output.messages"]))[0]
    assert [part["type"] for part in said["parts"]] == ["text", "tool_call", "tool_call"]
    assert [message["role"] for message in json.loads(str(second["gen_ai.input.messages"]))] == ["tool", "tool"]
    assert json.loads(str(third["gen_ai.output.messages"]))[0]["parts"][0]["type"] == "reasoning"
    assert found[4].attributes["gen_ai.tool.call.result"] == LONG


def test_a_torn_line_stays_apart_from_what_is_written_next(tmp_path: Path) -> None:
    path = tmp_path / "t" / "r1.jsonl"
    Transcript(path).add({"kind": "session", "model": "a/b"})
    with path.open("ab") as stream:
        stream.write(b'{"kind": "answ')
    again = Transcript(path)
    again.add({"kind": "session", "model": "a/b"})
    again.add({"kind": "session ended"})
    assert kinds(list(read_transcript(path))) == ["Began", "Strange", "Began", "Ended"]


def test_seals_are_of_the_file_as_it_is_also_after_a_restart(tmp_path: Path) -> None:
    path, seals = tmp_path / "t" / "r1.jsonl", list[tuple[int, str]]()
    Transcript(path).add({"kind": "session", "model": "a/b"})
    kept = Transcript(path, seal=lambda size, digest: seals.append((size, digest)))
    kept.close()
    assert seals == []
    with ThreadPoolExecutor(4) as pool:
        list(pool.map(lambda number: kept.add({"kind": "tool", "tool": "bash", "result": "x" * number}), range(120)))
    kept.add({"kind": "session ended"})
    kept.close()
    data = path.read_bytes()
    assert data.count(b"\n") == 122
    assert len(seals) == 3
    assert max(size for size, _ in seals) == len(data)
    assert all(sha256(data[:size]).hexdigest() == digest for size, digest in seals)


KEYS = {
    "anthropic": "sk-ant-api03-abcDEF0123456789_abcDEF",
    "openai": "sk-proj-abcDEF0123456789abcDEF",
    "google": "AIzaSyA0123456789abcdefghijklmnopqrstuv",
    "hub": "hf_abcdefghijklmnopqrstuvwxyzABCDEF01",
    "aws": "AKIAIOSFODNN7EXAMPLE",
    "github": "ghp_abcdefghijklmnopqrstuvwxyz0123456789",
    "jwt": "eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxMjM0NTY3ODkwIn0.abcdefghij0123",
    "private": "-----BEGIN RSA PRIVATE KEY-----\nMIIEpAIBAAKCAQEA\nabc\n-----END RSA PRIVATE KEY-----",
}


@pytest.mark.parametrize("key", KEYS.values(), ids=KEYS)
@pytest.mark.parametrize("before", ["", "\n", " ", "=", '"', "\\n"], ids=repr)
def test_what_looks_like_a_key_is_blanked_out(key: str, before: str) -> None:
    assert Secrets().clean(f"see{before}{key} there" if before else key).replace(" there", "") in (
        f"see{before}{BLANK}",
        BLANK,
    )


def test_keys_are_known_by_what_stands_before_them_and_words_are_left_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SOME_PASSWORD", 'pass"word\\1')
    secrets = Secrets()
    secret = "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY"
    assert secrets.clean(f"aws_secret_access_key = {secret}") == f"aws_secret_access_key = {BLANK}"
    assert secrets.clean(f"Authorization: Bearer {secret}") == f"Authorization: Bearer {BLANK}"
    assert secrets.cleaned({"a": ['x pass"word\\1', {"b": json.dumps('pass"word\\1')}], "n": 1}) == {
        "a": [f"x {BLANK}", {"b": f'"{BLANK}"'}],
        "n": 1,
    }
    plain = "task-1234567890123456789 npm_config_user_agent_x hf_hub_download_all risk-averse-methods-are-better desk_x"
    assert secrets.clean(plain) == plain
