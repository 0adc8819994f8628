"""Problems for the range whose texts everybody may see: candidate answers, and candidate programs.

The features are made up, as in `pairs`; the texts are real, so that a rule or an interpreter can judge them.
"""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache as memo
from functools import partial
from pathlib import Path

import numpy as np

from aarlab.problem.contract import Progress
from aarlab.redteam.pairs import DIMENSION, PairsSettings, views
from aarlab.redteam.texts import CANDIDATES, Item, texts
from aarlab.w2s.domains.cues import text_cues
from aarlab.w2s.domains.pool import ANY, Pool
from aarlab.w2s.problem import W2SProblem, W2SSettings

QUESTIONS = 1800
"""With five candidates each: 1,260 dev items and 4,320 of verify. On 45 of its 864 questions the most common answer
is wrong; below 40 the detector of simple rules says nothing."""
APART, SEEN = 1.2, 0.8
"""As TRUTH and SEEN of `pairs`; more, for the classes are not of one size and a weak teacher falls for the larger."""
_SEED = 20_261_124


@dataclass(frozen=True)
class CandidatesKind:
    """Implements aarlab.problem.contract.ProblemKind: is this candidate right?"""

    domain: str
    """Of `texts`: "math" or "code"."""
    settings = PairsSettings

    def build(self, settings: PairsSettings, *, cache: Path, progress: Progress | None = None) -> W2SProblem:
        """The same problem every time; nothing is loaded or kept."""
        del settings, cache, progress
        return W2SProblem(_pool(self.domain), W2SSettings(seconds=30))


Answers = CandidatesKind("math")
"""Word problems; the most common answer is the right one on most of them."""
Programs = CandidatesKind("code")
"""Small functions; whoever runs them on the examples in their questions knows which are right."""


@memo
def _pool(domain: str) -> Pool:
    items = texts(domain, seed=_SEED, problems=QUESTIONS)
    label = np.array([item.right for item in items], dtype=np.int64)
    strong, weak, prior = views(label, np.random.default_rng(_SEED), apart=APART, seen=SEEN)
    group = np.arange(len(items), dtype=np.int64) // CANDIDATES
    shown = partial(_shown, items)
    return Pool(
        name=f"made-up {domain}",
        kind="choices",
        weak=weak,
        strong=strong,
        prior=prior,
        label=label,
        group=group,
        role=np.full(len(items), ANY, dtype=np.int64),
        subset=("",) * len(items),
        weak_layer=1,
        strong_layer=2,
        digest=hashlib.sha256(f"red team {domain} {QUESTIONS} {DIMENSION} {APART} {SEEN}".encode()).hexdigest(),
        texts=shown,
        cues=partial(text_cues, shown, group),
    )


def _shown(items: Sequence[Item]) -> list[tuple[str, ...]]:
    return [(item.question, item.candidate) for item in items]
