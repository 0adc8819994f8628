"""Weak-to-strong with models that are fine-tuned: the lab's side. Torch lives in a process of its own (desk)."""

from collections.abc import Mapping
from functools import cached_property
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import numpy as np

from aarlab.canonical import digest_json
from aarlab.errors import OperatorError, UserError
from aarlab.problem.contract import Card, DirectProblem, Part, Progress, ProtocolName
from aarlab.problem.equipment import Equipment, Folder
from aarlab.w2s.card import Backend, write_card
from aarlab.w2s.domains.pool import Pool
from aarlab.w2s.domains.text import centred, content, groups_of, kind_of, pool_of, row_texts
from aarlab.w2s.hf import VERSION
from aarlab.w2s.hf.desk import Desk
from aarlab.w2s.hf.inside import PLACE
from aarlab.w2s.hf.judges import Judges
from aarlab.w2s.hf.load import INSTALL, files_of
from aarlab.w2s.hf.models import Site
from aarlab.w2s.hf.settings import HfSettings
from aarlab.w2s.hf.world import Division, TunedWorld
from aarlab.w2s.own_data import read_rows
from aarlab.w2s.problem import W2SProblem, W2SSettings
from aarlab.w2s.splits import Splits
from aarlab.w2s.world import Secret

PACKAGES = ("accelerate", "peft", "pydantic", "torch", "transformers")
"""What the strong model needs in a sandbox."""
KIT = (
    *("__init__.py", "adapters.py", "bound.py", "inside.py", "load.py", "model.py", "passes.py", "processes.py"),
    *("peft_folder.py", "prompts.py", "settings.py", "tokens.py", "train.py", "vllm_writer.py", "writing.py"),
)
"""Modules of aarlab.w2s.hf that sandboxes have; not the memory, the judges or the process for trusted trainings."""
RESEARCH = 1_000_000
"""Number of the research division; those of verification count from 0."""
MB = 1 << 20
BASE_MB, GPU_BASE_MB = 900, 3500
"""Memory of a process with the libraries alone."""
OVERHEAD = 1.15
"""Of weights, for adapters, gradients and activations of a short item."""


