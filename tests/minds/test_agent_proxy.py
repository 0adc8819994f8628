"""The proxy for harnesses: the providers' real SDKs on one side, a scripted provider on the other."""

import asyncio
import json
import stat
from collections.abc import AsyncIterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import anthropic
import httpx2
import openai
import pytest

from aarlab.errors import ResearcherError, UserError
from tests.support.lab import FAST, LabProcess, until
from tests.support.llm_mind import files_with
from tests.support.llm_proxy import Front, front
from tests.support.llm_server import KEY, Calls, Drops, DropsMidway, Fails, FailsMidway, Paced, Raw, Says, Stalls

MODELS = ("anthropic/claude-sonnet-5-5", "openai/gpt-5", "openai-chat/scripted")
LOOK: dict[str, Any] = {"model": "small-helper", "max_tokens": 500, "messages": [{"role": "user", "content": "look"}]}


@pytest.fixture(scope="module")
def lab(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LabProcess]:
    process = LabProcess(tmp_path_factory.mktemp("study"), FAST | {"budget": {"dollars": 50.0}}).start()
    process.admit("r1")
    yield process
    process.stop()


def ask(to: Front, *, streams: bool = False) -> str:
    """What the model says to "look", through the provider's own SDK."""
    if to.provider == "anthropic":
        with anthropic.Anthropic(base_url=to.base, api_key=to.proxy.token, max_retries=0) as client:
            if not streams:
                return "".join(part.text for part in client.messages.create(**LOOK).content if part.type == "text")
            with client.messages.stream(**LOOK) as stream:
                return "".join(stream.text_stream)
    with openai.OpenAI(base_url=f"{to.base}/v1", api_key=to.proxy.token, max_retries=0) as client:
        return _responses(client, streams=streams) if to.provider == "openai" else _chat(client, streams=streams)


def _responses(client: openai.OpenAI, *, streams: bool) -> str:
    asked: dict[str, Any] = {"model": "small-helper", "input": "look", "max_output_tokens": 500}
    if not streams:
        return str(client.responses.create(**asked).output_text)
    with client.responses.create(**asked, stream=True) as events:
        return "".join(one.delta for one in events if one.type == "response.output_text.delta")


def _chat(client: openai.OpenAI, *, streams: bool) -> str:
    asked: dict[str, Any] = {"model": "small-helper", "messages": LOOK["messages"], "max_tokens": 500}
    if not streams:
        return str(client.chat.completions.create(**asked).choices[0].message.content)
    with client.chat.completions.create(**asked, stream=True) as chunks:
        return "".join(one.choices[0].delta.content or "" for one in chunks if one.choices)


def plain_client(socket: Path | None = None) -> httpx2.Client:
    """Without TLS, which takes a quarter of a second to be made."""
    transport = httpx2.HTTPTransport(verify=False, uds=str(socket) if socket else None)
    return httpx2.Client(transport=transport, timeout=30)


def post(to: Front, path: str = "/v1/messages", *, token: str | None = None, **body: Any) -> httpx2.Response:
    """A request without any SDK."""
    headers = {"x-api-key": to.proxy.token if token is None else token}
    with plain_client() as client:
        return client.post(f"{to.base}{path}", json=LOOK | body, headers=headers)


