"""Diversity, complexity, re-discovery and lineage of one study's methods, from its ledger and snapshots."""

from collections.abc import Sequence
from dataclasses import dataclass

from aarlab.lab.records import SubmissionRecord
from aarlab.lab.snapshots import Snapshots
from aarlab.lab.sqlite_store import read_events
from aarlab.lab.state import State
from aarlab.paths import StudyPaths
from aarlab.report.diversity.again import Again, Made, again
from aarlab.report.diversity.classify import UNKNOWN, family_of
from aarlab.report.diversity.complexity import Complexity, complexity
from aarlab.report.diversity.families import FamilyStep, family_steps

LEAST = 6
"""Verified methods below which no correlation is given."""


@dataclass(frozen=True)
class MethodLine:
    """A method that was handed in, to dev or to verify."""

    snapshot: str
    """Its id."""
    researcher: str
    """Who handed it in first."""
    family: str
    """Of its proposal; text of the researcher."""
    by_code: str
    """What its code speaks for; "unknown" where no rule applies."""
    complexity: Complexity
    """Of its code."""
    value: float | None
    """Verified PGR; None where it was not verified, or has no value."""
    parents: tuple[str, ...]
    """Snapshots that it builds on, as its author declared."""


@dataclass(frozen=True)
class Correlation:
    """Complexity against verified PGR."""

    what: str
    """lines, cyclomatic, compressed."""
    count: int
    """Verified methods with a value."""
    rho: float | None
    """Spearman's; None for fewer than LEAST methods, or where all are the same."""
    p: float | None
    """Two-sided."""


@dataclass(frozen=True)
class Diversity:
    """All of it."""

    steps: tuple[FamilyStep, ...]
    """Entropy of families across researchers."""
    families: dict[str, dict[str, int]]
    """Family -> researcher -> proposals. Families are text of researchers."""
    researchers: int
    """Who made a proposal."""
    methods: tuple[MethodLine, ...]
    """In the order in which they were handed in first."""
    agreement: float | None
    """Share of methods whose code speaks for the family of their proposal, of those for which a rule applies."""
    correlations: tuple[Correlation, ...]
    """Of complexity and PGR: of methods that were chosen for verification, so no law of methods in general."""
    again: Again
    """Re-discovery."""
    borrowed: int
    """Methods that build on another researcher's, as declared."""


def diversity(paths: StudyPaths) -> Diversity:
    """Of a study that has begun. Raises OperatorError when a snapshot is missing."""
    return diversity_of(State.of(read_events(paths.database)), Snapshots(paths.snapshots))


def diversity_of(state: State, snapshots: Snapshots) -> Diversity:
    """The same of a study whose ledger was read."""
    made = _made(state, snapshots)
    values = {one.snapshot: one.value for one in state.submissions.values() if one.door == "verify"}
    lines = tuple(_line(one, values.get(one.snapshot)) for one in made)
    told = [line for line in lines if line.by_code != UNKNOWN]
    families: dict[str, dict[str, int]] = {}
    for proposal in state.proposals.values():
        own = families.setdefault(proposal.family, {})
        own[proposal.author] = own.get(proposal.author, 0) + 1
    authors = {name: record.author for name, record in state.snapshots.items()}
    return Diversity(
        steps=family_steps(state),
        families=families,
        researchers=len({proposal.author for proposal in state.proposals.values()}),
        methods=lines,
        agreement=sum(line.by_code == line.family for line in told) / len(told) if told else None,
        correlations=tuple(_correlation(what, lines) for what in ("lines", "cyclomatic", "compressed")),
        again=again(made),
        borrowed=sum(any(authors[parent] != line.researcher for parent in line.parents) for line in lines),
    )


def _made(state: State, snapshots: Snapshots) -> list[Made]:
    """Distinct methods by the first submission of each."""
    first: dict[str, SubmissionRecord] = {}
    for record in sorted(state.submissions.values(), key=lambda one: one.seq):
        first.setdefault(record.snapshot, record)
    files = snapshots.every(list(first))
    return [
        Made(
            snapshot=name,
            researcher=record.researcher,
            family=state.proposals[record.proposal].family,
            parents=state.snapshots[name].parents,
            files=files[name],
        )
        for name, record in first.items()
    ]


def _line(one: Made, value: float | None) -> MethodLine:
    by_code, measured = family_of(one.files), complexity(one.files)
    return MethodLine(one.snapshot, one.researcher, one.family, by_code, measured, value, one.parents)


def _correlation(what: str, lines: Sequence[MethodLine]) -> Correlation:
    known = [(getattr(line.complexity, what), line.value) for line in lines if line.value is not None]
    if len(known) < LEAST or len({size for size, _ in known}) < 2:
        return Correlation(what, len(known), None, None)
    from scipy import stats

    found = stats.spearmanr([size for size, _ in known], [value for _, value in known])
    return Correlation(what, len(known), float(found.statistic), float(found.pvalue))


def sentences(found: Diversity) -> list[str]:
    """In words, for terminal and report."""
    said = [f"{len(found.families)} families by {found.researchers} researchers in {len(found.methods)} methods."]
    if found.steps:
        first, last = found.steps[0], found.steps[-1]
        said.append(
            f"Entropy of families across researchers: {first.entropy:.2f} bits at the first step, {last.entropy:.2f} "
            f"at step {last.step}, mean {sum(one.entropy for one in found.steps) / len(found.steps):.2f} "
            f"(at most {max(one.most for one in found.steps):.2f} with so many researchers)."
        )
    if found.agreement is not None:
        said.append(f"The code speaks for the family of the proposal in {found.agreement:.0%} of methods.")
    rate = found.again.rate
    if rate is not None:
        said.append(
            f"{found.again.repeated} of {found.again.methods} methods ({rate:.0%}) had been handed in by another "
            f"researcher before, the same or nearly, and do not name it; {found.borrowed} build on another's method. "
            f"Of {found.again.family_starts} families taken up {found.again.family_repeats} were in use by another."
        )
    return [*said, *(_said(one) for one in found.correlations)]


def _said(one: Correlation) -> str:
    if one.rho is None:
        return f"PGR against {one.what}: {one.count} verified methods are too few, or too alike, to tell."
    return f"PGR against {one.what}: Spearman's rho {one.rho:+.2f} over {one.count} verified methods (p = {one.p:.2g})."
