"""What the lab shows of its state, as wire models."""

import math
from collections.abc import Mapping
from typing import Any, Literal

from aarlab.errors import ResearcherError
from aarlab.lab import budgets
from aarlab.lab.records import FindingRecord, Researcher, SubmissionRecord
from aarlab.lab.standing import apart, standing, unread
from aarlab.lab.state import State
from aarlab.wire import FinalRow, FinalState, Finding, Me, ResearcherState, StudyState, Submission

MONEY_STEPS = 100
"""Into so many parts the money is divided where researchers see what is left of it."""


def submission(state: State, record: SubmissionRecord) -> Submission:
    """A submission as everybody may see it; the draws' seeds stay in the ledger."""
    return Submission(
        id=record.id,
        door=record.door,
        researcher=record.researcher,
        snapshot=record.snapshot,
        proposal=record.proposal,
        status=record.status,
        answer=record.answer,
        value=record.value,
        low=record.low,
        high=record.high,
        facts=dict(record.facts),
        refusal=record.refusal,
        apart=apart(state, record),
        new_best=record.new_best,
        standing=standing(state, record.id),
        protocol=record.protocol,
    )


def finding(state: State, record: FindingRecord) -> Finding:
    """A post with the numbers of the submission that it names. `seq` is that of its last change."""
    return Finding(
        id=record.id,
        seq=record.changed,
        author=record.author,
        kind=record.kind,
        title=record.title,
        text=record.text,
        submission=submission(state, state.submissions[record.submission]) if record.submission else None,
        replies_to=record.replies_to,
        corrects=record.corrects,
        corrected_by=record.corrected_by,
        cites=record.cites,
        votes=sum(record.votes.values()),
    )


def forum(state: State, *, after: int = 0) -> tuple[Finding, ...]:
    """Posts that were written or changed (voted on, corrected) after a place in the ledger, in the order of posting."""
    return tuple(finding(state, record) for record in state.findings.values() if record.changed > after)


def final(state: State) -> FinalState:
    """The final set, before and after its one opening."""
    record = state.final
    if record is None:
        return FinalState(phase="closed", words="no finalists are named")
    if record.results is None:
        phase: Literal["named", "opening"] = "opening" if record.opening else "named"
        words = "it is being opened" if record.opening else f"{len(record.finalists)} finalists are named"
        return FinalState(phase=phase, finalists=record.finalists, words=words)
    found, half = record.results, float(record.results["half_width"])
    rows = [_finalist(state, name, entry, half=half) for name, entry in found["finalists"].items()]
    marks = [_final_row(name, score, half=half) for name, score in found["marks"]["scores"].items()]
    return FinalState(
        phase="opened",
        finalists=record.finalists,
        rows=(*sorted(rows, key=_by_accuracy), *sorted(marks, key=_by_accuracy)),
        half_width=half,
        independent=found["independent"],
        words=_certainty(found, count=len(rows)),
    )


def _certainty(found: Mapping[str, Any], *, count: int) -> str:
    scores = [row["score"] or {} for row in found["finalists"].values()] + [*found["marks"]["scores"].values()]
    if not any("transfer_acc" in score.get("facts", {}) for score in scores):
        return "Each interval is that of its row alone: the bound for all finalists at once is one for accuracies."
    gaps = [score["facts"].get("gap") for score in found["marks"]["scores"].values()]
    gap = next((gap for gap in gaps if gap), None)
    metric = f", which is about ±{found['half_width'] / gap:.2f} PGR" if gap else ""
    which = "the finalist's accuracy is" if count == 1 else f"the accuracies of all {count} finalists are"
    return (
        f"With 95 % confidence {which} within ±{found['half_width']:.3f} of the truth at once{metric}, whatever the "
        f"campaign did (Hoeffding, {found['independent']} independent items that nothing had touched before)."
    )


