"""`aarlab transcript`: a real study by a scripted model, followed while it runs, shown, searched and exported after."""

import json
import shutil
import subprocess
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from aarlab.api.client import Operator
from aarlab.fleet.orchestrator import Fleet
from aarlab.fleet.study import create_study
from aarlab.lab.audit import audit
from aarlab.lab.events import Kind
from aarlab.paths import StudyPaths
from aarlab.report.transcripts.entries import Answer
from aarlab.report.transcripts.exhibit import collect
from aarlab.report.transcripts.talk import asked
from aarlab.report.transcripts.turns import by_session
from aarlab.wire import ResearcherRequest
from tests.support.cli import EVIL, Ended, aarlab, inside, start
from tests.support.fleet import events
from tests.support.llm_mind import ENDS, Ids, toy, transcript, verified, write
from tests.support.llm_server import KEY, Calls, Fails, Reply, Request, Says, llm_server
from tests.support.otlp import receiver

LOOK = ("bash", {"command": f"seq 1 40; printf 'a\\n{KEY}\\n'"})


@dataclass
class Watched:
    """A study that has ended, and what was seen of it while it ran."""

    paths: StudyPaths
    live: list[str] = field(default_factory=list)
    """Lines that were there while the study ran."""
    rest: str = ""
    """Lines after that."""
    status: int | None = None


@pytest.fixture(scope="module")
def study(tmp_path_factory: pytest.TempPathFactory) -> Watched:
    folder = tmp_path_factory.mktemp("studies") / "toy"
    config = toy()
    seen = Watched(create_study(config, folder=folder))
    followers: list[subprocess.Popen[str]] = []

    def follow(_: Request) -> Reply:
        """The model's second answer waits until somebody has read its first, and others are admitted."""
        with Operator(seen.paths.operator_socket) as operator:
            operator.admit(ResearcherRequest(name="r2", mind="search", direction="any"))
            operator.admit(ResearcherRequest(name="ada", mind="human", direction="any"))
            operator.admit(ResearcherRequest(name="r3", mind="llm", direction="any"))
        process = start("transcript", "r1", "--follow", cwd=folder, AARLAB_STUDIES=str(folder.parent))
        followers.append(process)
        assert process.stdout is not None
        for line in process.stdout:
            seen.live.append(line)
            if line.endswith("| I look.\n"):
                break
        return Says("Enough for now.")

    script = (Calls(write(), LOOK, text=f"{EVIL}\nI look."), Fails(529), follow, *verified(Ids()), Says("Done."), *ENDS)
    with llm_server(*script) as server, pytest.MonkeyPatch.context() as patch:
        for name, value in server.environment().items():
            patch.setenv(name, value)
        Fleet(seen.paths, config).run()
        seen.rest, _ = followers[0].communicate(timeout=60)
    seen.status = followers[0].returncode
    return seen


def on(study: Watched, *arguments: str) -> Ended:
    return inside("transcript", *arguments, "--study", study.paths.root)


def test_it_is_followed_while_the_study_runs_and_ends_with_it(study: Watched) -> None:
    assert study.live[0].startswith("session 1, openai-chat/scripted, 20")
    assert "| Enough for now.\n" in study.rest
    assert "5 sessions, 10 answers, 7 calls of tools" in study.rest.splitlines()[-1]
    assert study.status == 0


def test_people_read_all_of_it_and_nothing_drives_their_terminal(study: Watched) -> None:
    folder = study.paths.root
    done = aarlab("transcript", "r1", cwd=folder, AARLAB_STUDIES=str(folder.parent))
    assert (done.status, done.err) == (0, "")
    lines = done.out.splitlines()
    assert sum(line.startswith("session ") for line in lines) == 5
    for expected in ("    | I look.", f"    | command: {LOOK[1]['command'].replace(KEY, '[redacted]')}", "    | 1"):
        assert expected in lines
    assert "    (32 more lines; --lines 0 shows them)" in lines
    assert any("the call failed: the provider answered with status 529" in line for line in lines)
    assert any(" tokens in, " in line and "$0.0" in line and "(settings)" in line for line in lines)
    assert not set(done.out) & {"\x1b", "\x9b", "\u202e", "\x07", "\r"}
    assert KEY not in done.out
    own = [line for line in lines if not line.startswith("    | ")]
    assert not any("script" in line and "alert" in line for line in own)


def test_it_can_be_searched_and_cut_down(study: Watched) -> None:
    assert "    | 40" in on(study, "r1", "--lines", "0").out.splitlines()
    tools = on(study, "r1", "--tools-only").out
    assert "calls bash" in tools
    assert "bash answers after" in tools
    assert "I look" not in tools
    found = on(study, "r1", "--find", "ENOUGH for").out
    assert "Enough for now." in found
    assert "I look." not in found
    third = on(study, "r1", "--session", "3").out
    assert "session 3" in third
    assert "session 2" not in third
    last = on(study, "r1", "--last", "1").out
    assert "1 answer," in last
    assert "I have nothing more to do." in last
    assert on(study, "r1", "--find", "never said").out == "there is no such entry\n"


def test_programs_get_the_entries_as_they_are_kept(study: Watched) -> None:
    out = on(study, "r1", "--json").out
    assert [json.loads(line) for line in out.splitlines()] == transcript(study.paths)
    some = [json.loads(line)["kind"] for line in on(study, "r1", "--json", "--tools-only").out.splitlines()]
    assert set(some) == {"session", "answer", "tool", "message"}
    listed = json.loads(on(study, "--json").out)
    told = sum(entry.get("dollars", 0.0) for entry in transcript(study.paths))
    assert [(one["researcher"], one["sessions"], one["calls"]) for one in listed] == [("r1", 5, 7)]
    assert listed[0]["dollars"] == pytest.approx(told)