class TunedProblem(W2SProblem):
    """A W2SProblem on texts, whose trainings are fine-tunings."""

    def __init__(self, pool: Pool, settings: W2SSettings, judges: Judges, *, splits: Splits | None = None) -> None:
        """As W2SProblem. Raises UserError when the pool is too small."""
        super().__init__(pool, settings, splits=splits)
        self._hf: HfSettings = settings.hf
        self._judges = judges

    @property
    def desk(self) -> Desk:
        """Where its models are."""
        return self._judges.desk

    def under(self, protocol: ProtocolName) -> DirectProblem:
        """Raises UserError: what was trained elsewhere need not have followed the recipe."""
        raise UserError(
            f'verify.protocol = "{protocol}": on the hf backend the lab trains methods itself, by one recipe for all; '
            'set it to "method"'
        )

    def beside(self, other: W2SProblem) -> W2SProblem | None:
        """As in W2SProblem."""
        divided = super().beside(other)
        return divided and TunedProblem(self._pool, self._settings, self._judges, splits=divided.splits)

    def kit(self) -> tuple[str, ...]:
        """As of every weak-to-strong problem, and what opens the strong model."""
        return (*super().kit(), *(f"w2s/hf/{name}" for name in KIT))

    def equipment(self) -> Equipment:
        """Torch and the like, and the strong model's folder."""
        about, ref = self._judges.about, self._site.ref("strong")
        source, files = files_of(ref)
        base = GPU_BASE_MB if about.device.startswith("cuda") else BASE_MB
        adapter = 2 * self._hf.recipe.rank * sum(inputs + outputs for inputs, outputs in about.shapes.values())
        return Equipment(
            packages=(*PACKAGES, "vllm") if self._hf.generator == "vllm" else PACKAGES,
            folders={PLACE: Folder(source, files, ref.digest())},
            memory_mb=base + round(OVERHEAD * about.size / MB),
            student_mb=-(-adapter // MB),
        )

    def prepare(self) -> None:
        """Trains the weak teacher of the research task, so that `publish` need not."""
        research = self._division(None)
        self._judges.judged("weak", research.trio.train, trained=research.trio.teacher, seed=research.number)

    @property
    def pair(self) -> str:
        """As in W2SProblem."""
        weak, strong = self._names
        recipe = self._hf.recipe
        how = f"LoRA of rank {recipe.rank}, {recipe.epochs:g} passes"
        return f"{weak} teaches {strong} of {self._judges.about.layers} layers, both fine-tuned ({how})"

    @property
    def _names(self) -> tuple[str, str]:
        return Path(self._hf.weak).name, Path(self._hf.strong).name

    @property
    def _site(self) -> Site:
        return self._judges.desk.site

    @cached_property
    def _card(self) -> Card:
        hf, about = self._hf, self._judges.about
        recipe = hf.recipe.model_dump(mode="json", exclude={"micro_batch", "checkpointing", "precision"})
        backend = Backend(*self._names, self._pool.strong_layer, about.layers, recipe)
        return write_card(self._pool, self._splits, self._rules, backend=backend)

    def _division(self, place: int | None) -> Division:
        """One of verification, or that of the research task."""
        if place is None:
            return Division(RESEARCH, self._splits.research)
        return Division(place, self._splits.draw(Secret.of_seed(place).rng("division")))

    def _research_world(self, key: bytes) -> TunedWorld:
        return self._world(self._division(None), Secret(key))

    def _verify_world(self, seed: int, part: Part) -> TunedWorld:
        """The seed chooses one of a few divisions; all else of it is fresh."""
        test = self._splits.final if part == "final" else None
        return self._world(self._division(seed % self._hf.seeds), Secret.of_seed(seed), test=test)

    def _world(self, division: Division, secret: Secret, **options: Any) -> TunedWorld:
        own: Mapping[str, Any] = {"rules": self._rules, "judges": self._judges, "recipe": self._hf.recipe}
        options["generator"] = self._hf.generator
        return TunedWorld(self._pool, division, secret, **own, **options)


def build_tuned(settings: W2SSettings, *, cache: Path, progress: Progress | None) -> TunedProblem:
    """Reads the folder, asks the strong model for hidden states and priors, trains the first weak teacher.

    What was computed before is found in the cache. Raises UserError on bad data and on what is no pinned model,
    OperatorError where the extra is missing.
    """
    if settings.data is None:
        raise UserError(
            "problem.data: the hf backend reads texts, and the embedded domains are numbers; name a folder with "
            "train_label.jsonl, train_unlabel.jsonl and test.jsonl (`aarlab data build` makes some)"
        )
    path = Path(settings.data).expanduser()
    rows, roles = read_rows(path, limit=settings.limit)
    site = Site(settings.hf, cache / "hf")
    models = [site.ref(role).digest() for role in ("weak", "strong")]
    if any(find_spec(name) is None for name in PACKAGES):
        raise OperatorError(INSTALL)
    own = settings.hf.model_dump(mode="json", exclude={"weak", "strong", "weak_revision", "strong_revision"})
    desk = Desk(site, progress=progress)
    try:
        pool = _pool(desk, rows, roles, settings.hf, path.resolve().name, [VERSION, models, own])
        judges = Judges(desk, row_texts(rows), pool.label)
        problem = TunedProblem(pool, settings, judges)
        problem.prepare()
    except BaseException:
        desk.close()
        raise
    desk.tell(None)
    return problem


def _pool(desk: Desk, rows: Any, roles: Any, hf: HfSettings, name: str, made_by: list[Any]) -> Pool:
    texts, layers = row_texts(rows), desk.ask("about").layers
    layer = round(2 * layers / 3) if hf.layer is None else hf.layer
    hidden, prior = desk.ask("hidden", texts, layer), desk.ask("prior", texts)
    if kind_of(rows) == "choices":
        hidden, prior = centred(hidden, groups_of(rows)), centred(prior, groups_of(rows))
    nothing = np.zeros((len(rows), 0), np.float32)  # a weak teacher that is fine-tuned reads no features
    digest = digest_json(["hf", made_by, content(rows, roles)])
    features, marks = (nothing, hidden, np.asarray(prior, np.float32)), [row.ood for row in rows]
    return pool_of(rows, roles, features, name=name, ood=marks, layers=(0, layer), digest=digest)
