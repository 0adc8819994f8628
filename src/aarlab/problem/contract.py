"""The contract of a gradable problem. The lab knows problems through this file only; it never imports one."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal, Protocol, runtime_checkable

if TYPE_CHECKING:
    from aarlab.problem.sight import Sight

ProtocolName = Literal["method", "student", "predictions"]
"""How a row is made, strongest first: a method that the lab re-executes, a student that it scores, or answers to
visible inputs, of which nobody can tell how they were made (lower trust)."""
Variant = Literal["real", "shuffled teacher", "other teacher"]
"""What the teacher of a draw is: the weak teacher, or that of a control."""
CONTROLS: tuple[Variant, ...] = ("shuffled teacher", "other teacher")
"""Runs beside the real ones that show what a method owes to its teacher."""
Part = Literal["verify", "final"]
"""Which hidden items grade: those of verification, or those that are used once, at the end of a study."""
Difference = tuple[float, float, float] | None
"""A difference and the two ends of its 95 % interval; None where the metric is refused."""
BASELINE = "vanilla"
"""The mark at which the Ladder starts."""


@dataclass(frozen=True)
class Card:
    """What everybody may know about a problem."""

    name: str
    """"w2s/chat" or the user's name for it."""
    text: str
    """Markdown for researchers: goal, inputs, rules, how to run and to hand in."""
    facts: Mapping[str, Any]
    """Public numbers: sizes, dimension, published baselines, half-widths.

    `sets` maps "dev", "verify" and "final" to {items, independent, half_width, of}: how many items grade, how many
    independent ones would say as much, and how far off a result may be at 95 %, in `of` ("accuracy" or the metric).
    """
    run: tuple[str, ...]
    """Command that trains a method inside a sandbox, with the words {method}, {data}, {out} and {seed} to fill in."""
    student_file: str = "student.safetensors"
    """The one file per seed that the command leaves in {out}/<seed>/ and that dev takes."""
    verify_file: str | None = None
    """The one that verify takes where the protocol is not "method", if that is another one."""


@dataclass(frozen=True)
class Score:
    """The outcome of a set of runs on hidden data, with the uncertainty of numerator and denominator."""

    value: float | None
    """The metric (PGR for W2S); None when `refusal` says why it must not be printed."""
    low: float | None
    """Lower end of the 95 % interval: what the board ranks by."""
    high: float | None
    """Upper end of the 95 % interval."""
    facts: Mapping[str, Any] = field(default_factory=dict)
    """What the value was made from: accuracies, their standard errors, numbers of runs and items.

    The lab reads `ladder` ({level, se, eta} on the problem's own scale; without it `transfer_acc` and `transfer_se`, in
    accuracy) for the Ladder, `teacher_free` (True: the controls show no use of the teacher; None: they could not tell)
    and `gap` (what one unit of the value is in accuracy). Researchers see all of it.
    """
    refusal: str | None = None
    """Why there is no value, for example a denominator whose interval contains zero. Researchers see it."""
    private: Mapping[str, Any] = field(default_factory=dict)
    """For the operator alone: hidden benchmarks, what could be turned into labels. In the ledger, never at a
    researcher's door. The lab reads `accuracies`: of each run, in the order of seeds."""


class Draw(Protocol):
    """One fresh draw of teacher, train and test for verification; a pure function of the problem's data and a seed."""

    def publish(self, folder: Path) -> None:
        """Writes what the method may see (as in Problem.publish) into an empty folder."""
        ...

    def grade(self, student: bytes) -> Any:
        """Predicts hidden items one by one with a student file and returns an opaque outcome for Problem.summarise.

        Raises ResearcherError(code="malformed") on a file that is not a valid student.
        """
        ...


