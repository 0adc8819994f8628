"""Teams of scripted language models, from directions to a verified board: each researcher follows its own script."""

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import pytest

from aarlab.fleet.orchestrator import Fleet
from aarlab.fleet.study import create_study
from aarlab.lab.board import board
from aarlab.lab.budgets import spent_dollars
from aarlab.lab.state import State
from aarlab.paths import StudyPaths
from aarlab.settings import StudyConfig
from tests.support.fleet import events, leftovers, settings
from tests.support.lab import GOOD, OTHER
from tests.support.llm_mind import Ids, files_with, freeze, toy, transcript, verified, write
from tests.support.llm_server import (
    KEY,
    Calls,
    DropsMidway,
    Fails,
    FailsMidway,
    LlmServer,
    Reply,
    Request,
    Says,
    Scripts,
    Step,
    llm_server,
)

CLAUDE, GPT, CHAT = "anthropic/claude-sonnet-5-5", "openai/gpt-5", "openai-chat/scripted"
PRICED: dict[str, Any] = {"model_input": 1.0, "model_output": 10.0, "cpu_hour": 0.0}
DOLLARS = 0.9
EMBEDDED = """
from aarlab.w2s import Student, Task
from aarlab.w2s.methods import METHODS


def train(task: Task, *, seed: int) -> Student:
    return METHODS["agreement"](task, seed=seed)
"""


class Listener:
    """Keeps what was asked in some steps, by name."""

    def __init__(self) -> None:
        self.heard: dict[str, Request] = {}

    def step(self, name: str, reply: Reply) -> Step:
        """A step that is kept."""

        def listen(request: Request) -> Reply:
            self.heard[name] = request
            return reply

        return listen


def careful(ear: Listener) -> Sequence[Step]:
    """Looks around with several calls at once, meets every passing trouble, makes mistakes, and verifies a method."""
    look = Calls(write(), ("bash", {"command": "pwd; cat /etc/shadow"}), ("board", {}), text="I look.", thinks="Hm.")
    wrong = Calls(
        ("train_hard", {}),
        ("post", {"kind": "result", "title": "true", "text": "I say so"}),
        ("view", '{"path": "methods/a/meth'),
        ("view", {"path": "methods/a/method.py"}),
    )
    return [
        ear.step("begins", look),
        DropsMidway(after=6, reply=Calls(write("broken"))),
        Fails(429, retry_after_ms=50),
        Fails(529),
        ear.step("wrong", wrong),
        FailsMidway(),
        ear.step("freezes", Calls(*freeze())),
        *verified(Ids())[1:],
        ear.step("done", Says("Done.")),
    ]


def forgetful(ear: Listener, provider: str) -> Sequence[Step]:
    """Its conversation overflows at the provider; it goes on from its notes and verifies another method."""
    words = "prompt is too long: 210000 tokens > 200000 maximum" if provider == "anthropic" else "too long"
    code = "invalid_request_error" if provider == "anthropic" else "context_length_exceeded"
    long = Calls(("bash", {"command": "seq 1 1500"}))
    return [
        Calls(("note", {"text": "the threshold is near a half"}), write(OTHER)),
        *[long] * 4,
        Fails(400, words, code=code),
        ear.step("cut", Calls(("snapshot", {"folder": "methods/a", "message": "m", "files": ["../../etc/passwd"]}))),
        ear.step("refused", Calls(*freeze())),
        *verified(Ids())[1:],
        Says("Done."),
    ]


def run(config: StudyConfig, folder: Path) -> tuple[StudyPaths, State]:
    paths = create_study(config, folder=folder)
    Fleet(paths, config).run()
    assert not leftovers(paths)
    return paths, State.of(events(paths))


def team(model: str, ear: Listener) -> Mapping[str, Sequence[Step]]:
    spends = [Calls(("bash", {"command": "seq 1 1500"}), ("view", {"path": "outputs/0001.txt"}))] * 100
    return {"r1": careful(ear), "r2": forgetful(ear, model.partition("/")[0]), "r3": spends}


@pytest.fixture
def server(monkeypatch: pytest.MonkeyPatch) -> Iterator[LlmServer]:
    with llm_server() as server:
        for name, value in server.environment().items():
            monkeypatch.setenv(name, value)
        yield server


