"""The gate in front of dev: what self-checks without labels say against a candidate."""

from pydantic import BaseModel, ConfigDict, Field, ValidationError

CONSTANT = 0.05
CHANCE = 0.5
EXPLAINED = 0.55
STABLE = 0.6
FILE = "check.json"
MAX_BYTES = 65536

Share = Field(ge=0, le=1)


class Checks(BaseModel):
    """What the runner wrote about the students of one call; it comes out of a sandbox, so it is read strictly."""

    model_config = ConfigDict(frozen=True, extra="ignore", strict=True)

    agreement_with_teacher: float = Share
    """Share of the train inputs."""
    agreement_between_seeds: float | None = Field(None, ge=0, le=1)
    """Mean over pairs of seeds; None for one seed."""
    agreement_with_prior: float = Share
    """As above, with the strong model's zero-shot answers."""
    share_of_class_1: float = Share
    """Of the students' predictions."""
    learnability: float = Share
    """How often cross-fitted heads repeat the predictions."""
    fingerprint: dict[str, str] = Field(max_length=64)
    """Seed -> hash of its predictions."""

    @property
    def profile(self) -> tuple[float, ...]:
        """What tells one student from another without labels. Confidence is left out: it changes no answer."""
        return (self.agreement_with_teacher, self.agreement_with_prior, self.learnability, self.share_of_class_1)

    @property
    def name(self) -> str:
        """One fingerprint for all seeds of the call."""
        return "-".join(self.fingerprint[seed][:16] for seed in sorted(self.fingerprint))


def read(data: bytes | None) -> Checks | None:
    """The checks in a file of the workspace; None when there are none that make sense."""
    if data is None:
        return None
    try:
        return Checks.model_validate_json(data)
    except ValidationError:
        return None


def objection(checks: Checks) -> str:
    """Why these students are not worth an answer of dev; "" when nothing speaks against them."""
    rules = (
        (not CONSTANT <= checks.share_of_class_1 <= 1 - CONSTANT, "nearly the same prediction for every item"),
        (checks.agreement_with_teacher < CHANCE, "less agreement with the teacher than by chance"),
        (checks.learnability < EXPLAINED, "predictions that no direction explains"),
        ((checks.agreement_between_seeds or 1.0) < STABLE, "seeds that contradict each other"),
    )
    return next((words for applies, words in rules if applies), "")
