"""A whole fleet on the embedded problem, through its public doors."""

import threading
from collections.abc import Sequence
from pathlib import Path

import pytest

from aarlab.errors import UserError
from aarlab.fleet.engine.local import LocalEngine, LocalJob
from aarlab.fleet.orchestrator import Fleet
from aarlab.fleet.study import create_study, open_study, request_stop, running
from aarlab.lab.state import State
from aarlab.lab.views import study
from aarlab.wire import Board, StudyState
from tests.support.fleet import content, events, leftovers, settings

CRASH = 'echo "the disk is on fire" >&2; exit 7'


class Sabotage(LocalEngine):
    """Starts a shell command in place of one researcher."""

    def __init__(self, name: str, command: str) -> None:
        self._name, self._command = name, command
        self.starts = 0

    def start(self, argv: Sequence[str], *, log: Path) -> LocalJob:
        if argv[-1] == self._name:
            self.starts += 1
            argv = ["/bin/sh", "-c", self._command]
        return super().start(argv, log=log)


def test_a_study_is_reproducible_to_the_byte_and_leaves_nothing_behind(tmp_path: Path) -> None:
    seen: list[tuple[StudyState, Board]] = []
    found = []
    for name in ("a", "b"):
        paths = create_study(settings(), folder=tmp_path / name)
        outcome = Fleet(paths, settings()).run(lambda state, board: seen.append((state, board)))
        assert outcome.state == "finished"
        assert not leftovers(paths)
        found.append(content(paths))
    assert found[0] == found[1]
    state, board = seen[-1]
    assert state.state == "finished"
    assert state.pending == 0
    assert state.researchers[0].dev_answers == 2
    assert any(row.rank == 1 and row.value is not None for row in board.rows)
    assert {row.name for row in board.rows if row.kind == "mark"} >= {"vanilla", "weak teacher", "ceiling"}
    kinds = [event.kind for event in events(paths)]
    assert kinds.index("proposal.frozen") < kinds.index("dev.requested") < kinds.index("finding.posted", 6)


def test_a_researcher_that_crashes_at_once_is_paused_with_a_reason_while_others_go_on(tmp_path: Path) -> None:
    config = settings(study={"researchers": 2}, watchdog={"restarts": 1}, budget={"verifications": 0})
    paths = create_study(config, folder=tmp_path / "s")
    engine = Sabotage("r1", CRASH)
    outcome = Fleet(paths, config, engine=engine).run()
    state = State.of(events(paths))
    assert outcome.state == "finished"
    assert engine.starts == 2
    assert state.researchers["r1"].control == "pause"
    assert state.researchers["r1"].reason == "given up after 1 restarts: the disk is on fire"
    assert [one.researcher for one in state.submissions.values()] == ["r2"]


def test_a_silent_researcher_is_restarted(tmp_path: Path) -> None:
    config = settings(watchdog={"restarts": 1, "silent_seconds": 0.5})
    paths = create_study(config, folder=tmp_path / "s")
    engine = Sabotage("r1", "exec sleep 1000")
    Fleet(paths, config, engine=engine).run()
    assert engine.starts == 2
    assert "nothing was seen of it" in State.of(events(paths)).researchers["r1"].reason
    assert not leftovers(paths)


def test_stop_and_resume_go_on_where_it_was(tmp_path: Path) -> None:
    paths = create_study(settings(budget={"dev_answers": 3}), folder=tmp_path / "s")
    config = open_study(paths.root)[1]

    def stop_after_one(state: StudyState, _: Board) -> None:
        if state.researchers and state.researchers[0].best_dev is not None:
            assert running(paths) is not None
            request_stop(paths, reason="lunch")

    first = Fleet(paths, config).run(stop_after_one)
    assert (first.state, first.reason) == ("stopped", "lunch")
    assert running(paths) is None
    assert study(State.of(events(paths))).state == "stopped"
    assert not leftovers(paths)
    before = State.of(events(paths))
    assert Fleet(paths, config).run().state == "finished"
    after = State.of(events(paths))
    assert after.sessions == 2
    assert set(before.submissions) < set(after.submissions)
    assert len([one for one in after.submissions.values() if one.door == "dev"]) == 3
    assert after.researchers["r1"].experiments <= config.budget.experiments


@pytest.mark.slow
def test_the_end_of_the_time_still_verifies_the_best(tmp_path: Path) -> None:
    config = settings(budget={"minutes": 0.1, "dev_answers": 30, "experiments": 200})
    paths = create_study(config, folder=tmp_path / "s")
    outcome = Fleet(paths, config).run()
    state = State.of(events(paths))
    assert (outcome.state, outcome.reason) == ("finished", "the working time is used up")
    assert [one.status for one in state.submissions.values() if one.door == "verify"] == ["ok"]
    assert state.researchers["r1"].control == "stop"


def test_a_second_orchestrator_is_refused(tmp_path: Path) -> None:
    paths = create_study(settings(), folder=tmp_path / "s")
    stop, refused = threading.Event(), list[str]()

    def second(*_: object) -> None:
        if not refused:
            with pytest.raises(UserError) as error:
                Fleet(paths, settings()).run()
            refused.append(str(error.value))
        stop.set()

    assert Fleet(paths, settings()).run(second, stop=stop).state == "stopped"
    assert "is being worked on by process" in refused[0]
    assert "\n" not in refused[0]


def test_a_problem_that_does_not_load_is_one_line(tmp_path: Path) -> None:
    config = settings(problem={"data": str(tmp_path / "nothing")})
    paths = create_study(config, folder=tmp_path / "s")
    with pytest.raises(UserError, match="there is no such folder") as error:
        Fleet(paths, config).run()
    assert "\n" not in str(error.value)
    assert not leftovers(paths)
