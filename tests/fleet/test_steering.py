"""The operator's word in mid-study: real commands beside a real fleet of two minds."""

import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from aarlab.cli.steering import LATER
from aarlab.errors import UserError
from aarlab.fleet.crew import GIVEN_UP
from aarlab.fleet.roster import roster
from aarlab.settings import MindSettings
from aarlab.studyfile import changed_minds, load_study
from tests.support.cli import aarlab, closed_study, start
from tests.support.fleet import leftovers
from tests.support.lab import until
from tests.support.llm_mind import files_with
from tests.support.llm_server import KEY, Calls, LlmServer, Step, llm_server
from tests.support.mixed import Steered, asked, by_model, study_file

SECONDS = 240


def forever(first: Step) -> Iterator[Step]:
    """A model that never ends by itself."""
    yield first
    while True:
        yield Calls(("bash", {"command": "true"}))


def alive(process: "subprocess.Popen[str]", what: bool) -> bool:
    """`what`, while the fleet has not ended."""
    assert process.poll() is None, process.communicate()
    return what


def test_a_word_a_pause_another_mind_and_an_end(tmp_path: Path) -> None:
    notes = Calls(("note", {"text": "written by the first mind"}))
    path = study_file(tmp_path, {"minds": {"model": "openai-chat/one"}})
    with llm_server() as server:
        server.at_end = by_model(one=forever(notes), two=forever(notes))
        study = Steered(tmp_path, **server.environment())
        with start("run", path, "--name", "s", cwd=tmp_path, **server.environment()) as fleet:
            until(lambda: alive(fleet, len(asked(server, "one")) > 1), seconds=SECONDS)
            _steered(study, server)
            _paused(study, server)
            _replaced(study, server)
            assert study.data("stop", "--researcher", "r1", "--reason", "enough")["changed"]
            out, err = fleet.communicate(timeout=SECONDS)
    assert (fleet.returncode, err) == (0, "")
    assert "operator to r1: look at a half" in out
    ends = [request for request in asked(server, "two") if "The study ends. You have 3 turns" in str(request.body)]
    assert len(ends) == 3
    assert "llm openai-chat/two" in study("status").out
    (one,) = study.state.researchers.values()
    assert (one.mind, one.replaced, one.control, one.reason) == ("llm openai-chat/two", 1, "stop", "enough")
    assert study.state.finished
    assert not leftovers(study.paths)
    assert not files_with(KEY, study.paths.root)


@pytest.mark.slow
def test_who_was_given_up_on_works_again_with_another_mind(tmp_path: Path) -> None:
    """A search cannot work on this problem."""
    fleet_of_two = ({"minds": {"model": "openai-chat/one"}, "dollars": 2.0}, {"minds": {"kind": "search"}})
    path = study_file(tmp_path, *fleet_of_two, watchdog={"restarts": 0})
    with llm_server() as server:
        server.at_end = by_model(one=forever(Calls(("board", {}))), three=(), four=())
        study = Steered(tmp_path, **server.environment())
        with start("run", path, "--name", "s", cwd=tmp_path, **server.environment()) as fleet:
            until(lambda: alive(fleet, study.log("r2") != ""), seconds=SECONDS)
            until(lambda: alive(fleet, study.state.researchers["r2"].reason.startswith(GIVEN_UP)), seconds=SECONDS)
            done = study("replace", "r2", "--set", "minds.kind=llm", "--set", "minds.model=openai-chat/three")
            assert done.out == "r2: llm openai-chat/three takes over from search\n"
            until(lambda: alive(fleet, len(asked(server, "three")) > 2), seconds=SECONDS)
            assert study("stop").status == 0
            fleet.communicate(timeout=SECONDS)
        assert [one.mind for one in study.state.researchers.values()] == [
            "llm openai-chat/one",
            "llm openai-chat/three",
        ]
        _while_nobody_runs_it(study, server)
    assert not leftovers(study.paths)


def _while_nobody_runs_it(study: Steered, server: LlmServer) -> None:
    """What is said to a stopped study holds in its next session."""
    assert study("stop", "--researcher", "r1").out.endswith(f"{LATER}\n")
    assert study("replace", "r2", "--set", "minds.model=openai-chat/four").out.endswith(f"{LATER}\n")
    before = len(asked(server, "one"))
    resumed = study("resume")
    assert resumed.status == 0, resumed
    assert (len(asked(server, "four")), len(asked(server, "one"))) == (3, before)
    assert study.state.researchers["r1"].control == "stop"
    assert study.state.finished


def _steered(study: Steered, server: LlmServer) -> None:
    assert study("steer", "r1", "look at a half").out == "r1: your message is on record\n"
    until(lambda: "The operator says: look at a half" in str(asked(server, "one")[-1].body), seconds=SECONDS)
    assert "the operator says: 'look at a half'" in study.log("r1")


