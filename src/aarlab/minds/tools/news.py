"""What is new since last time, for whoever has a door and a workspace."""

from collections.abc import Callable
from typing import Any

from aarlab.api.client import Door
from aarlab.digest import FILE, FILE_BYTES, Digest
from aarlab.minds.protocol import Workbench


def digest_of(bench: Workbench) -> Digest:
    """The digest of a mind."""
    return digest_through(
        bench.door, get=lambda: bench.get(FILE, max_bytes=FILE_BYTES), put=lambda data: bench.put(FILE, data)
    )


def digest_through(door: Door, *, get: Callable[[], bytes | None], put: Callable[[bytes], None]) -> Digest:
    """The digest of whoever comes to `door`; `get` and `put` read and write digest.FILE of the workspace."""

    def look(after: int) -> dict[str, Any]:
        many = {"forum": door.forum(after=after), "incidents": door.incidents()}
        one = {"me": door.me(), "board": door.board()}
        found: dict[str, Any] = {
            name: [one.model_dump(mode="json") for one in answers] for name, answers in many.items()
        }
        return found | {name: answer.model_dump(mode="json") for name, answer in one.items()}

    return Digest(get=get, put=put, look=look)
