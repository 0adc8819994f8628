"""Weak-to-strong as a gradable problem: the lab's side. Nothing of this module is ever in a sandbox."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from functools import cached_property
from pathlib import Path
from typing import Literal

import numpy as np
from pydantic import BaseModel, ConfigDict, Field

from aarlab.canonical import digest_json
from aarlab.errors import UserError
from aarlab.problem.contract import (
    BASELINE,
    Card,
    DirectProblem,
    Part,
    Progress,
    ProtocolName,
    Score,
    Variant,
)
from aarlab.problem.sight import Sight
from aarlab.studyfile import suggest
from aarlab.w2s.card import write_card
from aarlab.w2s.controls import control_facts
from aarlab.w2s.domains.pool import DEPTH, MODEL, Pool
from aarlab.w2s.fit import L2
from aarlab.w2s.hf.settings import HfSettings
from aarlab.w2s.pgr import Outcome, Triple, differences, summarise
from aarlab.w2s.splits import Splits, split
from aarlab.w2s.task import Bools
from aarlab.w2s.world import Rules, World, research_world, verify_world

BASELINES = (BASELINE, "confident_only", "auxiliary_confidence", "zero_shot")
"""Methods that stand on the board as marks."""
KIT = (
    *("__init__.py", "task.py", "student.py", "tuned.py", "reading.py", "strong.py"),
    *("fit.py", "checks.py", "runner.py", "methods"),
)
"""Modules of aarlab.w2s that methods may import."""
VERSION = 1
"""Of splits, draws and grading: a change of any of them makes another problem."""


class W2SSettings(BaseModel):
    """[problem] with kind = "w2s"."""

    model_config = ConfigDict(frozen=True, extra="forbid", use_attribute_docstrings=True)

    domain: str = "chat"
    """Embedded data: "chat", "math" or "code"."""
    data: str | None = None
    """Folder with train_label.jsonl, train_unlabel.jsonl and test.jsonl of your own; replaces `domain`."""
    pair: Literal["small", "large"] = "small"
    """Embedded data: which pair of models is shipped with it; large has a student that reads further up, on fewer
    rows, and is there for some domains."""
    limit: int | None = Field(None, ge=100)
    """With `data`: at most about so many rows of each file (whole groups), for a quick look; else the first rows."""
    weak_layer: int | None = Field(None, ge=0, le=30)
    """Layer of the language model that the weak teacher reads; None = the usual one. Needs that model."""
    strong_layer: int | None = Field(None, ge=0, le=30)
    """Layer that the strong student reads; None = the usual one. Needs that model."""
    l2: float = Field(L2, gt=0)
    """Weight penalty of the ceiling. Tune the ceiling with it, never vanilla."""
    weak_l2: float = Field(L2, gt=0)
    """Weight penalty of the weak teacher; a small one makes it over-confident."""
    backend: Literal["probe", "hf"] = "probe"
    """probe: heads on frozen features, on any machine; hf: models fine-tuned with the settings of [problem.hf]."""
    hf: HfSettings = HfSettings()
    """With backend = "hf"."""
    seconds: float = Field(60.0, gt=0)
    """Time that a task announces for one training; keep it at or below verify.seconds."""


class W2SDraw:
    """One fresh draw for verification."""

    def __init__(self, world: World, variant: Variant = "real") -> None:
        self.world = world
        self._variant: Variant = variant

    def publish(self, folder: Path) -> None:
        """Writes task.safetensors and task.json."""
        self.world.publish(folder, variant=self._variant)

    def grade(self, student: bytes) -> Outcome:
        """Who is right on each hidden item: student, weak teacher, ceiling. Raises ResearcherError(malformed)."""
        return graded(student_answers(student, self.world), self.world)


def graded(answers: Bools, world: World) -> Outcome:
    """The outcome of answers [n] to the world's hidden test, with what detectors see of them."""
    sight = world.sight(answers)
    return replace(world.outcome(sight.right), sight=sight)


def student_answers(data: bytes, world: World) -> Bools:
    """[n] what a student file answers to the world's hidden test. Raises ResearcherError(code="malformed")."""
    return world.answers(world.read(data))


