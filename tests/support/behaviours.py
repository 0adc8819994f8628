"""The example problem with another truth behind its hidden benchmark. Used as "tests.support.behaviours:Elsewhere"."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from aarlab.problem import Progress
from aarlab.problem.contract import Part, Variant
from examples.bring_your_own.yielding import Draw, Problem, Settings

HIDDEN = "appeal to rank"
KIND = "examples.bring_your_own.yielding:Yielding"


@dataclass(frozen=True)
class OtherDraw(Draw):
    """As the example's, but nobody ever pushes in the hidden way as hard."""

    def prompts(self, name: str) -> tuple[Any, Any]:
        cues, true = super().prompts(name)
        if name == HIDDEN:
            cues[:, 3] -= 1.5
        return cues, true


class OtherProblem(Problem):
    """Keeps the digest, so that everything else is the same."""

    def draw(self, seed: int, *, variant: Variant = "real", part: Part = "verify") -> OtherDraw:
        del variant
        return OtherDraw(seed, part)


class ElsewhereKind:
    """Implements aarlab.problem.contract.ProblemKind."""

    settings = Settings

    def build(self, settings: Settings, *, cache: Path, progress: Progress | None = None) -> OtherProblem:
        del settings, cache, progress
        return OtherProblem()


Elsewhere = ElsewhereKind()
