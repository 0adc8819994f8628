"""A closed study: where nobody is at work its lab is opened for a decision and a post, and closed again."""

from pathlib import Path

import pytest

from aarlab.cli.study import read_state
from aarlab.fleet.study import running
from aarlab.lab.standing import standing
from aarlab.wire import FinalRequest
from tests.support.cli import closed_study
from tests.support.lab import until
from tests.support.records import records
from tests.support.web import Dashboard


@pytest.mark.slow
def test_a_row_is_decided_and_a_post_written(tmp_path: Path) -> None:
    paths = closed_study(tmp_path / "toy")
    row = next(one.id for one in read_state(paths).submissions.values() if one.door == "verify")
    form = {"decision": "disqualified", "reason": "It reads the clock.", "by": "ada"}
    with Dashboard(tmp_path) as served, served.client() as web:
        web.timeout = 120.0  # a lab is started twice
        decided = web.post(f"/studies/toy/submissions/{row}/decision", data=form)
        assert "disqualified by ada" in decided.text
        assert "It reads the clock." in web.get("/studies/toy/board").text
        posted = web.post("/studies/toy/forum", data={"kind": "insight", "title": "Closed for good"})
        assert "insight</span> by operator" in posted.text
    state = read_state(paths)
    assert standing(state, row) == "disqualified"
    assert [one.author for one in state.findings.values()][-1] == "operator"
    assert running(paths) is None


@pytest.mark.slow
def test_an_opened_final_set_is_on_the_board(tmp_path: Path) -> None:
    with records(tmp_path / "toy") as found, Dashboard(tmp_path) as served, served.client() as web:
        with found.lab.operator() as operator:
            operator.name_finalists(FinalRequest(submissions=found.rows[:1]))
            operator.open_final()
            until(lambda: operator.final().phase == "opened", seconds=120)
        text = web.get("/studies/toy/board").text
        final = text[text.index("<h2>Final set</h2>") :]
        assert "±" in final
        assert "weak teacher" in final
        assert found.rows[0][:12] in final
        assert found.rows[1][:12] not in final  # it was disqualified
