"""The naive scorer's other half: how it runs and keeps what researchers hand in."""

from pathlib import Path


class NaiveHost:
    """Has a folder, and no walls."""

    def __init__(self, folder: Path) -> None:
        """`folder` exists and is empty."""
        self.folder = folder
