"""A closed study: where nobody is at work its lab is opened for a decision and a post, and closed again."""

from pathlib import Path

import pytest

from aarlab.cli.study import read_state
from aarlab.fleet.study import running
from aarlab.lab.standing import standing
from tests.support.cli import closed_study
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
