"""What is asked for before anything is written, and what a study with a wrong key says."""

from pathlib import Path

import pytest

from aarlab.minds.tools.briefing import MOST_WORDS, instructions
from tests.support.cli import aarlab
from tests.support.llm_server import KEY, Fails, llm_server

LLM = ("--set", "minds.kind=llm")
NO_KEYS = {"ANTHROPIC_API_KEY": "", "OPENAI_API_KEY": ""}
PRICED = ("--set", "price.model_input=0", "--set", "price.model_output=0")


@pytest.mark.parametrize(
    ("model", "status", "says"),
    [
        ("", 2, "'llm' needs a model: set minds.model to provider/model with one of anthropic, openai, openai-chat"),
        ("claude", 2, "minds.model = 'claude': set minds.model to provider/model"),
        ("anthropic/claude-sonnet-5-5", 3, "needs a key: set the environment variable ANTHROPIC_API_KEY"),
        ("openai-chat/mine", 3, "needs a key: set the environment variable OPENAI_API_KEY"),
    ],
)
def test_without_a_model_or_a_key_one_line_says_what_to_set(tmp_path: Path, model: str, status: int, says: str) -> None:
    ended = aarlab("run", *LLM, "--set", f"minds.model='{model}'", cwd=tmp_path, timeout=20, **NO_KEYS)
    assert (ended.status, len(ended.err.splitlines())) == (status, 1)
    assert says in ended.err
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    ("more", "says"),
    [
        ((), "has no known price: set price.model_input and price.model_output"),
        (("--set", "price.model_input=1"), "belong together"),
        ((*PRICED, "--set", "minds.prompt='nowhere.md'"), "minds.prompt = 'nowhere.md' cannot be read"),
    ],
)
def test_a_price_is_asked_for_and_a_prompt_is_looked_for(tmp_path: Path, more: tuple[str, ...], says: str) -> None:
    model = ("--set", "minds.model='openai-chat/mine'")
    ended = aarlab("run", *LLM, *model, *more, cwd=tmp_path, timeout=20, OPENAI_API_KEY=KEY)
    assert (ended.status, len(ended.err.splitlines())) == (2, 1)
    assert says in ended.err
    assert list(tmp_path.iterdir()) == []


def test_a_wrong_key_ends_the_command_with_one_line(tmp_path: Path) -> None:
    settings = (*LLM, *PRICED, "--set", "minds.model='openai-chat/mine'", "--set", "study.researchers=1")
    with llm_server(*[Fails(401, message=f"Incorrect API key provided: {KEY}")] * 3) as server:
        environment = server.environment()
        ended = aarlab("run", *settings, "--name", "s", cwd=tmp_path, timeout=120, **environment)
        assert len(server.requests) == 1
    assert ended.status == 2
    assert ended.err == "aarlab: minds.model = 'openai-chat/mine': the provider refused the key; set OPENAI_API_KEY\n"
    assert KEY not in ended.out


def test_the_prescribed_prompt_differs_in_the_way_of_working_only() -> None:
    minimal, prescribed = instructions("minimal"), instructions("prescribed")
    before, honesty, there = minimal.partition("## Honesty")[0], *minimal.partition("## Honesty")[2].split("## What is")
    assert len(prescribed.split()) <= MOST_WORDS
    assert prescribed.startswith(f"{before}## Honesty{honesty}## How you work\n")
    assert prescribed.endswith(f"\n\n## What is{there}")
    assert minimal.count("Cheating disqualifies") == prescribed.count("Cheating disqualifies") == 1
    assert "/library" in there
    assert "`digest`" in there
    for word in ("hypothesis", "first,", "then ", "step", "plan", "you should", "begin with"):
        assert word not in minimal.lower()


def test_the_prompt_is_short_and_one_of_ones_own_is_taken(tmp_path: Path) -> None:
    assert len(instructions("minimal").split()) <= MOST_WORDS
    assert "Cheating disqualifies" in instructions("minimal")
    own = tmp_path / "own.md"
    own.write_text("Be brief.")
    assert instructions(str(own)) == "Be brief."
