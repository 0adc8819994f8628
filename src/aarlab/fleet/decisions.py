"""Which incidents a person's decision is on: those of a submission, or one that the operator raises for it."""

from dataclasses import dataclass

from aarlab.api.client import Operator
from aarlab.errors import UserError
from aarlab.lab.standing import incidents_of
from aarlab.lab.state import State
from aarlab.wire import Decision, DecisionRequest, RaiseRequest


@dataclass(frozen=True)
class Plan:
    """What a decision will be on."""

    incidents: tuple[str, ...]
    """Ids of those that there are."""
    raised: RaiseRequest | None = None
    """The one that is raised for it where there is none."""

    def carry_out(self, operator: Operator, request: DecisionRequest) -> list[str]:
        """Ids of the incidents that were decided. Raises as Operator does."""
        names = [*self.incidents, *([operator.raise_incident(self.raised)] if self.raised else [])]
        for name in names:
            operator.decide(name, request)
        return names


def plan_decision(state: State, about: str, decision: Decision) -> Plan:
    """The plan for a decision about an incident or a submission, by whole id.

    Raises UserError where a submission is to be found valid that nothing holds, and on an unknown id.
    """
    if about in state.incidents:
        return Plan((about,))
    if about not in state.submissions:
        raise UserError(f"there is no incident or submission {about[:64]!r}; `aarlab board` has them")
    if decision == "valid":
        return Plan(_against(state, about))
    words = f"The operator has looked at it and decided: {decision}."
    return Plan((), RaiseRequest(submission=about, words=words))


def _against(state: State, submission: str) -> tuple[str, ...]:
    holding = [one for one in incidents_of(state, submission) if one.level == "quarantine" or one.decision is not None]
    names = tuple(one.id for one in holding if one.decision != "valid")
    if not names:
        raise UserError(f"{submission}: nothing holds it, so there is nothing to reinstate")
    return names
