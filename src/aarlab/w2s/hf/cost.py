"""How many fine-tunings a study on the hf backend makes, and how many GPU-hours they take: before there is a GPU.

One training takes  overhead + items x epochs x tokens x parameters / rate  seconds. Nobody has published `rate` or the
tokens of an item. Tokens of 1500, 1000 and 800 (chat, mathematics, code) and one rate give the seconds that the study
did publish for its trainings (`PUBLISHED`) within a tenth; that is how both were chosen.
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pydantic import Field

from aarlab.problem.files import ChoiceRow, DataFolder, Row, read_folder
from aarlab.settings import Model, StudyConfig
from aarlab.w2s.card import DISAGREEMENT, TYPICAL_GAP
from aarlab.w2s.hf.settings import HfSettings
from aarlab.w2s.problem import BASELINES, W2SSettings
from aarlab.w2s.splits import REDRAWN, TEST_SHARES

HOUR = 3600.0
CHARACTERS = 4.0
"""Of a token, in English and in code: what the data of a folder is measured by."""
FRAME = 20
"""Tokens around the texts of an item: "Question:", "Answer A:", "Label:"."""
WITHOUT_CHECKPOINTING = 0.75
"""Time of a training that keeps its activations: three passes through the weights instead of four."""
PARAMETERS = {"Qwen/Qwen1.5-0.5B-Chat": 0.62, "Qwen/Qwen3-4B-Base": 4.02}
"""Billions, embeddings among them."""
_BILLIONS = re.compile(r"(?<![\d.])(\d+(?:\.\d+)?)\s*([BM])(?![a-z])", re.IGNORECASE)


@dataclass(frozen=True)
class Sizes:
    """Of a folder, or of the study's."""

    train_label: int
    """Items."""
    train_unlabel: int
    """Items."""
    test: int
    """Items."""
    tokens: float
    """Of an item, the mean of the training files."""
    test_groups: int
    """Questions of the test."""
    known: str
    """Where the numbers come from."""


STUDY = {
    "chat": Sizes(2245, 6826, 1263, 1500.0, 1263, "the study's sizes"),
    "math": Sizes(2061, 4735, 1315, 1000.0, 1315, "the study's sizes"),
    "code": Sizes(897, 8166, 2567, 800.0, 2567, "the study's sizes"),
}
"""Of its three domains; the tokens are ours."""
PUBLISHED = {
    "chat": {"weak": 463.0, "ceiling": 6282.0, "vanilla": 6353.0},
    "math": {"weak": 363.0, "ceiling": 2893.0, "vanilla": 2871.0},
    "code": {"ceiling": 4059.0, "vanilla": 4033.0},
}
"""Seconds of one training with its answers there, on an unnamed GPU of the class of an H100 or H200, 5 epochs; of
code's weak teacher only a cached time is known."""

PUBLISHED_IDEA = {"chat": 8.8, "math": 4.0, "code": 5.6}
"""GPU-hours of one idea on five seeds there."""


class TrainingAssumptions(Model):
    """Guesses about fine-tuning; time one training of yours and put in what you saw."""

    rate: float = Field(3.3e13, gt=0)
    """Parameters times tokens in a second of one GPU with checkpointing, from the study's published seconds: an H100 or
    H200; an A100 about 1.2e13, a card of 24 GB about 5e12 (guesses)."""
    overhead_seconds: float = Field(150.0, ge=0)
    """Loading the model and answering, for each training; from the same seconds."""
    tokens_per_item: float = Field(0.0, ge=0)
    """0 = measured on the folder at four characters a token, or of the study: 1500 chat, 1000 math, 800 code."""
    weak_billions: float = Field(0.0, ge=0)
    """Parameters of the weak model; 0 = as its name says."""
    strong_billions: float = Field(0.0, ge=0)
    """Parameters of the strong model; 0 = as its name says."""

    def notes(self) -> list[tuple[str, str, str]]:
        """Name, value, and where it comes from."""
        infos = type(self).model_fields.items()
        return [(name, f"{getattr(self, name):g}", info.description or "") for name, info in infos]


@dataclass(frozen=True)
class Line:
    """Trainings of one purpose."""

    what: str
    """The purpose."""
    trainings: int
    """How many."""
    seconds: float
    """Of one."""

    @property
    def gpu_hours(self) -> float:
        """Of all."""
        return self.trainings * self.seconds / HOUR


@dataclass(frozen=True)
class Outlook:
    """Of one study."""

    sizes: Sizes
    """Of its data."""
    lines: tuple[Line, ...]
    """What the lab trains for itself, for verification, and what researchers do."""
    full: Line
    """For comparison: one training of the strong model on the whole of train_unlabel."""
    assumptions: TrainingAssumptions
    """What it rests on."""

    @property
    def gpu_hours(self) -> float:
        """Of all trainings."""
        return sum(line.gpu_hours for line in self.lines)

    @property
    def own_hours(self) -> float:
        """Of what the lab trains for itself, outside of sandboxes."""
        return sum(line.gpu_hours for line in self.lines if line.what.startswith("lab: "))


