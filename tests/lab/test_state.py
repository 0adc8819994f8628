"""The fold: working time through crashes, what counts as the same study, and events of another age."""

from typing import Any

import pytest

from aarlab.errors import OperatorError
from aarlab.lab import budgets, views
from aarlab.lab.events import Kind, content_digest
from aarlab.lab.state import State
from aarlab.lab.store import Event
from aarlab.report.costs import costs
from aarlab.settings import BudgetSettings, StudyConfig

CONFIG = StudyConfig(budget=BudgetSettings(minutes=1)).model_dump(mode="json")


class Tape:
    """Events at given times."""

    def __init__(self) -> None:
        self.events: list[Event] = []
        self.add(0, Kind.STUDY_CREATED, "lab", {"config": CONFIG, "problem": "toy", "digest": "d"})
        self.add(0, Kind.LAB_STARTED, "lab", {})
        self.add(0, Kind.RESEARCHER_ADMITTED, "operator", member("r1"))

    def add(self, time: float, kind: str, actor: str, body: dict[str, Any], **meta: Any) -> "Tape":
        meta = {"time": time, **meta}
        self.events.append(Event(len(self.events) + 1, kind, actor, body, meta, prev="", hash=f"h{len(self.events)}"))
        return self

    def session(self, time: float, action: str) -> "Tape":
        return self.add(time, f"session.{action}", "operator", {}, reason="", host={})

    def note(self, time: float, text: str = "x") -> "Tape":
        return self.add(time, Kind.NOTE_SAVED, "r1", {"text": text})

    @property
    def seconds(self) -> float:
        return State.of(self.events).clock.seconds()


def member(name: str) -> dict[str, Any]:
    return {"name": name, "mind": "search", "direction": "any", "family": "any", "index": 0}


def test_only_sessions_are_working_time() -> None:
    tape = Tape().note(5).session(10, "started").note(15).session(20, "ended").note(90).session(100, "started")
    assert tape.session(107, "ended").seconds == 17


def test_researchers_hours_are_sessions_without_pauses_until_their_last_sign() -> None:
    tape = Tape().session(10, "started").note(25)
    tape.add(30, Kind.CONTROL_SET, "operator", {"researcher": "r1", "action": "pause", "reason": ""})
    tape.add(70, Kind.CONTROL_SET, "operator", {"researcher": None, "action": "run", "reason": ""})
    usage = {"experiments": 1, "cpu_seconds": 36.0, "wall_seconds": 1.0}
    tape.note(80).add(90, Kind.USAGE_REPORTED, "operator", {"researcher": "r1"}, **usage)
    tape.session(200, "ended").session(300, "started").note(310)
    seen = costs(tape.events)
    assert seen.researcher_hours * 3600 == pytest.approx(20 + 20 + 10)
    assert seen.dollars == pytest.approx(36 / 3600 * 0.04)
    assert seen.per_researcher_hour == pytest.approx(seen.dollars / (50 / 3600))
    assert seen.worth.words == "-: the baseline vanilla has no value yet"


def test_a_clock_that_is_set_back_takes_back_no_second() -> None:
    tape = Tape().session(10, "started").note(40)
    assert tape.note(5).seconds == 30
    assert tape.note(8).seconds == 33
    assert budgets.left(State.of(tape.events), now=0).seconds == 27
    assert tape.session(2, "ended").session(1, "started").note(3).seconds == 35


def test_a_session_without_end_counts_until_its_last_event() -> None:
    tape = Tape().session(10, "started").note(15)
    assert tape.seconds == 5
    tape.add(1000, Kind.LAB_STARTED, "lab", {})
    tape.add(1001, Kind.VERIFY_REQUESTED, "lab", {"id": "v", "snapshot": "s", "content": "c", "proposal": "p"})
    assert tape.seconds == 5
    tape.session(1002, "started").note(1004).session(1005, "ended")
    assert tape.seconds == 8


def test_a_restart_of_the_server_alone_does_not_end_the_session() -> None:
    tape = Tape().session(10, "started").note(15).add(18, Kind.LAB_STARTED, "lab", {}).note(20).note(25)
    assert tape.seconds == 10
    assert tape.session(30, "ended").seconds == 15


def test_the_clock_runs_on_while_a_session_is_open() -> None:
    state = State.of(Tape().session(10, "started").events)
    assert budgets.left(state, now=40).seconds == 30
    assert budgets.left(state).seconds == 60
    assert views.study(state, now=40).state == "running"


def test_states_of_a_study() -> None:
    tape = Tape()
    assert views.study(State.of(tape.events)).state == "new"
    tape.session(10, "started").session(20, "ended")
    assert views.study(State.of(tape.events)).state == "stopped"
    tape.session(100, "started").session(200, "ended")
    finished = views.study(State.of(tape.events))
    assert (finished.state, finished.reason) == ("finished", "the working time is used up")


def test_an_event_of_another_age_is_one_line() -> None:
    tape = Tape().add(1, "moon.landed", "lab", {})
    with pytest.raises(OperatorError, match=r"unknown kind 'moon\.landed'"):
        State.of(tape.events)


def test_the_content_digest_leaves_out_the_clock_only() -> None:
    plain = Tape().session(10, "started").note(15, "a").note(16, "b")
    later = Tape().add(3, Kind.LAB_STARTED, "lab", {}).session(20, "started").session(30, "ended").note(35, "a")
    later.note(36, "b").add(37, Kind.USAGE_REPORTED, "operator", {"researcher": "r1"}, experiments=1)
    assert content_digest(plain.events) == content_digest(later.events)
    other = Tape().note(15, "b").note(16, "a")
    assert content_digest(plain.events) != content_digest(other.events)


def test_the_lab_s_own_events_may_come_in_another_order() -> None:
    one, two = {"id": "v-1", "x": 1}, {"id": "v-2", "x": 2}
    there = Tape().add(1, Kind.VERIFY_FINISHED, "lab", one).add(2, Kind.VERIFY_FINISHED, "lab", two)
    back = Tape().add(1, Kind.VERIFY_FINISHED, "lab", two).add(2, Kind.VERIFY_FINISHED, "lab", one)
    assert content_digest(there.events) == content_digest(back.events)