def _finalist(state: State, submission: str, entry: Mapping[str, Any], *, half: float) -> FinalRow:
    record = state.submissions[submission]
    name = state.proposals[record.proposal].title
    row = _final_row(name, entry["score"] or {}, half=half)
    update = {"researcher": record.researcher, "kind": "method", "submission": submission, "status": entry["status"]}
    update["standing"] = standing(state, submission)
    return row.model_copy(update=update | {"protocol": record.protocol})


def _final_row(name: str, score: Mapping[str, Any], *, half: float) -> FinalRow:
    facts = score.get("facts", {})
    return FinalRow(
        name=name,
        researcher="lab",
        kind="mark",
        submission=None,
        status="ok",
        accuracy=facts.get("transfer_acc"),
        value=score.get("value"),
        low=score.get("low"),
        high=score.get("high"),
        refusal=score.get("refusal"),
        half_width=half / facts["gap"] if facts.get("gap", 0) > 0 else None,
    )


def _by_accuracy(row: FinalRow) -> tuple[float, str]:
    return (-(row.accuracy or 0.0), row.name)


def me(state: State, name: str, *, now: float, seed: int) -> Me:
    """What a researcher is told of itself.

    Of the money it is told whole hundredths of the budget, so that it does not tell how long a method ran.
    """
    researcher = member(state, name)
    rest = budgets.left(state, now=now, name=name)
    step = state.settings().budget.dollars / MONEY_STEPS
    told = rest.model_copy(update={"dollars": round(math.floor(rest.dollars / step) * step, 9) if step else 0.0})
    return Me(
        name=name,
        direction=researcher.direction,
        control=researcher.control,
        messages=researcher.messages,
        budgets=told,
        dev_seeds=state.settings().dev.seeds,
        seed=seed,
        forum=state.settings().study.forum,
    )


def member(state: State, name: str) -> Researcher:
    """The researcher of that name. Raises ResearcherError."""
    if name not in state.researchers:
        raise ResearcherError(f"{name} was not admitted to this study", code="forbidden")
    return state.researchers[name]


def study(state: State, *, now: float | None = None) -> StudyState:
    """The whole study for the live view. Without `now` the clock stands at the last event."""
    ended = budgets.used_up(state, now=now) if state.sessions else None
    over = "finished" if ended or state.finished else "stopped"
    phase = "new" if not state.sessions else "running" if state.clock.open else over
    return StudyState.model_validate(
        {
            "name": state.settings().study.name,
            "problem": state.problem,
            "state": phase,
            "reason": "" if state.clock.open else state.reason or ended or "",
            "active_seconds": state.clock.seconds(now=now),
            "budgets": budgets.left(state, now=now),
            "dollars": budgets.spent_dollars(state),
            "events": state.seq,
            "head": state.head,
            "researchers": tuple(_researcher(state, record) for record in state.researchers.values()),
            "closed": state.closed,
            "pending": sum(
                record.pending or unread(state, record)
                for record in state.submissions.values()
                if record.door == "verify"
            ),
        }
    )


def _researcher(state: State, record: Researcher) -> ResearcherState:
    own = [submission for submission in state.submissions.values() if submission.researcher == record.name]
    dev = [submission for submission in own if submission.door == "dev"]
    verify = [submission for submission in own if submission.door == "verify"]
    return ResearcherState(
        name=record.name,
        mind=record.mind,
        replaced=record.replaced,
        minds=dict(record.minds) if record.minds is not None else None,
        direction=record.direction,
        control=record.control,
        reason=record.reason,
        experiments=record.experiments,
        cpu_seconds=record.cpu_seconds,
        gpu_seconds=record.gpu_seconds,
        model_dollars=record.model_dollars,
        models=dict(record.models),
        dev_answers=len(dev),
        best_dev=max((entry.answer for entry in dev if entry.answer is not None), default=None),
        verifications=len(verify),
        best_verified=max((entry.value for entry in verify if entry.value is not None), default=None),
        findings=sum(post.author == record.name for post in state.findings.values()),
        last=record.last,
        last_seq=record.last_seq,
    )
