"""Transfers at the operator's door: verified methods on other domains. Researchers never see them."""

from typing import Any, Literal

from pydantic import Field

from aarlab.wire.base import Status, Wire


class TransferRequest(Wire):
    """POST /operator/transfers: carries a verified method to other domains."""

    submission: str
    """A finished verification."""
    to: tuple[str, ...] = Field(min_length=1, max_length=16)
    """Names of domains, or folders of data with a "/" in them."""
    seeds: int | None = Field(None, ge=2, le=256)
    """Fresh draws of each; None = verify.seeds."""
    answers: int = Field(0, ge=0, le=500)
    """Dev answers of each domain with which settings may be tuned; 0 = not at all."""
    settings: str | None = Field(None, max_length=65536)
    """A config.json with other numbers, tuned elsewhere."""


class TransferRow(Wire):
    """A method on a domain."""

    untrusted: tuple[str, ...] = ("name", "settings", "tuning")
    """Fields that hold text of a researcher: data."""
    id: str
    submission: str | None = None
    """None outside of a study."""
    name: str
    """Title of the proposal, or what the method was called."""
    way: Literal["as is", "retuned", "given"]
    """Unchanged; settings tuned on the domain's dev answers; settings that were chosen elsewhere."""
    origin: bool
    """Whether it is the domain that the method comes from, on fresh draws again."""
    place: str
    """Name of the domain."""
    problem: str
    components: str
    """Hash of all of the method but the numbers in its config.json."""
    settings: str | None
    """config.json as it was run; None = as it was verified."""
    status: Status
    value: float | None
    low: float | None
    high: float | None
    refusal: str | None
    facts: dict[str, Any]
    """`by_distribution` has the parts "id" and "ood" where the data mark them."""
    over: dict[str, dict[str, tuple[float, float, float] | None]]
    """Paired differences on the same draws with their 95 % intervals: to "vanilla", and of what was tuned to "as is";
    each on "all" items and on the marked parts."""
    marks: dict[str, dict[str, Any]]
    """References of the lab's own on the same draws."""
    draws: int
    answers: int
    """Dev answers of the domain that were asked for its settings."""
    tuning: tuple[dict[str, Any], ...]
    """What was tried, and the answer."""
    note: str = ""
    """Degraded conditions, in words."""


class TransferState(Wire):
    """GET /operator/transfers/{id}: how far a request is."""

    id: str
    done: bool
    step: int = 0
    steps: int = 0
    words: str = ""
    """What is being done."""
    rows: tuple[TransferRow, ...] = ()
    """What is on record for it so far."""
    trouble: str = ""
    """Why it ended early; "" if it did not."""
    status: int = 0
    """Exit status that goes with the trouble."""
