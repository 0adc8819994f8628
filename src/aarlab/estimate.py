"""What a study will cost: what is certain from its caps, and what its models may cost by assumptions that are shown."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from pydantic import Field

from aarlab.errors import UserError
from aarlab.prices import Counts, Prices, minds_of, prices_in_force
from aarlab.settings import MindSettings, Model, StudyConfig
from aarlab.studyfile import parse_value, validate_table

HOUR = 3600.0
PUBLISHED = (
    "published: nine language-model researchers, five days, 800 researcher-hours: about $18,000, $22 per "
    "researcher-hour; a later study of five with cheaper models: about $4 per researcher-hour"
)
"""Wen et al. (April 2026) and Chen et al. (August 2026)."""


class Assumptions(Model):
    """What nobody knows before: guesses, each to be replaced by what `aarlab costs` shows of a study of yours."""

    turns_per_hour: float = Field(60.0, ge=0)
    """Answers of a model in an hour: a third of a minute for the answer, the rest for commands and waiting; a guess."""
    output_tokens: float = Field(700.0, ge=0)
    """Tokens of one answer, what is thought among them; a guess."""
    result_tokens: float = Field(800.0, ge=0)
    """Tokens of tool results after one answer: most are short, the longest has 12,000 characters; a guess."""
    opening_tokens: float = Field(4000.0, ge=0)
    """Tokens of instructions, tools and first message; measured, at four bytes a token."""
    cached: float = Field(0.9, ge=0, le=1)
    """Part of what was sent before that the provider still has in its cache: long commands let it lapse; a guess."""
    review_tokens: float = Field(36_000.0, ge=0)
    """Tokens that the monitor reads of one method: twice with 64 kB of transcript, at four bytes a token."""

    @classmethod
    def of(cls, pairs: Sequence[str]) -> "Assumptions":
        """These, with `NAME=NUMBER` over them. Raises UserError."""
        split = [text.partition("=") for text in pairs]
        given = {name.strip(): parse_value(value) for name, _, value in split}
        return validate_table(cls, given, source="--assume", table="assume")

    def notes(self) -> list[tuple[str, str, str]]:
        """Name, value, and where it comes from."""
        infos = type(self).model_fields.items()
        return [(name, f"{getattr(self, name):g}", info.description or "") for name, info in infos]


@dataclass(frozen=True)
class Estimate:
    """Of one study."""

    assumptions: Assumptions | None
    """None where no model is asked."""
    hours: float
    """Researcher-hours: everybody, all the working time."""
    model_hour: float
    """Dollars for models in an hour of one researcher, the mean of all; by the assumptions."""
    machine_hour: float
    """Dollars at most for the cores and GPUs of its sandbox in that hour; certain."""
    verification: float
    """Dollars at most for one verification without its reading; certain."""
    lab: float
    """Dollars for all verifications (at most) and their readings by the monitor (by the assumptions)."""
    total: float
    """Dollars for the whole study."""
    cap: float
    """budget.dollars."""
    ends_after: float | None
    """Hours of working time after which the cap ends it; None = it does not."""

    @property
    def researcher_hour(self) -> float:
        """All dollars over all researcher-hours."""
        return self.total / self.hours

    def lines(self) -> list[str]:
        """In words."""
        asked = f"models about ${self.model_hour:.2f}, " if self.assumptions else ""
        about = "about" if self.assumptions else "at most"
        return [
            f"a researcher-hour: {asked}its sandbox at most ${self.machine_hour:.3f}; "
            f"all verifications and their readings ${self.lab:.2f}",
            f"the whole study: {self.hours:,.2f} researcher-hours, {about} ${self.total:,.2f}, "
            f"${self.researcher_hour:,.2f} per researcher-hour",
            *self._against_the_cap(),
            *([PUBLISHED] if self.assumptions else []),
        ]

    def _against_the_cap(self) -> list[str]:
        cap, one = f"budget.dollars = {self.cap:,.2f}", f"one verification (at worst ${self.verification:,.4f})"
        poor = [f"warning: {cap} does not pay for {one}"] if self.verification > self.cap else []
        if self.ends_after is None:
            return [f"{cap} is enough for that and is never exceeded", *poor]
        ends = "ends" if self.assumptions else "may end"
        return [
            f"warning: {cap} is never exceeded, so it {ends} the study after about {self.ends_after:,.2f} hours",
            *poor,
        ]


def estimate(config: StudyConfig, assumed: Assumptions) -> Estimate:
    """The whole study. Raises UserError for a model whose price nobody knows."""
    prices, minds = prices_in_force(config), minds_of(config)
    if any(mind.kind != "search" and not mind.model for mind, _ in minds):
        raise UserError("minds.model is not set, so nobody knows what it costs")
    asked = [(mind, count, prices[mind.model]) for mind, count in minds if mind.kind != "search"]
    fleet, hours = sum(count for _, count in minds), config.budget.minutes / 60
    models = sum(count * turn(mind, one, assumed) for mind, count, one in asked) * assumed.turns_per_hour / fleet
    machine = HOUR * config.sandbox_second
    lab = _of_the_lab(config, prices, assumed)
    total = (models + machine) * fleet * hours + lab
    cap = config.budget.dollars
    ends = hours * cap / total if total > cap else None
    one = config.verification_dollars
    return Estimate(assumed if prices else None, fleet * hours, models, machine, one, lab, total, cap, ends)


def turn(mind: MindSettings, prices: Prices, assumed: Assumptions) -> float:
    """Dollars for one answer, the mean of a session that grows and is cut as the loop does it."""
    grows, length, before, dollars = assumed.output_tokens + assumed.result_tokens, assumed.opening_tokens, 0.0, 0.0
    for _ in range(mind.turns):
        if length > mind.context_tokens:
            length, before = mind.context_tokens / 2, 0.0
        read = before * assumed.cached
        counts = (length, assumed.output_tokens, read, length - read)
        dollars += _dollars(prices, *counts)
        length, before = length + grows, length
    return dollars / mind.turns


def _dollars(prices: Prices, tokens_in: float, tokens_out: float, read: float = 0.0, kept: float = 0.0) -> float:
    return prices.dollars(Counts(round(tokens_in), round(tokens_out), round(read), round(kept)))


def _of_the_lab(config: StudyConfig, prices: Mapping[str, Prices], assumed: Assumptions) -> float:
    count, machine = config.budget.verifications, config.verification_dollars
    reader = prices.get(config.integrity.monitor)
    return count * (machine + (_dollars(reader, assumed.review_tokens, 1000) if reader else 0.0))
