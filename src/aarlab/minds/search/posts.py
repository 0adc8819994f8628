"""What the search mind says on the forum and in its notes. Findings name submissions and carry no numbers."""

from collections import Counter
from collections.abc import Sequence

from aarlab.minds.search.compose import title
from aarlab.minds.search.memory import Memory, Trial
from aarlab.minds.search.space import SPACE, Recipe, differences
from aarlab.wire import FindingRequest, ProtocolName, Submission

INTRODUCTION = "Written by a search program, not by a person or a language model."
HELD: dict[ProtocolName, str] = {
    "method": "The lab trained this method itself, and it held on fresh draws.",
    "student": "The lab scored the students that I trained, and they held on hidden items.",
    "predictions": "The lab graded my answers to the hidden items of verify, and they held.",
}
"""What a good verification says, by the protocol of the study."""


def hypothesis(direction: str, starts: Sequence[Recipe]) -> FindingRequest:
    """Where it begins and what it expects."""
    listed = "\n".join(f"- {title(recipe)}" for recipe in starts)
    begin = "I begin with methods like these and keep what the lab answers:"
    text = f"{INTRODUCTION} My direction: {direction}\n\n{begin}\n\n{listed}\n"
    return FindingRequest(kind="hypothesis", title="Where I begin", text=text)


def better(trial: Trial, before: Trial | None) -> FindingRequest:
    """A new best dev answer."""
    recipe = Recipe(**trial.recipe)
    compared = f"\n\n{_compared(recipe, before)}" if before else ""
    text = f"My best dev answer so far: submission {trial.submission}, method {trial.snapshot}.{compared}\n"
    return FindingRequest(
        kind="result", title=_fit(title(recipe)), text=text, submission=trial.submission, cites=trial.parents
    )


def worse(trial: Trial, best: Trial) -> FindingRequest:
    """A dev answer far from the best: saves others the attempt."""
    recipe = Recipe(**trial.recipe)
    text = f"Not better than my best, submission {best.submission}. {_compared(recipe, best)}\n"
    return FindingRequest(
        kind="negative result", title=_fit(title(recipe)), text=text, submission=trial.submission, cites=trial.parents
    )


def verified(trial: Trial, answer: Submission) -> FindingRequest:
    """What came of it when the lab trained the method itself."""
    name = title(Recipe(**trial.recipe))
    if answer.status != "ok":
        could = "train this method" if answer.protocol == "method" else "grade what I handed in"
        text = f"The lab could not {could}: submission {trial.verify} ended with {answer.status!r}.\n"
        return FindingRequest(kind="error", title=_fit(f"Not verified: {name}"), text=text, submission=trial.verify)
    if answer.value is not None and (answer.low or 0.0) > 0:
        text = f"{HELD[answer.protocol]} Dev was {trial.submission}.\n"
        kind, head, corrects = "result", "Verified", None
    else:
        said = answer.refusal or "the lower bound is not above the weak teacher"
        on = "fresh draws" if answer.protocol == "method" else "the hidden items of verify"
        text = f"On {on} this method did not hold: {said}. Dev was {trial.submission}.\n"
        kind, head, corrects = "correction", "Did not hold", trial.finding
    return FindingRequest(
        kind=kind,
        title=_fit(f"{head}: {name}"),
        text=text,
        submission=trial.verify,
        corrects=corrects,
        cites=(trial.snapshot,),
    )


def insight(memory: Memory) -> FindingRequest | None:
    """Which values the better half of the scored methods have in common; None when there is too little to say."""
    scored = memory.scored
    half = len(scored) // 2
    if half < 3:
        return None
    lines = [line for name in SPACE if (line := _lean(name, scored[:half], scored[-half:]))]
    if not lines:
        return None
    listed = "\n".join(f"- {line}" for line in lines)
    basis = ", ".join(trial.submission for trial in scored)
    begin = "Among my scored methods, what the better half has and the other half has not:"
    text = f"{begin}\n\n{listed}\n\nFrom the submissions {basis}.\n"
    return FindingRequest(kind="insight", title="What my better methods have in common", text=text)


def dead_end(dropped: Sequence[Trial]) -> FindingRequest:
    """What the self-checks without labels rule out; `dropped` in the order of time."""
    reasons = Counter(trial.why.split(" as trial ")[0] for trial in dropped)
    listed = "\n".join(f"- {why}: {count} candidates" for why, count in sorted(reasons.items()))
    last = title(Recipe(**dropped[-1].recipe))
    text = f"What I drop before asking dev, by checks that need no labels:\n\n{listed}\n\nThe last one was: {last}.\n"
    return FindingRequest(kind="insight", title="What the self-checks rule out", text=text)


def failure(trial: Trial) -> FindingRequest:
    """A method that could not be trained."""
    name = title(Recipe(**trial.recipe))
    return FindingRequest(kind="error", title=_fit(f"Does not run: {name}"), text=f"In my sandbox: {trial.why}\n")


def reason(trial: Trial) -> str:
    """Why a candidate is tried, in words that hold no result."""
    if trial.parents:
        return f"It varies what another researcher's method is made of: {', '.join(trial.parents)}."
    return "My search proposes it: it combines parts in a way that I have not tried."


def notes(memory: Memory) -> str:
    """The researcher's own memory in words; what it needs to go on is in its workspace."""
    counts = Counter(trial.state for trial in memory.trials)
    best = memory.best
    lines = [f"# Notes\n\n{INTRODUCTION}\n", *(f"- {state}: {count}" for state, count in sorted(counts.items()))]
    if best is not None:
        lines.append(
            f"- best so far: {title(Recipe(**best.recipe))} (submission {best.submission}, method {best.snapshot})"
        )
    lines += [f"- verified: submission {trial.verify}" for trial in memory.sent]
    return "\n".join(lines) + "\n"


def _compared(recipe: Recipe, other: Trial) -> str:
    rival = Recipe(**other.recipe)
    changed = [f"{name} {getattr(rival, name)!r} -> {getattr(recipe, name)!r}" for name in differences(recipe, rival)]
    return f"Against submission {other.submission} it changes {', '.join(changed)}."


def _lean(name: str, better: Sequence[Trial], worse: Sequence[Trial]) -> str:
    """A value that most of the better and few of the worse have."""
    good, bad = (Counter(trial.recipe[name] for trial in group) for group in (better, worse))
    value, count = good.most_common(1)[0]
    return f"{name} {value!r}" if 2 * count > len(better) and 3 * bad[value] < 2 * count and bad[value] < count else ""


def _fit(text: str) -> str:
    return text if len(text) <= 200 else f"{text[:197]}..."