class W2SProblem:
    """A pool of labelled items behind the contract of a gradable problem."""

    def __init__(self, pool: Pool, settings: W2SSettings, *, splits: Splits | None = None) -> None:
        """Divides the pool, or takes a division of the same items. Raises UserError when it is too small."""
        self._pool = pool
        self._settings = settings
        self._splits: Splits = split(pool) if splits is None else splits
        self._rules = Rules(l2=settings.l2, weak_l2=settings.weak_l2, seconds=settings.seconds)
        self._latest: tuple[bytes, World] | None = None

    def under(self, protocol: ProtocolName) -> DirectProblem:
        """The same problem for students or predictions as they are handed in (w2s.direct)."""
        from aarlab.w2s.direct import W2SDirect  # which is made from this class

        return W2SDirect(self._pool, self._settings, protocol)

    def beside(self, other: "W2SProblem") -> "W2SProblem | None":
        """This problem divided as `other` is, so that both draw the same items; None when their items differ.

        For comparisons of two pairs of models outside of a study: a digest does not tell whose division it is.
        """
        own, theirs = self._pool, other._pool
        columns = ((own.group, theirs.group), (own.label, theirs.label), (own.role, theirs.role))
        if own.kind != theirs.kind or not all(np.array_equal(one, two) for one, two in columns):
            return None
        return W2SProblem(own, self._settings, splits=other._splits)

    @property
    def size(self) -> int:
        """Items of the pool."""
        return len(self._pool)

    @property
    def pair(self) -> str:
        """What its two models are, in words."""
        weak, strong = self._pool.weak_layer, self._pool.strong_layer
        return f"teacher on {weak} layers, student on {strong} of the {DEPTH} layers of {MODEL}"

    @property
    def splits(self) -> Splits:
        """How the pool is divided."""
        return self._splits

    @property
    def digest(self) -> str:
        """SHA-256 of data, settings that matter, and version."""
        rules = [self._rules.l2, self._rules.weak_l2, self._rules.seconds]
        return digest_json(["w2s", VERSION, self._pool.digest, rules])

    @cached_property
    def _card(self) -> Card:
        return write_card(self._pool, self._splits, self._rules)

    def card(self) -> Card:
        """Public description; tells sizes, never labels or the contents of a split."""
        return self._card

    def kit(self) -> tuple[str, ...]:
        """What a method may import: tasks, students, fits, methods and the runner; no data, splits or grading."""
        return ("__init__.py", "errors.py", *(f"w2s/{name}" for name in KIT))

    def library(self) -> Mapping[str, str]:
        """Notes, methods and helpers; the same for every pool."""
        from aarlab.w2s.library import pages  # needed once a study

        return pages(BASELINES)

    def research(self, key: bytes) -> World:
        """The experiment behind `publish` and `dev`. Same key, same experiment; a study has one key, so it is kept."""
        latest = self._latest
        if latest is None or latest[0] != key:
            self._latest = latest = (key, self._research_world(key))
        return latest[1]

    def publish(self, folder: Path, *, key: bytes) -> None:
        """Writes the research task."""
        self.research(key).publish(folder)

    def dev(self, students: Sequence[bytes], *, key: bytes) -> float:
        """Mean accuracy on the dev set. Raises ResearcherError(code="malformed")."""
        world = self.research(key)
        return float(np.mean([world.right_answers(self._dev_answers(data, world)).mean() for data in students]))

    def examine(self, files: Sequence[bytes], *, key: bytes) -> Sequence[Sight]:
        """The dev set as each file answers it. Raises ResearcherError(code="malformed")."""
        world = self.research(key)
        return [world.sight(self._dev_answers(data, world), margin=True) for data in files]

    def sights(self, outcomes: Sequence[Outcome]) -> Sequence[Sight]:
        """What `grade` has kept for detectors; outcomes that no detector is to see have none."""
        return [outcome.sight for outcome in outcomes if outcome.sight is not None]

    def _dev_answers(self, data: bytes, world: World) -> Bools:
        """What a file that was handed in to dev answers."""
        return student_answers(data, world)

    def draw(self, seed: int, *, variant: Variant = "real", part: Part = "verify") -> W2SDraw:
        """A fresh draw; a pure function of the pool and the arguments."""
        return W2SDraw(self._verify_world(seed, part), variant)

    def _research_world(self, key: bytes) -> World:
        return research_world(self._pool, self._splits, key, rules=self._rules, name=self._pool.name)

    def _verify_world(self, seed: int, part: Part) -> World:
        return verify_world(self._pool, self._splits, seed, rules=self._rules, name=self._pool.name, part=part)

    def summarise(
        self, outcomes: Sequence[Outcome], *, controls: Mapping[Variant, Sequence[Outcome | None]] | None = None
    ) -> Score:
        """PGR with its interval, and the facts of the controls (w2s.controls)."""
        score = summarise(outcomes)
        return replace(score, facts={**score.facts, **control_facts(outcomes, controls or {})})

    def references(self, seeds: Sequence[int], *, part: Part = "verify") -> Mapping[str, Score]:
        """Weak teacher, ceiling, what needs no training, and the baselines, trained here as trusted code."""
        return {name: summarise(found) for name, found in self.trials(seeds, part=part).items()}

    def trials(self, seeds: Sequence[int], *, part: Part = "verify") -> Mapping[str, Sequence[Outcome]]:
        """Their outcomes."""
        outcomes: dict[str, list[Outcome]] = {}
        for seed in seeds:
            for name, outcome in trusted_marks(self.draw(seed, part=part).world, seed=seed).items():
                outcomes.setdefault(name, []).append(outcome)
        return outcomes

    def differences(self, outcomes: Sequence[Outcome], base: Sequence[Outcome]) -> Mapping[str, Triple | None]:
        """Of PGR, on all items and on those of each marked distribution (w2s.pgr)."""
        return differences(outcomes, base)


