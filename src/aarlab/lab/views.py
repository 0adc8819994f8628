"""What the lab shows of its state, as wire models."""

from aarlab.errors import ResearcherError
from aarlab.lab import budgets
from aarlab.lab.records import FindingRecord, Researcher, SubmissionRecord
from aarlab.lab.state import State
from aarlab.wire import Finding, Me, ResearcherState, StudyState, Submission


def submission(record: SubmissionRecord) -> Submission:
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
        submission=submission(state.submissions[record.submission]) if record.submission else None,
        replies_to=record.replies_to,
        corrects=record.corrects,
        corrected_by=record.corrected_by,
        cites=record.cites,
        votes=sum(record.votes.values()),
    )


def forum(state: State, *, after: int = 0) -> tuple[Finding, ...]:
    """Posts that were written or changed (voted on, corrected) after a place in the ledger, in the order of posting."""
    return tuple(finding(state, record) for record in state.findings.values() if record.changed > after)


def me(state: State, name: str, *, now: float, seed: int) -> Me:
    """What a researcher is told of itself."""
    researcher = member(state, name)
    return Me(
        name=name,
        direction=researcher.direction,
        control=researcher.control,
        messages=researcher.messages,
        budgets=budgets.left(state, now=now),
        dev_seeds=state.settings().dev.seeds,
        seed=seed,
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
            "pending": sum(record.pending for record in state.submissions.values() if record.door == "verify"),
        }
    )


def _researcher(state: State, record: Researcher) -> ResearcherState:
    own = [submission for submission in state.submissions.values() if submission.researcher == record.name]
    dev = [submission for submission in own if submission.door == "dev"]
    verify = [submission for submission in own if submission.door == "verify"]
    return ResearcherState(
        name=record.name,
        mind=record.mind,
        direction=record.direction,
        control=record.control,
        reason=record.reason,
        experiments=record.experiments,
        cpu_seconds=record.cpu_seconds,
        dev_answers=len(dev),
        best_dev=max((entry.answer for entry in dev if entry.answer is not None), default=None),
        verifications=len(verify),
        best_verified=max((entry.value for entry in verify if entry.value is not None), default=None),
        findings=sum(post.author == record.name for post in state.findings.values()),
        last=record.last,
        last_seq=record.last_seq,
    )
