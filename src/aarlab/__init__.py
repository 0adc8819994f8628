"""A laboratory for automated alignment researchers. `read_study` is what notebooks import from here."""

from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from aarlab.report.study import Study

__version__ = "0.1.0"


def read_study(path: str | Path) -> "Study":
    """The tables of a study, running or ended (docs/notebooks.md). Raises UserError when none has begun at `path`."""
    from aarlab.report.study import read_study as read

    return read(path)