def outlook(config: StudyConfig, settings: W2SSettings, sizes: Sizes, assumed: TrainingAssumptions) -> Outlook:
    """All trainings of a study. Raises ValueError where a model's size is in neither its name nor the assumptions."""
    hf, verify = settings.hf, config.verify
    billions = {
        "weak": assumed.weak_billions or parameters(hf.weak),
        "strong": assumed.strong_billions or parameters(hf.strong),
    }
    tokens = min(assumed.tokens_per_item or sizes.tokens, hf.recipe.max_tokens)
    sizes_of = {"weak": sizes.train_label, "strong": sizes.train_unlabel}

    def one(role: str, share: float) -> float:
        return seconds(round(share * sizes_of[role]), hf, assumed, tokens=tokens, billions=billions[role])

    drawn = 0.5 * REDRAWN
    teachers = hf.seeds * (2 if verify.controls else 1)
    lines = (
        Line("lab: weak teachers of the draws", teachers, one("weak", drawn)),
        Line("lab: ceilings of the draws", hf.seeds, one("strong", drawn)),
        Line("lab: weak teacher of the research task", 1, one("weak", 0.5)),
        Line("lab: ceiling of the research task", 1, one("strong", 0.5)),
        Line("lab: baselines on the board", len(BASELINES) * verify.seeds, one("strong", drawn)),
        Line("verifications", config.budget.verifications * verify.runs, one("strong", drawn)),
        Line("final", config.final.finalists * verify.seeds, one("strong", drawn)),
        Line("researchers' experiments", config.budget.experiments, one("strong", 0.5)),
    )
    return Outlook(sizes, lines, Line("the whole of train_unlabel", 1, one("strong", 1.0)), assumed)


def seconds(items: int, hf: HfSettings, assumed: TrainingAssumptions, *, tokens: float, billions: float) -> float:
    """Of one training on one GPU; with more of them the GPU-hours stay about the same."""
    passes = 1.0 if hf.recipe.checkpointing else WITHOUT_CHECKPOINTING
    work = items * hf.recipe.epochs * tokens * billions * 1e9
    return assumed.overhead_seconds + passes * work / assumed.rate


def parameters(name: str) -> float:
    """Billions of parameters of a model, by its name. Raises ValueError where that does not say."""
    if name in PARAMETERS:
        return PARAMETERS[name]
    found = _BILLIONS.findall(Path(name).name)
    if not found:
        raise ValueError(f"the name of the model {name} does not say how many parameters it has")
    number, unit = found[-1]
    return float(number) * (1.0 if unit.upper() == "B" else 1e-3)


def sizes_of(settings: W2SSettings) -> Sizes | None:
    """Of the folder that is named; of the study where there is none yet. None = nothing is known.

    Raises UserError on a folder that is there and not as it should be.
    """
    if settings.data is not None and Path(settings.data).expanduser().exists():
        return measured(read_folder(Path(settings.data).expanduser()))
    return STUDY.get(settings.domain)


def measured(folder: DataFolder) -> Sizes:
    """Sizes of a checked folder."""
    train = [*folder.train_label, *folder.train_unlabel]
    tokens = FRAME + sum(map(_characters, train)) / len(train) / CHARACTERS
    groups = len({row.unit() for row in folder.test})
    return Sizes(
        len(folder.train_label), len(folder.train_unlabel), len(folder.test), tokens, groups, "measured on the folder"
    )


def _characters(row: Row) -> int:
    texts = (row.question, row.choice) if isinstance(row, ChoiceRow) else (row.prompt, row.first, row.second)
    return sum(map(len, texts))


def facts(sizes: Sizes) -> dict[str, Any]:
    """What a card would say of the sizes, without building the problem: `sets` as in Card.facts."""
    drawn = 0.5 * REDRAWN
    return {
        "metric": "PGR",
        "backend": "hf",
        "sizes": sizes.known,
        "train_label_items": sizes.train_label,
        "train_unlabel_items": sizes.train_unlabel,
        "test_items": sizes.test,
        "tokens_per_item": round(sizes.tokens),
        "verify_teacher_items": round(drawn * sizes.train_label),
        "verify_train_items": round(drawn * sizes.train_unlabel),
        "sets": {name: _set(name, share, sizes) for name, share in TEST_SHARES.items()},
    }


def _set(name: str, share: float, sizes: Sizes) -> dict[str, Any]:
    spread, of = (DISAGREEMENT**0.5 / TYPICAL_GAP, "PGR") if name == "verify" else (0.5, "accuracy")
    independent = max(1, round(share * sizes.test_groups))
    half = round(1.96 * spread / independent**0.5, 3)
    return {"items": round(share * sizes.test), "independent": independent, "half_width": half, "of": of}


def assumptions_of(pairs: Sequence[str]) -> tuple[list[str], list[str]]:
    """Which of `NAME=NUMBER` are about trainings, and which are not."""
    names: Mapping[str, Any] = TrainingAssumptions.model_fields
    mine = [pair for pair in pairs if pair.partition("=")[0].strip() in names]
    return mine, [pair for pair in pairs if pair not in mine]
