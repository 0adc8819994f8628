"""What a folder of each domain is made of.

Hub names, files, licences and commits were looked up in October and November 2026 in the cards of the data sets and in
public repositories that pin them; nothing was fetched for it.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass

from aarlab.w2s.datasets import chat, code, maths
from aarlab.w2s.datasets.items import Dropped, Item
from aarlab.w2s.datasets.solutions import Judge, Question, by_answer, by_verdict
from aarlab.w2s.datasets.sources import Known, Record

PairReader = Callable[[Iterable[Record], Dropped], Iterator[Item]]
QuestionReader = Callable[[Iterable[Record], Dropped], Iterator[Question]]


@dataclass(frozen=True)
class Pairs:
    """A source of preferences."""

    read: PairReader
    """Its reader."""
    part: str
    """"train" or "test"."""
    known: Known
    """Where it is published."""


@dataclass(frozen=True)
class Questions:
    """A source of questions; their solutions come from the source `solutions`."""

    read: QuestionReader
    """Its reader."""
    part: str
    """"train", "test", or "difficulty": each question by its own."""
    known: Known
    """Where it is published."""
    usual: bool = True
    """Whether it is read without being named."""


@dataclass(frozen=True)
class Recipe:
    """One domain."""

    sources: Mapping[str, Pairs | Questions]
    """By the name that --source takes."""
    labelled: float
    """Share of the training questions for the weak teacher, as in the study."""
    judge: Judge | None = None
    """How a file of solutions is labelled; None = the domain has pairs."""


SOLUTIONS = "solutions"
"""Name of the source with what models wrote."""
_SHARDS = tuple(f"ALL/train-{number:05d}-of-00009.parquet" for number in range(9))


def _gsm8k(split: str) -> Known:
    return Known("openai/gsm8k", (f"main/{split}-00000-of-00001.parquet",), "MIT")


CHAT = Recipe(
    {
        "helpsteer2": Pairs(
            chat.helpsteer2,
            "train",
            Known("nvidia/HelpSteer2", ("train.jsonl.gz",), "CC-BY-4.0", "990b2711a36180dd19d9c94b8627844866f8982a"),
        ),
        "helpsteer3": Pairs(
            chat.helpsteer3,
            "train",
            Known(
                "nvidia/HelpSteer3",
                ("preference/train.jsonl.gz",),
                "CC-BY-4.0",
                "f6d145777bcbde96137596340fab89793acd1031",
            ),
        ),
        "rm-bench": Pairs(chat.rm_bench, "test", Known("THU-KEG/RM-Bench", ("total_dataset.json",), "ODC-BY")),
        "reward-bench-2": Pairs(
            chat.reward_bench_2,
            "test",
            Known(
                "allenai/reward-bench-2",
                ("data/test-00000-of-00001.parquet",),
                "ODC-BY",
                "7ff08853b0d5686e79b13fda8677024f566a104a",
            ),
        ),
    },
    labelled=0.25,
)
MATH = Recipe(
    {
        "dapo": Questions(
            maths.dapo,
            "train",
            Known(
                "BytedTsinghua-SIA/DAPO-Math-17k",
                ("data/dapo-math-17k.parquet",),
                "Apache-2.0",
                "65877096c24ffa7abc4e4fa5edb95cf3413a5674",
            ),
        ),
        "aime": Questions(
            maths.aime,
            "test",
            Known(
                "gneubig/aime-1983-2024",
                ("AIME_Dataset_1983_2024.csv",),
                "CC0-1.0",
                "1f8845323b0b5994dbd74bbd0e01dc077cbcd827",
            ),
        ),
        "gsm8k": Questions(maths.gsm8k, "train", _gsm8k("train"), usual=False),
        "gsm8k-test": Questions(maths.gsm8k, "test", _gsm8k("test"), usual=False),
    },
    labelled=0.3,
    judge=by_answer,
)
CODE = Recipe(
    {
        "taco": Questions(
            code.taco,
            "difficulty",
            Known(
                "BAAI/TACO",
                (*_SHARDS, "ALL/test-00000-of-00001.parquet"),
                "Apache-2.0, parts under others: see source",
                "d593ed0a2becbbc952230bb89be09189bf1056dc",
            ),
        )
    },
    labelled=0.1,
    judge=by_verdict,
)
RECIPES = {"chat": CHAT, "math": MATH, "code": CODE}
