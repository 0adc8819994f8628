"""What a coding agent needs is asked for in one line before anything is written."""

from importlib.util import find_spec
from pathlib import Path

import pytest

from tests.support.cli import aarlab
from tests.support.llm_server import KEY

AGENT = ("--set", "minds=agent")
NO_KEYS = {"ANTHROPIC_API_KEY": "", "OPENAI_API_KEY": ""}
installed = pytest.mark.skipif(find_spec("claude_agent_sdk") is None, reason="the Claude Agent SDK is not installed")
missing = pytest.mark.skipif(find_spec("claude_agent_sdk") is not None, reason="the Claude Agent SDK is installed")


SONNET = ("minds=agent", "minds.model=anthropic/claude-sonnet-5-5")


@pytest.mark.parametrize(
    ("command", "sets", "status", "says"),
    [
        ("run", ("minds=llm",), 2, "minds.kind = 'llm' needs a model: set minds.model to provider/model"),
        ("check", ("minds=agent",), 2, "minds.kind = 'agent' needs a model: set minds.model to anthropic/"),
        ("run", ("minds=agent", "minds.model=openai/gpt-5"), 2, '"claude-sdk" needs a model of anthropic/'),
        pytest.param("run", SONNET, 3, 'needs a library: pip install "aarlab[claude]"', marks=missing),
        pytest.param("run", SONNET, 3, "needs a key: set the environment variable ANTHROPIC_API_KEY", marks=installed),
    ],
)
def test_one_line_says_what_to_set(tmp_path: Path, command: str, sets: tuple[str, ...], status: int, says: str) -> None:
    options = [word for one in sets for word in ("--set", one)]
    ended = aarlab(command, *options, cwd=tmp_path, timeout=20, **NO_KEYS)
    assert (ended.status, len(ended.err.splitlines())) == (status, 1)
    assert says in ended.err
    assert list(tmp_path.iterdir()) == []


@installed
def test_a_price_is_asked_for(tmp_path: Path) -> None:
    options = (*AGENT, "--set", "minds.model=anthropic/claude-of-my-own")
    ended = aarlab("run", *options, cwd=tmp_path, timeout=20, ANTHROPIC_API_KEY=KEY)
    assert (ended.status, len(ended.err.splitlines())) == (2, 1)
    assert "has no known price: set price.model_input and price.model_output" in ended.err
