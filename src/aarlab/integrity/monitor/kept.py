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

    def worst(self, case: Case) -> float:
        """What was kept has been paid for."""
        kept = self._kept(case)
        return self._monitor.worst(case) if kept is None else kept.dollars or 0.0

    def review(self, case: Case) -> Review:
        """As in the protocol."""
        if (kept := self._kept(case)) is not None:
            return kept
        review = self._monitor.review(case)
        if not review.trouble:
            self._folder.mkdir(mode=0o700, parents=True, exist_ok=True)
            write_atomic(self._path(case), _FORM.dump_json(review), mode=0o600)
        return review

    def _kept(self, case: Case) -> Review | None:
        wanted, found = blank(case, model=self.name), _load(self._path(case))
        return found if found is not None and _bound(found) == _bound(wanted) else None

    def _path(self, case: Case) -> Path:
        return self._folder / f"{digest_json(_bound(blank(case, model=self.name)))}.json"


def _bound(review: Review) -> list[str]:
    """What a review holds for."""
    return [review.content, review.read, review.questions, review.model]


def _load(path: Path) -> Review | None:
    """A review that was kept; None where there is none or the file is no review."""
    try:
        return _FORM.validate_json(path.read_bytes())
    except (FileNotFoundError, ValidationError):
        return None
