"""What the team may still spend, folded from what it has spent."""

from typing import Literal

from aarlab.errors import ResearcherError
from aarlab.lab.records import SubmissionRecord
from aarlab.lab.state import State
from aarlab.settings import ResearcherSettings
from aarlab.wire import Budgets

Door = Literal["dev", "verify"]


def spent_dollars(state: State) -> float:
    """Core and GPU hours of researchers' sandboxes and of verification at their price, calls of models, the monitor."""
    everybody = state.researchers.values()
    cores = sum(one.cpu_seconds for one in everybody) + sum(one.cpu_seconds for one in state.submissions.values())
    machine = state.settings().price.machine(core_seconds=cores, gpu_seconds=sum(one.gpu_seconds for one in everybody))
    return machine + sum(one.model_dollars for one in everybody) + state.review_dollars


def free(state: State, *, but: str = "") -> float:
    """What nobody has spent and nothing under way may cost. What is set aside for the researcher `but` counts as free.

    Whatever costs money is begun only if its worst case is free and is then set aside: so the cap holds.
    """
    held = sum(one.held for name, one in state.researchers.items() if name != but) + state.review_held
    pending = sum(one.pending for one in _of(state, "verify"))
    return (
        state.settings().budget.dollars - spent_dollars(state) - held - pending * state.settings().verification_dollars
    )


def left(state: State, *, now: float | None = None, name: str | None = None) -> Budgets:
    """What is left to the team; with `name` no more of the two doors than that researcher's own caps leave.

    Without `now` the clock stands at the last event, as in a study that nobody runs.
    """
    budget = state.settings().budget
    experiments = sum(researcher.experiments for researcher in state.researchers.values())
    return Budgets(
        experiments=max(0, budget.experiments - experiments),
        dev_answers=_door_left(state, "dev", name),
        verifications=_door_left(state, "verify", name),
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


def require(state: State, door: Door, *, name: str) -> None:
    """Raises ResearcherError(code="budget") when a researcher, or the team, cannot pay for one more submission."""
    budget, own = state.settings().budget, _own_cap(state, door, name)
    cap = budget.dev_answers if door == "dev" else budget.verifications
    if len(_of(state, door)) >= cap:
        raise ResearcherError(f"all {cap} submissions to {door} that the whole team has are used up", code="budget")
    if own is not None and len(_of(state, door, name)) >= own:
        raise ResearcherError(f"all {own} submissions to {door} that you have are used up", code="budget")
    if _no_money(state):
        raise ResearcherError(f"the team's ${budget.dollars:.2f} are used up", code="budget")
    if door == "verify" and (worst := state.settings().verification_dollars) > free(state):
        raise ResearcherError(
            f"a verification may cost ${worst:.4f}, and of the team's ${budget.dollars:.2f} not so much is left that "
            "is not set aside for what is under way",
            code="budget",
        )


def _door_left(state: State, door: Door, name: str | None) -> int:
    budget, own = state.settings().budget, _own_cap(state, door, name)
    team = (budget.dev_answers if door == "dev" else budget.verifications) - len(_of(state, door))
    return max(0, team if own is None else min(team, own - len(_of(state, door, name))))


def _own_cap(state: State, door: Door, name: str | None) -> int | None:
    """The cap of a [[researcher]] table; None where there is none, as for people."""
    own = next((own for known, own in state.settings().places if known == name), ResearcherSettings())
    return own.dev_answers if door == "dev" else own.verifications


def _no_money(state: State) -> bool:
    """Money also counts where nothing was priced at first: a replaced mind may cost some."""
    settings, spent = state.settings(), spent_dollars(state)
    return (settings.priced or spent > 0) and spent >= settings.budget.dollars


def _of(state: State, door: Door, name: str | None = None) -> list[SubmissionRecord]:
    found = [submission for submission in state.submissions.values() if submission.door == door]
    return found if name is None else [one for one in found if one.researcher == name]
