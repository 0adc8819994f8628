"""A search, a language model and a person in one study, each with a direction and caps of its own."""

import json
from pathlib import Path

import pytest

from tests.support.cli import ROOT, aarlab, start
from tests.support.fleet import leftovers
from tests.support.lab import until
from tests.support.llm_mind import Ids, verified, write
from tests.support.llm_server import Calls, llm_server
from tests.support.mixed import Steered, asked, by_model, study_file

SECONDS = 280
EXAMPLE = (ROOT / "examples" / "agreement" / "method.py").read_text()
CAPS = {"dev_answers": 1, "verifications": 1, "dollars": 1.0}
PERSON = f"""
set -e; mkdir m; cat > m/method.py <<'END'
{EXAMPLE}END
echo because > plan.md
P=$(lab propose plan.md --title agreement); S=$(lab snapshot m --message agreement)
lab verify --proposal $P --snapshot $S --wait 200
"""


@pytest.mark.slow
def test_a_search_a_model_and_a_person_reach_the_board_within_their_caps(tmp_path: Path) -> None:
    """A third researcher begins as a search and goes on as a model."""
    reader = {"name": "reader", "direction": "posterior", "minds": {"kind": "llm", "model": "openai-chat/one"}}
    fleet = ({"direction": "reweighting", "experiments": 12, **CAPS}, {**reader, **CAPS}, {"name": "third"})
    embedded = {"problem": {"kind": "aarlab.w2s.problem:W2S"}, "sandbox": {"memory_mb": 2048, "disk_mb": 64}}
    path = study_file(tmp_path, *fleet, **embedded, minds={"kind": "search", "model": ""})
    script = (Calls(write(EXAMPLE + "# with a remark\n")), *verified(Ids()))
    with llm_server() as server:
        server.at_end = by_model(one=script, two=())
        study = Steered(tmp_path, **server.environment())
        with start("run", path, "--name", "s", cwd=tmp_path, **server.environment()) as process:
            until(lambda: process.poll() is not None or "trial 0" in study.log("third"), seconds=SECONDS)
            told = study.data("replace", "third", "--set", "minds.kind=llm", "--set", "minds.model=openai-chat/two")
            assert (told["before"], told["running"]) == ("search", True)
            person = study("join", "--name", "ada", "--command", PERSON)
            assert person.status == 0, person
            out, err = process.communicate(timeout=SECONDS)
    assert process.returncode == 0, err
    assert "person-ada" in out
    assert "Posterior over the true label" in asked(server, "one")[0].user
    assert len(asked(server, "two")) == 3
    state = study.state
    kinds = ["search", "llm openai-chat/one", "llm openai-chat/two", "human"]
    assert [one.mind for one in state.researchers.values()] == kinds
    assert [one.family for one in state.researchers.values()][:2] == ["reweighting", "posterior"]
    for name in ("r1", "reader"):
        own = [one.door for one in state.submissions.values() if one.researcher == name]
        assert (own.count("dev"), own.count("verify")) == (1, 1), name
    assert 0 < state.researchers["reader"].model_dollars < CAPS["dollars"]
    assert state.researchers["r1"].experiments <= 12
    rows = json.loads(aarlab("board", "--json", "--study", study.paths.root, cwd=tmp_path).out)["rows"]
    minds = {row["researcher"]: row["mind"] for row in rows if row["kind"] == "method"}
    assert minds.items() >= {"r1": "search", "reader": "llm openai-chat/one", "person-ada": "human"}.items()
    assert not leftovers(study.paths)