@runtime_checkable
class Problem(Protocol):
    """Something to research whose outcome can be graded."""

    @property
    def digest(self) -> str:
        """SHA-256 that names data and settings in the ledger."""
        ...

    def card(self) -> Card:
        """Public description."""
        ...

    def kit(self) -> tuple[str, ...]:
        """Modules that a method may import, as paths relative to the package ("w2s/task.py", "w2s/methods")."""
        ...

    def publish(self, folder: Path, *, key: bytes) -> None:
        """Writes the research inputs (no labels) that `key` determines into an empty folder: /data in every sandbox."""
        ...

    def dev(self, students: Sequence[bytes], *, key: bytes) -> float:
        """Mean accuracy of the students on the dev set under the same `key` as `publish`. The lab adds noise and grid.

        Raises ResearcherError(code="malformed") on a file that is not a valid student.
        """
        ...

    def draw(self, seed: int, *, variant: Variant = "real", part: Part = "verify") -> Draw:
        """A fresh draw. Another `variant` of it differs in the teacher only, another `part` in what grades only."""
        ...

    def summarise(self, outcomes: Sequence[Any], *, controls: Mapping[Variant, Sequence[Any]] | None = None) -> Score:
        """One score from the outcomes of Draw.grade, one for each seed.

        `controls` has outcomes of the first of these seeds under another teacher, None where a run failed. They add
        to the facts (accuracy under each control, teacher response), never to the value.
        """
        ...

    def references(self, seeds: Sequence[int], *, part: Part = "verify") -> Mapping[str, Score]:
        """Scores of the marks on the board (weak teacher, ceiling, baselines, BASELINE among them) on these draws."""
        ...


@runtime_checkable
class Direct(Protocol):
    """A problem that can also grade what researchers have made themselves, without re-executing a method."""

    def under(self, protocol: ProtocolName) -> "DirectProblem":
        """The same problem where card, public inputs and dev are those of "student" or "predictions"."""
        ...


@runtime_checkable
class DirectProblem(Problem, Protocol):
    """A problem under such a protocol. All is graded in the experiment that the key of `publish` determines.

    Under "predictions" `publish` shows the inputs of dev, and those of verify and final in one secret order, without
    labels; one file answers both of them.
    """

    def grade(self, file: bytes, *, key: bytes, part: Part) -> Any:
        """What one file says of the hidden items of `part`, as an opaque outcome for `summarise`.

        Raises ResearcherError(code="malformed") on a file that is not what the protocol takes.
        """
        ...

    def marks(self, seeds: Sequence[int], *, key: bytes, part: Part) -> Mapping[str, Score]:
        """As `references`, on the items by which `grade` grades; `seeds` are those of trainings."""
        ...


@runtime_checkable
class Inspectable(Protocol):
    """A problem that shows answers to the lab's detectors; without it they see code, texts and scores only."""

    def examine(self, files: Sequence[bytes], *, key: bytes) -> "Sequence[Sight]":
        """The dev set as each file of a dev submission answers it; the same items in the same order for one `key`.

        Raises ResearcherError(code="malformed") as Problem.dev does.
        """
        ...

    def sights(self, outcomes: Sequence[Any]) -> "Sequence[Sight]":
        """The same for outcomes of Draw.grade, in their order."""
        ...


@runtime_checkable
class Comparable(Protocol):
    """A problem that can say by how much a method is above another on the same draws; others show scores only."""

    def trials(self, seeds: Sequence[int], *, part: Part = "verify") -> Mapping[str, Sequence[Any]]:
        """The outcomes behind `references`, one for each seed, for `summarise` and `differences`."""
        ...

    def differences(self, outcomes: Sequence[Any], base: Sequence[Any]) -> Mapping[str, Difference]:
        """The metric minus that of `base` with its 95 % interval, paired: on all items ("all"), and on parts by name.

        None where the metric is refused.
        """
        ...


@runtime_checkable
class Documented(Protocol):
    """A problem that brings background knowledge for the library of every sandbox; others have their card there."""

    def library(self) -> Mapping[str, str]:
        """Pages by file name ("methods/vanilla.md"), Markdown or code, the first line of each saying what it is.

        Everybody reads them, so they follow from the code alone: from no data, no key and no score.
        """
        ...


class ProblemKind(Protocol):
    """What an entry point of the group "aarlab.problems" names: settings, and how to build the problem from them."""

    settings: type[Any]
    """pydantic model of the [problem] table of a study file, without its key `kind`."""

    def build(self, settings: Any, *, cache: Path, progress: "Progress | None" = None) -> Problem:
        """Loads data (and computes features, cached by content under `cache`). Raises UserError on bad input."""
        ...


@runtime_checkable
class Portable(Protocol):
    """A kind of problem that has several domains."""

    def moved(self, settings: Any, *, to: str) -> Any:
        """The same settings on other data: the name of a domain, or a folder of the user's (with a "/" in it).

        Raises UserError when there is neither.
        """
        ...


class Progress(Protocol):
    """Called while something slow goes on."""

    def __call__(self, done: int, total: int, what: str, /) -> None: ...
