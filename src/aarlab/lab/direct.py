"""Students and predictions that are graded as they were handed in, where no method is re-executed."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import partial

from aarlab.canonical import digest_json
from aarlab.errors import OperatorError, ResearcherError, UserError
from aarlab.lab.crew import guarded
from aarlab.lab.dev import DATA_KEY
from aarlab.lab.records import SubmissionRecord
from aarlab.lab.rerun import Run, Step
from aarlab.lab.store import Blobs
from aarlab.lab.vault import Vault
from aarlab.problem.contract import DirectProblem, Part, Problem, Score
from aarlab.settings import StudyConfig


def direct_id(students: Sequence[str]) -> str:
    """Names a verification of files: the same files are graded once, whoever hands them in and in whatever order."""
    return "v-" + digest_json(sorted(students))[:20]


def check_students(students: Sequence[str], *, config: StudyConfig, blobs: Blobs) -> None:
    """Raises ResearcherError when a request for verification has not the files that the study's protocol takes."""
    protocol, count = config.verify.protocol, config.dev.seeds
    if protocol == "method":
        if students:
            raise ResearcherError(
                "the lab trains the method itself in this study, so a verification names no students", code="malformed"
            )
        return
    if len(students) != count:
        raise ResearcherError(
            f'a verification has {count} files in this study (protocol "{protocol}", field `students`); this one has '
            f"{len(students)}",
            code="malformed",
        )
    for student in students:
        if student not in blobs:
            raise ResearcherError(f"there is no blob {student[:64]!r}; send it first (PUT /v1/blobs)", code="unknown")


def steps_of(record: SubmissionRecord) -> tuple[Step, ...]:
    """A real step for each file, for Bench.judge. Nothing is drawn: their seeds are places and mean nothing."""
    return tuple(Step(place) for place in range(len(record.students)))


@dataclass(frozen=True)
class Direct:
    """Grades files under the key of the study's public inputs."""

    problem: DirectProblem
    """Under the study's protocol."""
    blobs: Blobs
    """Where the files are."""
    vault: Vault
    """Has the key."""

    @classmethod
    def of(cls, problem: Problem, *, config: StudyConfig, blobs: Blobs, vault: Vault) -> "Direct | None":
        """None where methods are re-executed. Raises UserError on a problem that was not made for the protocol."""
        if config.verify.protocol == "method":
            return None
        if not isinstance(problem, DirectProblem):
            raise UserError(f'verify.protocol = "{config.verify.protocol}": this problem can only grade methods')
        return cls(problem, blobs, vault)

    def runs(self, record: SubmissionRecord, *, part: Part) -> list[Run]:
        """One for each file, in the order of their names. It is a pure function of files, key and data."""
        return [self._run(record.id, student, part) for student in record.students]

    def marks(self, seeds: Sequence[int], *, part: Part) -> Mapping[str, Score]:
        """The lab's references on the items that grade files."""
        return self.problem.marks(seeds, key=self.vault.subkey(*DATA_KEY), part=part)

    def _run(self, submission: str, student: str, part: Part) -> Run:
        return guarded(partial(self._grade, student, part), otherwise=Run("error"), what=submission)

    def _grade(self, student: str, part: Part) -> Run:
        try:
            file = self.blobs.get(student)
        except KeyError as error:
            raise OperatorError(f"the student {error} was removed after it was stored; restore it") from error
        try:
            return Run("ok", self.problem.grade(file, key=self.vault.subkey(*DATA_KEY), part=part))
        except ResearcherError:
            return Run("malformed")
