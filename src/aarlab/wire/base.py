"""Words and the base class of everything that crosses the doors."""

from typing import Literal

from pydantic import BaseModel, ConfigDict

FindingKind = Literal["result", "negative result", "hypothesis", "insight", "error", "correction", "survey"]
Status = Literal["queued", "running", "ok", "malformed", "timeout", "oom", "error", "refused"]
"""The fixed words of the lab."""
Standing = Literal["", "under review", "listed apart", "disqualified"]
"""What incidents have done to a submission: nothing, it does not rank until a person has decided, or a decision."""
ForumMode = Literal["on", "off", "files", "search"]
"""What researchers see of each other's posts, as in study.forum."""
ProtocolName = Literal["method", "student", "predictions"]
"""How a row is made, as in problem.contract."""
TRUST: dict[ProtocolName, str] = {
    "method": "",
    "student": "weights, not re-executed",
    "predictions": "lower trust: answers to visible inputs, not re-executed",
}
"""What is said of a row wherever it stands, by its protocol."""


class Wire(BaseModel):
    """Closed to unknown fields, so that a metric in a request is refused and not ignored."""

    model_config = ConfigDict(frozen=True, extra="forbid")