@pytest.fixture
def copy(study: Watched, tmp_path: Path) -> StudyPaths:
    return StudyPaths(shutil.copytree(study.paths.root, tmp_path / "copy"))


def test_the_ledger_knows_what_was_said(study: Watched) -> None:
    seals = [event for event in events(study.paths) if event.kind == Kind.TRANSCRIPT_SEALED]
    assert len(seals) == 5
    assert seals[-1].meta["bytes"] == (study.paths.transcripts / "r1.jsonl").stat().st_size
    found = audit(study.paths)
    assert found.ok
    assert not any("transcript" in note for note in found.notes)


def test_a_transcript_that_was_changed_is_found_out(copy: StudyPaths) -> None:
    path = copy.transcripts / "r1.jsonl"
    data = path.read_bytes()
    path.write_bytes(data.replace(b"Enough for now", b"Enough of this", 1))
    done = inside("ledger", "verify", "--study", copy.root)
    assert done.status == 1
    seal = next(event for event in events(copy) if event.kind == Kind.TRANSCRIPT_SEALED)
    bytes_ = f"bytes 1 to {seal.meta['bytes']} of the transcript of r1"
    assert done.out.splitlines()[0] == f"BROKEN: {bytes_} are not those that entry {seal.seq} has sealed"
    path.write_bytes(data[:-10])
    assert [fault.kind for fault in audit(copy).faults] == ["transcript"]
    path.unlink()
    assert "the transcript of r1 is gone" in audit(copy).faults[0].text
    path.write_bytes(data + b"{}\n")
    assert "the last 3 bytes of the transcript of r1 came after its last seal" in audit(copy).notes
    shutil.rmtree(copy.transcripts)
    assert audit(copy).ok
    assert "the transcripts are not here; their seals were not checked" in audit(copy).notes


def test_what_cannot_be_read_is_left_out_with_a_note(copy: StudyPaths) -> None:
    whole = transcript(copy)
    path = copy.transcripts / "r1.jsonl"
    path.write_bytes(path.read_bytes()[:-40])
    done = on(Watched(copy), "r1", "--json")
    assert (done.status, [json.loads(line) for line in done.out.splitlines()]) == (0, whole[:-1])
    note = f"note: line {len(whole)} is not whole and is left out (a process was killed as it wrote?)\n"
    assert done.err == note


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("r7",), "aarlab: there is no researcher 'r7'; transcripts have: r1\n"),
        (("../../r1",), "aarlab: there is no researcher '../../r1'; transcripts have: r1\n"),
        (("r2",), "aarlab: r2 is a search mind and talks to no language model, so there is no transcript; what it"),
        (("ada",), "aarlab: ada is a person, so there is no transcript; what it handed in is in `aarlab log`"),
        (("r3", "--follow"), "aarlab: r3 has said nothing yet, so there is no transcript"),
        (("r2", "--otel", "x.json"), "aarlab: r2 is a search mind"),
        (("r1", "--all", "--otel", "x.json"), "aarlab: name one researcher, or --all without a name\n"),
        (("--otel", "x.json"), "aarlab: name one researcher, or --all without a name\n"),
        (("r1", "--otlp", "collector:4318"), "aarlab: --otlp collector:4318: is no address"),
        (("r1", "--last", "0"), "aarlab: Invalid value for '--last'"),
    ],
)
def test_bad_input_is_one_line(study: Watched, arguments: tuple[str, ...], words: str) -> None:
    done = on(study, *arguments)
    assert (done.status, done.out) == (2, "")
    assert done.err.startswith(words)
    assert done.err.count("\n") == 1


def test_the_conversation_of_each_call_is_what_was_sent(study: Watched) -> None:
    entries = collect(study.paths, names=["r1"]).exhibits[0].entries
    first = list(asked(by_session(entries)[1]))
    assert [len(one.before) for one in first] == [2, 5, 5]
    assert isinstance(first[0].reply, Answer)
    assert first[0].reply.calls[1].tool == "bash"


def test_the_best_row_goes_with_it(study: Watched) -> None:
    found = collect(study.paths, names=["r1"])
    best = found.exhibits[0].best
    assert best is not None
    assert best.rank == 1
    assert found.problem
    assert len(found.head) == len(found.origin) == 64


def test_without_a_study_there_is_no_transcript(tmp_path: Path) -> None:
    done = inside("transcript", "r1", "--study", tmp_path / "nowhere")
    assert (done.status, done.out) == (2, "")
    assert "there is no study here" in done.err


def test_spans_are_taken_by_a_receiver_and_written_to_a_file(study: Watched, tmp_path: Path) -> None:
    pytest.importorskip("opentelemetry.sdk.trace", reason='the extra "otel" is not installed')
    with receiver() as (url, spans):
        done = on(study, "r1", "--otlp", url, "--content")
    assert (done.status, done.out, done.err) == (0, f"{url}: took {len(spans)} spans of r1\n", "")
    done = on(study, "--all", "--otel", str(tmp_path / "spans.json"))
    assert (done.status, done.err) == (0, "")
    kept = json.loads((tmp_path / "spans.json").read_text())["resourceSpans"][0]["scopeSpans"][0]["spans"]
    assert [span["spanId"] for span in kept] == [span.span_id.hex() for span in spans]
    assert "Enough for now" in str(spans)
    assert "Enough for now" not in str(kept)
    assert KEY not in str(spans)
