"""What the team may still spend, folded from what it has spent."""

from aarlab.errors import ResearcherError
from aarlab.lab.records import SubmissionRecord
from aarlab.lab.state import State
from aarlab.wire import Budgets


def spent_dollars(state: State) -> float:
    """Core-hours of researchers' sandboxes and of verification at their price, calls of models, and the monitor."""
    seconds = sum(researcher.cpu_seconds for researcher in state.researchers.values())
    seconds += sum(submission.cpu_seconds for submission in state.submissions.values())
    models = sum(researcher.model_dollars for researcher in state.researchers.values())
    return seconds / 3600 * state.settings().price.cpu_hour + models + state.review_dollars


def left(state: State, *, now: float | None = None) -> Budgets:
    """What is left. Without `now` the clock stands at the last event, as in a study that nobody runs."""
    budget = state.settings().budget
    experiments = sum(researcher.experiments for researcher in state.researchers.values())
    return Budgets(
        experiments=max(0, budget.experiments - experiments),
        dev_answers=max(0, budget.dev_answers - len(_of(state, "dev"))),
        verifications=max(0, budget.verifications - len(_of(state, "verify"))),
        dollars=max(0.0, budget.dollars - spent_dollars(state)),
        seconds=max(0.0, budget.minutes * 60 - state.clock.seconds(now=now)),
    )


def used_up(state: State, *, now: float | None = None) -> str | None:
    """What ends the study, in words; None while it may go on."""
    rest = left(state, now=now)
    if rest.seconds <= 0:
        return "the working time is used up"
    if _no_money(state):
        return "the money is used up"
    return "all experiments are used up" if rest.experiments <= 0 else None


def require(state: State, door: str) -> None:
    """Raises ResearcherError(code="budget") when the team cannot pay for one more submission to `door`."""
    budget = state.settings().budget
    cap = budget.dev_answers if door == "dev" else budget.verifications
    if len(_of(state, door)) >= cap:
        raise ResearcherError(f"all {cap} submissions to {door} that the whole team has are used up", code="budget")
    if _no_money(state):
        raise ResearcherError(f"the team's ${budget.dollars:.2f} are used up", code="budget")


def _no_money(state: State) -> bool:
    settings = state.settings()
    return settings.priced and spent_dollars(state) >= settings.budget.dollars


def _of(state: State, door: str) -> list[SubmissionRecord]:
    return [submission for submission in state.submissions.values() if submission.door == door]
