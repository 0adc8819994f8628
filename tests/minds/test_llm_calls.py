"""One call of a model through the real libraries: what is repeated, what it costs, and what ends it."""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from pathlib import Path

import pytest

from aarlab.errors import OperatorError, UserError
from aarlab.minds.llm.line import SIGN_SECONDS
from aarlab.minds.llm.model import Model
from aarlab.minds.llm.names import name_of
from aarlab.minds.llm.prices import prices_of
from aarlab.minds.llm.trouble import Refused, TooLong
from aarlab.minds.protocol import GivenUp, Stopped
from aarlab.minds.tools.scribe import Scribe
from aarlab.settings import MindSettings, PriceSettings
from tests.support.lab import FAST, LabProcess
from tests.support.llm_bench import Place, place
from tests.support.llm_server import (
    Calls,
    Drops,
    DropsMidway,
    Fails,
    FailsMidway,
    LlmServer,
    Paced,
    Raw,
    Reply,
    Request,
    Says,
    Stalls,
    Step,
    llm_server,
)

ALL = ("anthropic/claude-sonnet-5-5", "openai/gpt-5", "openai-chat/scripted")
PRICE = PriceSettings(model_input=1.0, model_output=10.0)
OUTPUT = 1000
FIRST_PAUSE = 0.02
FULL = OUTPUT * 10 / 1e6
"""Dollars of the longest answer."""


@pytest.fixture(scope="module")
def lab(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LabProcess]:
    process = LabProcess(tmp_path_factory.mktemp("study"), FAST | {"budget": {"dollars": 50.0}}).start()
    process.admit("r1")
    process.admit("r2")
    yield process
    process.stop()


class Caller:
    """Asks a scripted provider one thing."""

    def __init__(self, server: LlmServer, at: Place, *, name: str, stall: float) -> None:
        settings = MindSettings(kind="llm", model=name, output_tokens=OUTPUT, stall_seconds=stall)
        scribe = Scribe(at.bench, model=name)
        known = name_of(name)
        prices = prices_of(known, PRICE)
        self.model = Model(
            known, prices=prices, settings=settings, bench=at.bench, scribe=scribe, first_pause=FIRST_PAUSE
        )
        self.server, self.at = server, at
        self.before = at.meter.model_dollars

    def ask(self) -> str:
        """What it says."""
        from pydantic_ai.messages import ModelRequest

        return self.model.ask([ModelRequest.user_text_prompt("You are r1. Go.")], tools=[], length=300).text or ""

    @property
    def paid(self) -> float:
        """Dollars since the beginning."""
        return self.at.meter.model_dollars - self.before

    @property
    def troubles(self) -> list[str]:
        """What was written down of failed attempts."""
        return [one["words"] for one in self.at.transcript if one["kind"] == "trouble"]


@contextmanager
def calling(
    lab: LabProcess,
    folder: Path,
    monkeypatch: pytest.MonkeyPatch,
    name: str,
    *script: Step,
    stall: float = 20.0,
    researcher: str = "r1",
) -> Iterator[Caller]:
    with llm_server(*script) as server, place(lab, folder, name=researcher) as at:
        for key, value in server.environment().items():
            monkeypatch.setenv(key, value)
        caller = Caller(server, at, name=name, stall=stall)
        try:
            yield caller
        finally:
            caller.model.close()
        assert at.reserved == 0
        told = sum(one.get("dollars", 0.0) for one in at.transcript)
        assert told <= caller.paid + 1e-12


