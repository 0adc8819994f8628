"""Keeps reviews on disk, so that a lab that starts again does not pay for the same reading twice."""

from pathlib import Path

from pydantic import TypeAdapter, ValidationError

from aarlab.canonical import digest_json, write_atomic
from aarlab.integrity.case import Case
from aarlab.integrity.monitor.protocol import Monitor, Review, blank

_FORM = TypeAdapter(Review)


class KeptReviews:
    """A monitor that asks another one, unless exactly the same text was read by the same model with the same questions.

    Only whole readings are kept: what failed is tried again.
    """

    def __init__(self, monitor: Monitor, folder: Path) -> None:
        """`folder` belongs to the operator (0700): who can write there can put an old review in another's place."""
        self._monitor, self._folder = monitor, folder

    @property
    def name(self) -> str:
        """Of the monitor that reads."""
        return self._monitor.name

    def review(self, case: Case) -> Review:
        """As in the protocol."""
        wanted = blank(case, model=self.name)
        path = self._folder / f"{digest_json(_bound(wanted))}.json"
        kept = _load(path)
        if kept is not None and _bound(kept) == _bound(wanted):
            return kept
        review = self._monitor.review(case)
        if not review.trouble:
            self._folder.mkdir(mode=0o700, parents=True, exist_ok=True)
            write_atomic(path, _FORM.dump_json(review), mode=0o600)
        return review


def _bound(review: Review) -> list[str]:
    """What a review holds for."""
    return [review.content, review.read, review.questions, review.model]


def _load(path: Path) -> Review | None:
    """A review that was kept; None where there is none or the file is no review."""
    try:
        return _FORM.validate_json(path.read_bytes())
    except (FileNotFoundError, ValidationError):
        return None
