"""The scripted server itself: the providers' own libraries read the same from a stream as from a whole answer."""

import anthropic
import openai
import pytest

from tests.support.llm_server import (
    Calls,
    DropsMidway,
    FailsMidway,
    Gives,
    Says,
    Scripts,
    llm_server,
)

ANSWER = Calls(("board", {}), ("view", {"path": "a/b.txt", "lines": 4711}), text="I look at both.", thinks="Hm, both.")
SAID = [{"role": "user", "content": "You are r2. Go."}]


def test_anthropic_reads_the_same_streamed_and_whole() -> None:
    with llm_server(ANSWER, ANSWER, FailsMidway(after=5)) as server:
        client = anthropic.Anthropic(base_url=server.base, api_key="k", max_retries=0)
        asked = {"model": "m", "max_tokens": 100, "messages": SAID}
        whole = client.messages.create(**asked)
        with client.messages.stream(**asked) as stream:
            streamed = stream.get_final_message()
        with pytest.raises(anthropic.APIStatusError, match="Overloaded"), client.messages.stream(**asked) as stream:
            stream.get_final_message()
        assert client.messages.count_tokens(model="m", messages=SAID).input_tokens > 5
        assert [one.id for one in client.models.list()] == ["scripted"]
        client.close()
    assert [part.type for part in streamed.content] == ["thinking", "text", "tool_use", "tool_use"]
    assert [_plain(part) for part in streamed.content] == [_plain(part) for part in whole.content]
    assert (streamed.stop_reason, streamed.usage.output_tokens) == ("tool_use", whole.usage.output_tokens)


def test_openai_reads_the_same_streamed_and_whole() -> None:
    with llm_server(ANSWER, ANSWER, DropsMidway(after=3)) as server:
        client = openai.OpenAI(base_url=f"{server.base}/v1", api_key="k", max_retries=0)
        whole = client.responses.create(model="m", input=SAID)
        with client.responses.stream(model="m", input=SAID) as stream:
            streamed = stream.get_final_response()
        with pytest.raises(openai.APIConnectionError):
            list(client.responses.create(model="m", input=SAID, stream=True))
        assert [one.id for one in client.models.list()] == ["scripted"]
        client.close()
    assert [item.type for item in whole.output] == ["reasoning", "message", "function_call", "function_call"]
    assert [item.type for item in streamed.output] == [item.type for item in whole.output]
    assert streamed.output_text == whole.output_text == "I look at both."
    assert streamed.usage is not None
    assert streamed.usage.output_tokens == (whole.usage and whole.usage.output_tokens)


def test_openai_chat_reads_the_same_streamed_and_whole() -> None:
    with llm_server(ANSWER, ANSWER, Says("no", refuses=True)) as server:
        client = openai.OpenAI(base_url=f"{server.base}/v1", api_key="k", max_retries=0)
        whole = client.chat.completions.create(model="m", messages=SAID)
        with client.chat.completions.stream(model="m", messages=SAID, stream_options={"include_usage": True}) as stream:
            streamed = stream.get_final_completion()
        with client.chat.completions.stream(model="m", messages=SAID) as stream:
            refused = stream.get_final_completion()
        client.close()
    made = [one.function.arguments for one in streamed.choices[0].message.tool_calls or []]
    assert made == [one.function.arguments for one in whole.choices[0].message.tool_calls or []]
    assert streamed.choices[0].message.content == "I look at both."
    assert streamed.usage is not None
    assert streamed.usage.completion_tokens == (whole.usage and whole.usage.completion_tokens)
    assert (refused.choices[0].message.refusal, refused.usage) == ("no", None)


def test_each_researcher_follows_its_own_script() -> None:
    policy = Scripts({"r1": [Says("one")], "r2": [Gives({"a": 1}), Says("two")]}, at_end=Says("end"))
    with llm_server(policy=policy) as server:
        client = openai.OpenAI(base_url=f"{server.base}/v1", api_key="k", max_retries=0)
        found = [client.responses.create(model="m", input=SAID).output_text for _ in range(3)]
        assert found == ['{"a": 1}', "two", "end"]
        call = {"type": "function_call", "call_id": "c", "name": "n", "arguments": "{}"}
        with pytest.raises(openai.BadRequestError, match="calls and results do not match"):
            client.responses.create(model="m", input=[*SAID, call])
        client.close()
    assert [len(policy.left[name]) for name in ("r1", "r2")] == [1, 0]


def _plain(part: anthropic.types.ContentBlock) -> dict[str, object]:
    return {name: value for name, value in part.model_dump().items() if value is not None and name != "id"}