@pytest.mark.parametrize("name", ALL)
def test_what_passes_is_repeated_and_costs_nothing(
    lab: LabProcess, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    passing = (Fails(408), Fails(409), Fails(429), Fails(500), Fails(529))
    with calling(lab, tmp_path, monkeypatch, name, *passing, Says("here")) as caller:
        assert caller.ask() == "here"
        first, second = caller.server.requests[0].body, caller.server.requests[-1].body
    assert first == second
    assert first["stream"] is True
    assert caller.troubles == [f"the provider answered with status {one.status}" for one in passing]
    assert 0 < caller.paid < FULL / 2


@pytest.mark.parametrize("name", ALL)
def test_an_answer_that_breaks_off_is_asked_for_again_and_paid_once(
    lab: LabProcess, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    broken = (DropsMidway(), DropsMidway(clean=True), FailsMidway(), Drops())
    with calling(lab, tmp_path, monkeypatch, name, *broken, Says("here")) as caller:
        assert caller.ask() == "here"
    assert caller.troubles == [
        "the connection was lost",
        "the answer ended in the middle",
        "the provider broke its answer off (ModelOverloadedError)",
        "the connection was lost",
    ]
    costs = [one["dollars"] for one in caller.at.transcript if one["kind"] == "trouble"]
    assert caller.paid == pytest.approx(sum(costs) + caller.at.transcript[-1]["dollars"])
    tokens = caller.server.requests[0].size // 4
    by_count, by_bound = tokens / 1e6 + FULL, costs[3]
    assert by_count < by_bound
    if name.startswith("anthropic"):  # tells at the beginning what it has read; the others tell at the end
        assert costs[:3] == pytest.approx([by_count] * 3)
    else:
        assert costs == [by_bound] * 4


@pytest.mark.parametrize("name", ALL)
def test_an_answer_that_stalls_is_ended_and_paid_for(
    lab: LabProcess, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    with calling(lab, tmp_path, monkeypatch, name, Stalls(), Says("here"), stall=1.0) as caller:
        assert caller.ask() == "here"
    assert caller.troubles[0] == "nothing came from the provider for too long"
    assert caller.paid > FULL


@pytest.mark.parametrize(
    ("fails", "says"),
    [
        (Fails(401), "the provider refused the key; set "),
        (Fails(403), "the provider refused the key; set "),
        (Fails(402), "has no credit left"),
        (Fails(429, code="insufficient_quota"), "has no credit left"),
        (Fails(404, code="model_not_found"), "the provider knows no such model"),
        (Fails(400), "the provider refused the request (status 400)"),
        (Fails(422), "the provider refused the request (status 422)"),
        (Fails(405), "the provider refused the request (status 405)"),
    ],
)
def test_what_is_permanent_is_not_repeated(
    lab: LabProcess, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, fails: Fails, says: str
) -> None:
    with calling(lab, tmp_path, monkeypatch, "openai-chat/scripted", fails, Says("never")) as caller:
        with pytest.raises(UserError) as error:
            caller.ask()
        assert len(caller.server.requests) == 1
    assert says in str(error.value)
    assert "\n" not in str(error.value)
    assert caller.paid == 0


@pytest.mark.parametrize(
    ("name", "fails"),
    [
        (ALL[0], Fails(400, "prompt is too long: 210000 tokens > 200000 maximum", code="invalid_request_error")),
        (ALL[0], Fails(413, "Request exceeds the maximum size", code="request_too_large")),
        (ALL[1], Fails(400, "Your input exceeds the context window of this model.", code="context_length_exceeded")),
        (ALL[2], Fails(400, "This model's maximum context length is 4096 tokens.", code="BadRequestError")),
        (ALL[2], Fails(400, "the request exceeds the available context size", code="exceed_context_size_error")),
    ],
)
def test_an_overflow_is_known_in_the_words_of_each_server(
    lab: LabProcess, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str, fails: Fails
) -> None:
    with calling(lab, tmp_path, monkeypatch, name, fails) as caller, pytest.raises(TooLong):
        caller.ask()
    assert caller.paid == 0


@pytest.mark.parametrize("name", ALL)
def test_a_refusal_is_paid_for_and_not_repeated(
    lab: LabProcess, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    refuses = Says("I cannot.", refuses=True)
    with calling(lab, tmp_path, monkeypatch, name, refuses) as caller, pytest.raises(Refused):
        caller.ask()
    assert 0 < caller.paid < FULL / 2


@pytest.mark.parametrize("form", ["seconds", "milliseconds", "date"])
def test_a_pause_that_the_provider_names_is_heard_in_every_form(
    lab: LabProcess, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, form: str
) -> None:
    date = format_datetime(datetime.now(UTC) + timedelta(seconds=2000), usegmt=True)
    fails = {
        "seconds": Fails(429, retry_after="2000"),
        "milliseconds": Fails(429, retry_after_ms=2_000_000),
        "date": Fails(429, retry_after=date),
    }[form]
    says = r"status 429, and is to be asked again in (2000|199\d) s"
    with calling(lab, tmp_path, monkeypatch, ALL[0], fails) as caller, pytest.raises(GivenUp, match=says):
        caller.ask()


def test_a_provider_that_stays_away_pauses_the_researcher(
    lab: LabProcess, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    says = "no answer after 6 attempts: the provider answered with status 503"
    away = [Fails(503)] * 6
    with calling(lab, tmp_path, monkeypatch, ALL[2], *away) as caller, pytest.raises(GivenUp, match=says):
        caller.ask()
    assert caller.paid == 0


def test_nobody_at_the_address_pauses_the_researcher(
    lab: LabProcess, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with calling(lab, tmp_path, monkeypatch, ALL[2]) as caller:
        monkeypatch.setenv("OPENAI_BASE_URL", "http://127.0.0.1:9/v1")
        with pytest.raises(GivenUp, match="no answer after 6 attempts: there was no connection"):
            caller.ask()
    assert caller.paid == 0


def test_a_provider_that_wants_no_other_attempt_gets_none(
    lab: LabProcess, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with calling(lab, tmp_path, monkeypatch, ALL[0], Fails(500, final=True)) as caller:
        with pytest.raises(OperatorError, match="status 500 and wants no other attempt"):
            caller.ask()
        assert len(caller.server.requests) == 1


@pytest.mark.parametrize("name", ALL)
def test_a_stop_ends_an_answer_in_its_middle(
    lab: LabProcess, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    def stops(_: Request) -> Reply:
        caller.at.stop.set()
        return Paced(Says("word " * 200), seconds=60.0)

    with calling(lab, tmp_path, monkeypatch, name, stops) as caller:
        begin = datetime.now(UTC)
        with pytest.raises(Stopped):
            caller.ask()
        assert (datetime.now(UTC) - begin).total_seconds() < 10
    assert caller.paid >= FULL


def test_what_is_no_answer_is_paid_for_in_full(
    lab: LabProcess, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    script = (Raw(b"data: nonsense\n\n"), Raw(b""), Raw(b'data: {"choices": 3}\n\n'), Says("here"))
    with calling(lab, tmp_path, monkeypatch, ALL[2], *script) as caller:
        assert caller.ask() == "here"
    assert len(caller.troubles) == 3
    assert caller.paid > 3 * FULL


def test_who_shares_a_limit_does_not_come_back_together(
    lab: LabProcess, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    limited = [Fails(429, retry_after_ms=100)] * 2
    pauses = list[list[str]]()
    for number, researcher in enumerate(("r1", "r2", "r1")):
        folder = tmp_path / str(number)
        folder.mkdir()
        with calling(lab, folder, monkeypatch, ALL[2], *limited, Says("here"), researcher=researcher) as caller:
            caller.ask()
        pauses.append([line for line in caller.at.log if line.startswith("asks the model again in 0.1")])
    assert pauses[0] == pauses[2] != pauses[1]


def test_calls_are_read_from_a_stream(lab: LabProcess, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with calling(lab, tmp_path, monkeypatch, ALL[0], Calls(("board", {"a": 1}), thinks="Hm.", text="So.")) as caller:
        assert caller.ask() == "So."
    assert " thinks: Hm." not in caller.at.log
    assert "thinks: Hm." in caller.at.log


@pytest.mark.slow
def test_a_slow_answer_gives_signs_of_life(lab: LabProcess, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    slow = Paced(Says("word " * 100), seconds=2.2 * SIGN_SECONDS)
    with calling(lab, tmp_path, monkeypatch, ALL[0], slow, stall=1.2 * SIGN_SECONDS) as caller:
        caller.ask()
    assert caller.at.log[0] == "waits for the model"
    assert caller.at.log[1].startswith("listens to the model: ")
