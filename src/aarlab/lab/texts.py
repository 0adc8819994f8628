"""Checks of what researchers write."""

from aarlab.errors import ResearcherError
from aarlab.settings import LimitSettings

_CONTROLS = {chr(code) for code in range(32)} - {"\n", "\t", "\r"} | {"\x7f"}


def check_text(
    text: str, what: str, *, limits: LimitSettings, required: bool = False, lines: int | None = None
) -> None:
    """Raises ResearcherError unless `text` is plain Unicode within the limit; `what` names it in the answer."""
    try:
        size = len(text.encode())
    except UnicodeEncodeError:
        raise ResearcherError(f"{what} is not valid Unicode", code="malformed") from None
    if size > limits.finding_kb * 1024:
        raise ResearcherError(f"{what} has at most {limits.finding_kb} kB, this has {size // 1024 + 1}", code="large")
    if required and not text.strip():
        raise ResearcherError(f"{what} is empty", code="malformed")
    if lines == 1 and len(text.splitlines()) > 1:
        raise ResearcherError(f"{what} is one line", code="malformed")
    if not _CONTROLS.isdisjoint(text):
        raise ResearcherError(f"{what} holds control characters", code="malformed")