@pytest.mark.parametrize("model", MODELS)
@pytest.mark.parametrize("streams", [False, True])
def test_the_key_is_added_and_the_answer_is_priced_and_recorded(
    lab: LabProcess, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, model: str, streams: bool
) -> None:
    with front(lab, tmp_path, monkeypatch, Says("I see a long answer.", thinks=""), model=model) as to:
        assert ask(to, streams=streams) == "I see a long answer."
        to.settled(1)
        (request,) = to.server.requests
    given = request.headers.get("x-api-key") or request.headers["authorization"].removeprefix("Bearer ")
    assert given == KEY
    assert to.proxy.token not in str(request)
    assert request.body["model"] == model.partition("/")[2]
    said, answer = to.entries
    assert [part["content"] for part in said["message"]["parts"]] == ["look"]
    assert [part["content"] for part in answer["message"]["parts"]] == ["I see a long answer."]
    used = answer["tokens"]
    assert used == {"input": request.size // 4, "output": 5, "cache_read": 0, "cache_write": 0}
    assert to.spent == pytest.approx((used["input"] + 10 * used["output"]) / 1e6)
    assert answer["dollars"] == pytest.approx(to.spent)
    assert to.lines == ["says: I see a long answer."]
    assert not files_with(KEY, tmp_path)


@pytest.mark.parametrize("model", MODELS)
def test_only_what_is_new_in_a_conversation_is_recorded(
    lab: LabProcess, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, model: str
) -> None:
    calls = Calls(("bash", {"command": "ls"}), ("bash", {"command": "pwd"}), thinks="hm", text="I look.")
    with front(lab, tmp_path, monkeypatch, calls, Says("Done."), model=model) as to:
        converse(to)
        to.settled(2)
    first, answer, second, last = to.entries
    assert first["message"]["instructions"] == "Be good." if model != MODELS[2] else "Be good." in str(first)
    found = [(part["part_kind"], part.get("tool_name")) for part in answer["message"]["parts"]]
    assert found == [("thinking", None), ("text", None), ("tool-call", "bash"), ("tool-call", "bash")]
    assert json.loads(answer["message"]["parts"][2]["args"])["command"] == "ls"
    results = [(part["part_kind"], part["tool_name"], part["content"]) for part in second["message"]["parts"]]
    assert results == [("tool-return", "bash", "a.txt"), ("tool-return", "bash", "/work")]
    assert second["message"]["instructions"] is None
    assert last["message"]["parts"][0]["content"] == "Done."


def converse(to: Front) -> None:
    """Two turns by the library that the llm mind uses, streamed, pointed at the proxy."""
    from pydantic_ai import Agent
    from pydantic_ai.models import Model
    from pydantic_ai.models.anthropic import AnthropicModel
    from pydantic_ai.models.openai import OpenAIChatModel, OpenAIResponsesModel
    from pydantic_ai.providers.anthropic import AnthropicProvider
    from pydantic_ai.providers.openai import OpenAIProvider

    found: Model
    if to.provider == "anthropic":
        provider = AnthropicProvider(api_key=to.proxy.token, base_url=to.base)
        found = AnthropicModel("claude-small", provider=provider)
    else:
        kind = OpenAIResponsesModel if to.provider == "openai" else OpenAIChatModel
        found = kind("gpt-5", provider=OpenAIProvider(api_key=to.proxy.token, base_url=f"{to.base}/v1"))
    agent = Agent(found, instructions="Be good.")

    @agent.tool_plain
    def bash(command: str) -> str:
        return {"ls": "a.txt", "pwd": "/work"}[command]

    async def listen(_: Any, events: AsyncIterable[Any]) -> None:
        async for _event in events:
            pass

    async def work() -> None:
        async with found:
            assert (await agent.run("look", event_stream_handler=listen)).output == "Done."

    asyncio.run(work())


def test_what_does_not_ask_the_model_is_refused(
    lab: LabProcess, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    picture = {"type": "image", "source": {"type": "url", "url": "http://169.254.169.254/"}}
    with front(lab, tmp_path, monkeypatch) as to:
        for token in ("", "sk-wrong", KEY):
            assert post(to, token=token).status_code == 401
        for path in ("/v1/files", "/v1/messages/batches", "/v1/responses", "//other.host/v1/messages", "/v1/messages/"):
            assert post(to, path).status_code == 404
        with plain_client() as client:
            found = client.get(f"{to.base}/v1/models", headers={"authorization": f"Bearer {to.proxy.token}"})
        assert found.json()["object"] == "list"
        assert post(to, "/v1/messages/count_tokens").json()["input_tokens"] > 0
        for body in ({"messages": [{"role": "user", "content": [picture]}]}, {"background": True}):
            refused = post(to, **body)
            assert (refused.status_code, refused.json()["error"]["type"]) == (400, "invalid_request_error")
        assert to.server.requests == []
        assert (to.spent, to.entries, to.proxy.over) == (0, [], None)


def test_a_request_is_capped_and_cannot_have_the_provider_reach_the_network(
    lab: LabProcess, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    mine = {"name": "bash", "input_schema": {"type": "object", "properties": {"type": {"type": ["string", "null"]}}}}
    body: dict[str, Any] = {
        "max_tokens": 64_000,
        "thinking": {"type": "enabled", "budget_tokens": 30_000},
        "tools": [mine, {"type": "web_search_20250305", "name": "web_search"}],
        "mcp_servers": [{"type": "url", "name": "evil", "url": ""}],
        "service_tier": "priority",
        "system": [{"type": "text", "text": "s", "cache_control": {"type": "ephemeral", "ttl": "1h"}}],
    }
    with front(lab, tmp_path, monkeypatch, Says("yes"), output=4096) as to:
        assert post(to, **body).status_code == 200
        (request,) = to.server.requests
    assert request.body == LOOK | {
        "model": "claude-sonnet-5-5",
        "max_tokens": 4096,
        "thinking": {"type": "enabled", "budget_tokens": 2048},
        "tools": [mine],
        "system": [{"type": "text", "text": "s", "cache_control": {"type": "ephemeral"}}],
    }


def test_the_money_is_never_exceeded_however_many_ask_at_once(
    lab: LabProcess, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    slow = Paced(Says("x" * 1600), seconds=0.3)
    with front(lab, tmp_path, monkeypatch, *[slow] * 40, dollars=0.06) as to, ThreadPoolExecutor(8) as pool:
        found = [answer.status_code for answer in pool.map(lambda _: post(to), range(40))]
        assert to.spent <= 0.06
        assert (found.count(200), found.count(402)) == (len(to.server.requests), 40 - len(to.server.requests))
        assert 8 <= found.count(200) <= 15
        assert isinstance(to.proxy.over, ResearcherError)
        assert to.proxy.over.code == "budget"
        again = post(to, max_tokens=1)
        assert (again.status_code, again.headers["x-should-retry"]) == (402, "false")
        assert again.json()["error"]["message"].startswith("no further request is made: a call may cost $")


@pytest.mark.parametrize("model", MODELS)
@pytest.mark.parametrize("broken", [Drops(), DropsMidway(), DropsMidway(clean=True)])
def test_an_answer_that_is_broken_off_counts_in_full(
    lab: LabProcess, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, model: str, broken: Any
) -> None:
    with front(lab, tmp_path, monkeypatch, broken, model=model) as to:
        if broken == DropsMidway(clean=True):
            ask(to, streams=True)
        else:
            with pytest.raises((anthropic.APIError, openai.APIError, httpx2.HTTPError)):
                ask(to, streams=True)
        to.settled(1)
        (request,) = to.server.requests
        assert to.spent > (request.size + 10 * 500) / 1e6
        assert to.entries[-1]["words"] == "the answer is not whole, or does not say what it has used"
        assert to.entries[-1]["dollars"] == pytest.approx(to.spent)
        assert to.proxy.over is None


def test_an_answer_without_usage_counts_in_full_and_no_provider_costs_nothing(
    lab: LabProcess, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with front(lab, tmp_path, monkeypatch, Raw(b'{"content": []}'), Raw(b"no JSON")) as to:
        assert post(to).json() == {"content": []}
        once = to.spent
        assert once > 10 * 500 / 1e6
        assert post(to).content == b"no JSON"
        assert to.spent == pytest.approx(2 * once)
    with front(lab, tmp_path, monkeypatch, base="http://127.0.0.1:1") as to:
        assert post(to).status_code == 502
        assert to.spent == pytest.approx(0)
        assert to.entries[-1]["words"] == "there was no connection"


@pytest.mark.parametrize(
    ("fails", "says"),
    [
        (Fails(401, f"Incorrect API key provided: {KEY}"), "the provider refused the key; set ANTHROPIC_API_KEY"),
        (Fails(403, f"{KEY[:8]}****"), "the provider refused the key; set ANTHROPIC_API_KEY"),
        (Fails(404, "model: x"), "the provider knows no such model; correct the name, or ANTHROPIC_BASE_URL"),
        (Fails(400, "Your credit balance is too low"), "the account of ANTHROPIC_API_KEY has no credit left"),
        (Fails(429, "quota", code="insufficient_quota"), "the account of ANTHROPIC_API_KEY has no credit left"),
    ],
)
def test_what_no_repetition_cures_ends_all_requests_and_shows_no_key(
    lab: LabProcess, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, fails: Fails, says: str
) -> None:
    with front(lab, tmp_path, monkeypatch, fails) as to:
        first, second = post(to), post(to)
        assert (first.status_code, second.status_code) == (fails.status, 403)
        assert KEY[:8] not in first.text + second.text + str(to.entries) + str(to.lines)
        assert isinstance(to.proxy.over, UserError)
        assert str(to.proxy.over) == f"minds.model = 'anthropic/claude-sonnet-5-5': {says}"
        assert len(to.server.requests) == 1
        assert to.spent == pytest.approx(0)


@pytest.mark.parametrize(("key", "seen"), [(KEY, "none of [key]"), ("none", f"none of {KEY}")])
@pytest.mark.parametrize("stream", [False, True])
def test_an_answer_cannot_show_the_key_and_a_word_is_no_key(
    lab: LabProcess, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, key: str, seen: str, stream: bool
) -> None:
    reply = FailsMidway(message=f"none of {KEY}") if stream else Says(f"none of {KEY}")
    with front(lab, tmp_path, monkeypatch, reply, key=key) as to:
        assert seen in post(to, stream=stream).text


def test_what_may_pass_is_handed_on_with_its_pause(
    lab: LabProcess, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    script = (Fails(429, retry_after="7"), Fails(529, code="overloaded_error"), Fails(400, "prompt is too long"))
    with front(lab, tmp_path, monkeypatch, *script) as to:
        found = [post(to) for _ in script]
        assert [one.status_code for one in found] == [429, 529, 400]
        assert found[0].headers["retry-after"] == "7"
        assert found[2].json()["error"]["message"] == "prompt is too long"
        assert to.proxy.over is None
        assert to.spent == pytest.approx(0)
        assert [one["kind"] for one in to.entries] == ["message", "trouble", "trouble", "trouble"]


def test_pieces_arrive_as_they_are_sent_and_who_hangs_up_ends_the_call(
    lab: LabProcess, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with front(lab, tmp_path, monkeypatch, Stalls(after=4)) as to:
        headers = {"x-api-key": to.proxy.token}
        asked = {"json": LOOK | {"stream": True}, "headers": headers}
        with plain_client() as client, client.stream("POST", f"{to.base}/v1/messages", **asked) as answer:
            lines = answer.iter_lines()
            assert next(line for line in lines if "content_block_delta" in line)
            assert to.spent == pytest.approx(0)
        to.settled(1)
        assert to.spent > 10 * 500 / 1e6


def test_what_is_under_way_at_the_end_counts_in_full(
    lab: LabProcess, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with ThreadPoolExecutor(1) as pool:
        with front(lab, tmp_path, monkeypatch, Stalls(after=4)) as to:
            waiting = pool.submit(post, to, stream=True)
            until(lambda: len(to.server.requests) == 1)
        assert to.spent > 10 * 500 / 1e6
        assert isinstance(waiting.exception(30), httpx2.HTTPError)


def test_on_a_socket_only_its_owner_can_ask(lab: LabProcess, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "llm.sock"
    with front(lab, tmp_path, monkeypatch, Says("yes"), socket=path) as to:
        assert to.proxy.port is None
        assert stat.S_IMODE(path.stat().st_mode) == 0o600
        with plain_client(path) as client:
            answer = client.post("http://model/v1/messages", json=LOOK, headers={"x-api-key": to.proxy.token})
        assert answer.json()["content"][0]["text"] == "yes"
    assert not path.exists()