def _paused(study: Steered, server: LlmServer) -> None:
    assert study("pause", "r1", "--reason", "lunch").out.startswith("r1 is paused: it asks no model")
    until(lambda: "paused by the operator" in study.log("r1"), seconds=SECONDS)
    before, paid = len(asked(server, "one")), study.state.researchers["r1"].model_dollars
    assert study("pause", "r1").out == "r1 is paused already (lunch)\n"
    assert (len(asked(server, "one")), study.state.researchers["r1"].model_dollars) == (before, paid)
    assert paid > 0
    study("resume", "--researcher", "r1")
    until(lambda: len(asked(server, "one")) > before, seconds=SECONDS)


def _replaced(study: Steered, server: LlmServer) -> None:
    """The second model begins with the notes of the first, which is asked nothing more."""
    facts = study.data("replace", "r1", "--set", "minds.model=openai-chat/two")
    assert (facts["before"], facts["mind"], facts["running"]) == ("llm openai-chat/one", "llm openai-chat/two", True)
    until(lambda: len(asked(server, "two")) > 1, seconds=SECONDS)
    before = len(asked(server, "one"))
    assert "written by the first mind" in asked(server, "two")[0].user
    assert "look at a half" in asked(server, "two")[0].user
    assert len(asked(server, "one")) == before


@pytest.mark.slow
def test_bad_words_are_one_line_and_good_ones_are_kept_for_later(tmp_path: Path) -> None:
    closed_study(tmp_path / "studies" / "s")
    study = Steered(tmp_path, OPENAI_API_KEY="", ANTHROPIC_API_KEY="")
    before = study.state.seq
    llm = ("--set", "minds.kind=llm")
    for words, status, says in (
        (("steer", "r3", "hello"), 2, "there is no researcher 'r3'; there are: r1, r2"),
        (("replace", "r1"), 2, "say what is new, for example --set minds.kind=llm"),
        (("replace", "r1", *llm, "--set", "minds.model=openai-chat/x"), 3, "needs a key"),
    ):
        done = study(*words)
        assert (done.status, done.err.count("\n"), done.out) == (status, 1, ""), (words, done)
        assert says in done.err, (words, done)
    assert study.state.seq == before
    done = study("steer", "r1", "later")
    assert done.out == f"r1: your message is on record{LATER}\n"
    assert study.state.researchers["r1"].messages == ("later",)


MIXED = """
[problem]
kind = "tests.support.toy:Toy"
[budget]
dev_answers = 10
[minds]
model = "openai-chat/mine"
[[researcher]]
count = 2
[[researcher]]
name = "reader"
minds = { kind = "llm" }
direction = "posterior"
dollars = 0.5
dev_answers = 1
"""


def test_check_shows_the_fleet_and_tries_each_mind(tmp_path: Path) -> None:
    path = tmp_path / "mixed.toml"
    path.write_text(MIXED)
    priced = ("--set", "price.model_input=0", "--set", "price.model_output=0")
    bare = aarlab("check", path, *priced, cwd=tmp_path, OPENAI_API_KEY="")
    assert (bare.status, bare.err.count("\n")) == (3, 1)
    assert "reader: minds.model = 'openai-chat/mine' needs a key" in bare.err
    done = aarlab("check", path, *priced, cwd=tmp_path, OPENAI_API_KEY=KEY)
    assert done.status == 0, done
    lines = [" ".join(line.split()) for line in done.out.splitlines()]
    assert "reader llm openai-chat/mine Posterior over the true label 0.5 133 1 4" in lines
    assert any(line.startswith("r1 search Unsupervised elicitation 0.25 ") for line in lines)


@pytest.mark.parametrize(
    ("fleet", "says"),
    [
        ("dollars = 2.0", "researcher.dollars: the caps are 2 together, and budget.dollars is 1"),
        ("experiments = 401", "researcher.experiments: the caps are 401 together, and budget.experiments is 400"),
        ("name = 'person-ada'", "researcher.name = 'person-ada' stands for something else"),
        ("name = 'lab'", "researcher.name = 'lab' stands for something else"),
    ],
)
def test_a_fleet_that_cannot_be_is_one_line(fleet: str, says: str, tmp_path: Path) -> None:
    path = tmp_path / "mixed.toml"
    path.write_text(f"[[researcher]]\n{fleet}\n")
    with pytest.raises(UserError) as error:
        roster(load_study(path))
    assert str(error.value).startswith(says)


def test_the_minds_of_one_researcher_are_changed_one_by_one() -> None:
    first = changed_minds(MindSettings(), ["minds=llm", "minds.model=openai/gpt-5"])
    assert (first.kind, first.model, first.words) == ("llm", "openai/gpt-5", "llm openai/gpt-5")
    assert changed_minds(first, ["minds.kind=search"]).words == "search"
    assert Path(changed_minds(first, ["minds.prompt='mine.md'"]).prompt).is_absolute()
    for given, says in (
        ("minds.kind=oracle", "--set: minds.kind must be"),
        ("budget.dollars=3", "--set budget: only fields of [minds]"),
        ("minds.kid=llm", "--set minds.kid=llm: unknown field"),
    ):
        with pytest.raises(UserError) as error:
            changed_minds(first, [given])
        assert str(error.value).startswith(says)
