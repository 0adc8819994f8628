"""The search mind hands in what it has trained where the lab does not train."""

from pathlib import Path
from typing import Any

import pytest

from aarlab.fleet.orchestrator import Fleet
from aarlab.fleet.study import create_study
from aarlab.lab.state import State
from aarlab.lab.views import forum
from aarlab.wire import TRUST, ProtocolName
from tests.support.fleet import events, leftovers, settings


@pytest.mark.slow
@pytest.mark.parametrize("protocol", ["student", "predictions"])
def test_a_small_study(tmp_path: Path, protocol: ProtocolName) -> None:
    verify: dict[str, Any] = {"protocol": protocol, "answer_every": 1.0}
    config = settings(verify=verify)
    paths = create_study(config, folder=tmp_path / "s")
    board = []
    assert Fleet(paths, config).run(lambda _, rows: board.append(rows)).state == "finished"
    assert not leftovers(paths)
    state = State.of(events(paths))
    (row,) = [row for row in board[-1].rows if row.kind == "method"]
    assert (row.rank, row.status, row.protocol, row.note) == (1, "ok", protocol, TRUST[protocol])
    dev, verified = ([one for one in state.submissions.values() if one.door == door] for door in ("dev", "verify"))
    assert {one.status for one in (*dev, *verified)} == {"ok"}
    assert (verified[0].students in {one.students for one in dev}) == (protocol == "student")
    told = [post for post in forum(state) if post.submission and post.submission.door == "verify"]
    assert [post.submission.protocol for post in told if post.submission] == [protocol]
    assert "trained this method itself" not in told[0].text