@pytest.mark.parametrize("model", [CLAUDE, CHAT, pytest.param(GPT, marks=pytest.mark.slow)])
def test_three_researchers_reach_a_verified_board(tmp_path: Path, server: LlmServer, model: str) -> None:
    ear = Listener()
    server.at_end = policy = Scripts(team(model, ear), at_end=Says("I have nothing more to do."))
    config = toy(
        study={"researchers": 3},
        minds={"model": model, "output_tokens": 2000},
        price=PRICED,
        budget={"dollars": DOLLARS, "dev_answers": 6, "verifications": 3},
    )
    paths, state = run(config, tmp_path / "s")
    _board_is_whole(state)
    _mistakes_were_answered(ear)
    assert [len(policy.left[name]) for name in ("r1", "r2")] == [0, 0]
    assert len(policy.left["r3"]) > 50
    _troubles_were_paid_once(paths, state)
    assert "the threshold is near a half" in ear.heard["cut"].user
    assert "earlier turns of this session were left out" in ear.heard["cut"].user
    assert not files_with(KEY, paths.root)


def _board_is_whole(state: State) -> None:
    rows = [row for row in board(state).rows if row.kind == "method"]
    assert sorted((row.researcher, row.status) for row in rows) == [("r1", "ok"), ("r2", "ok")]
    assert {row.rank for row in rows} == {1, 2}
    assert sorted((one.author, one.kind) for one in state.findings.values()) == [("r1", "result"), ("r2", "result")]


def _mistakes_were_answered(ear: Listener) -> None:
    begins, wrong, freezes = (ear.heard[name] for name in ("begins", "wrong", "freezes"))
    assert "Cheating disqualifies" in begins.system
    assert "Your direction:" in begins.user
    shown = wrong.results
    assert [shown[0], len(shown)] == [f"methods/a/method.py has {len(GOOD)} characters", 3]
    assert shown[1].splitlines()[2].startswith("/work")
    assert "shadow" in shown[1]
    assert "left: $" in shown[2]
    answers = freezes.results
    assert answers[0].startswith("there is no tool 'train_hard'; there are: bash, view, edit, train")
    assert "names the submission that shows it" in answers[1]
    assert answers[2] == "not carried out: the arguments are no complete JSON object"
    assert answers[3].startswith("methods/a/method.py: lines 1 to 2 of 2\n    1 def train")
    assert ear.heard["refused"].results[0].startswith("refused: ")


def _troubles_were_paid_once(paths: StudyPaths, state: State) -> None:
    found = transcript(paths)
    assert [one["words"] for one in found if one["kind"] == "trouble"] == [
        "the connection was lost",
        "the provider answered with status 429",
        "the provider answered with status 529",
        "the provider broke its answer off (ModelOverloadedError)",
    ]
    for name in ("r1", "r2", "r3"):
        told = sum(one.get("dollars", 0.0) for one in transcript(paths, name))
        assert 0 < told == pytest.approx(state.researchers[name].model_dollars)
        assert told <= DOLLARS / 3
    assert "goes no further: a call may cost $" in (paths.logs / "r3.log").read_text()
    assert spent_dollars(state) <= DOLLARS
    log = (paths.logs / "r1.log").read_text()
    assert " says: I look.\n" in log
    assert " thinks: Hm.\n" in log
    assert " bash: pwd; cat /etc/shadow\n" in log


@pytest.mark.slow
@pytest.mark.parametrize("protocol", ["student", "predictions"])
def test_what_it_has_trained_is_verified_where_the_lab_does_not_train(
    tmp_path: Path, server: LlmServer, protocol: str
) -> None:
    server.script = [Calls(write(EMBEDDED)), *verified(Ids()), Says("Done.")]
    server.at_end = Says("I have nothing more to do.")
    verify = {"protocol": protocol, "answer_every": 1.0}
    _, state = run(
        settings(minds={"kind": "llm", "model": CLAUDE}, verify=verify, budget={"dollars": 5.0}), tmp_path / "s"
    )
    (row,) = [row for row in board(state).rows if row.kind == "method"]
    assert (row.rank, row.status, row.protocol) == (1, "ok", protocol)