def trusted_marks(world: World, *, seed: int) -> dict[str, Outcome]:
    """The references of one experiment; `seed` is that of the trainings."""
    weak, ceiling = world.marks
    right = {"weak teacher": weak, "ceiling": ceiling, "untrained student": world.untrained, "majority": world.constant}
    right |= {name: world.right(world.trained(name, seed=seed)) for name in BASELINES}
    return {name: world.outcome(answers) for name, answers in right.items()}


class W2SKind:
    """Entry point "w2s" of the group "aarlab.problems"."""

    settings = W2SSettings

    def build(self, settings: W2SSettings, *, cache: Path, progress: Progress | None = None) -> W2SProblem:
        """Loads the embedded features, or computes those of the user's folder once. Raises UserError."""
        if settings.backend == "hf":
            from aarlab.w2s.hf.problem import build_tuned  # which is made from W2SProblem

            return build_tuned(settings, cache=cache, progress=progress)
        return W2SProblem(_pool(settings, cache, progress), settings)

    def moved(self, settings: W2SSettings, *, to: str) -> W2SSettings:
        """Other data, the same models and penalties. What belongs to a folder does not go to an embedded domain."""
        from aarlab.problem.files import FILES
        from aarlab.w2s.domains.embedded import EMBEDDED

        if "/" not in to:
            if settings.backend == "hf":
                raise UserError(f"{to}: the hf backend reads texts, so it goes to a folder of data only (with a /)")
            if to not in EMBEDDED:
                near = suggest(to, EMBEDDED) or f"; there are {', '.join(EMBEDDED)}"
                raise UserError(f"{to}: there is no such domain{near} (write ./{to} for a folder)")
            own = {"data": None, "limit": None, "weak_layer": None, "strong_layer": None}
            return settings.model_copy(update={**own, "domain": to})
        folder = Path(to).expanduser().absolute()
        if not all((folder / f"{name}.jsonl").is_file() for name in FILES):
            raise UserError(f"{to}: a folder of data has {', '.join(f'{name}.jsonl' for name in FILES)}")
        return settings.model_copy(update={"data": str(folder)})


W2S = W2SKind()


def _pool(settings: W2SSettings, cache: Path, progress: Progress | None) -> Pool:
    if settings.data is None:
        return _embedded(settings, cache, progress)
    if settings.pair != "small":
        raise UserError("problem.pair belongs to embedded data: with problem.data set weak_layer and strong_layer")
    from aarlab.w2s.own_data import load_own  # needed only here, and slower to import than all the rest

    layers = (settings.weak_layer, settings.strong_layer)
    return load_own(Path(settings.data).expanduser(), layers, limit=settings.limit, cache=cache, progress=progress)


def _embedded(settings: W2SSettings, cache: Path, progress: Progress | None) -> Pool:
    from aarlab.w2s.domains.embedded import EMBEDDED, load_embedded

    if settings.domain not in EMBEDDED:
        raise UserError(
            f"problem.domain is {settings.domain!r}, but the embedded domains are {', '.join(EMBEDDED)}; "
            "for data of your own set problem.data"
        )
    layers = (settings.weak_layer, settings.strong_layer)
    if settings.pair == "small" and settings.limit is None and layers == (None, None):
        return load_embedded(settings.domain)
    return _other_pair(settings, layers, cache, progress)


def _other_pair(
    settings: W2SSettings, layers: tuple[int | None, int | None], cache: Path, progress: Progress | None
) -> Pool:
    from aarlab.w2s.domains.pairs import first_rows, load_large, of_layers  # slower to import than all the rest

    if settings.pair == "large":
        if layers != (None, None):
            raise UserError('problem.pair = "large" says which layers are read; leave weak_layer and strong_layer out')
        pool = load_large(settings.domain)
        return pool if settings.limit is None else first_rows(pool, settings.limit)
    report = None if progress is None else lambda done, total: progress(done, total, "tokens read by the model")
    return of_layers(settings.domain, layers, limit=settings.limit, cache=cache, progress=report)
