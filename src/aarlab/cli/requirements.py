"""What a study needs beside its data: models, keys, packages, papers. Missed before anything is written."""

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from aarlab.settings import StudyConfig


def require_models(config: "StudyConfig", *, replaced: Mapping[str, Mapping[str, Any] | None] | None = None) -> None:
    """Raises UserError and OperatorError for a model or tracker that cannot be used (no key, no package), bad papers.

    `replaced`: settings of those minds that are others by now, by researcher.
    """
    from aarlab.fleet.researcher import check_minds
    from aarlab.fleet.tracking.choose import require_tracker
    from aarlab.integrity.monitor import make_monitor
    from aarlab.lab.library import papers_of

    require_tracker(config.tracking.tracker)
    make_monitor(config.integrity.monitor, price=config.price)
    papers_of(config)
    check_minds(config, replaced=replaced)
