"""How much text of researchers a report holds: it must stay small enough to be opened and sent."""

from markupsafe import escape


class Room:
    """Bytes that are left in one part of the report. What does not fit is named, not silently dropped."""

    def __init__(self, size: int) -> None:
        """All of it is free."""
        self._left = size

    def take(self, text: str) -> str | None:
        """The text when there is room for all of it as it will stand on the page, escaped; None when there is not."""
        size = len(str(escape(text)).encode())
        if size > self._left:
            return None
        self._left -= size
        return text
