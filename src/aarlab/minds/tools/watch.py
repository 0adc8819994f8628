"""The watchdog over what a mind does with its tools: it is warned once, and then the researcher is paused."""

import json
from collections.abc import Callable, Mapping
from functools import partial
from typing import Any

from aarlab.minds.protocol import GivenUp, Workbench

HANDED_IN = ("snapshot", "submit_dev", "submit_verify")
"""Tools whose answer begins with the id of what was handed in."""
WAITING = ("queued", "running")
"""In the answer of who waits for the lab: asking again is no repetition."""


class Rule:
    """Counts one thing that should not go on for long."""

    def __init__(self, words: str, *, warn_at: int, end_at: int, warn: Callable[[str], None]) -> None:
        """`words` with {count} in them."""
        self._words, self._warn_at, self._end_at, self._warn = words, warn_at, end_at, warn
        self._count = 0

    def saw(self, *, again: bool) -> None:
        """Once more, or at last something else. Raises GivenUp."""
        self._count = self._count + 1 if again else 0
        words = self._words.format(count=self._count)
        if self._count >= self._end_at:
            raise GivenUp(words)
        if again and self._count == self._warn_at:
            self._warn(f"{words}; if that goes on you are paused. Do something else, or say what is missing")


class Watch:
    """Over the calls and sessions of one researcher. A restarted process begins to count anew."""

    def __init__(self, bench: Workbench) -> None:
        """With the bench's settings."""
        settings, warn = bench.watchdog, bench.warn
        often = partial(Rule, warn_at=settings.repeats, end_at=2 * settings.repeats, warn=warn)
        self._same = often("the same call had the same result {count} times more")
        self._known_again = often("what was handed in already was handed in again, {count} times in a row")
        self._failing = often("{count} calls in a row were refused or could not be carried out")
        most = settings.empty_sessions
        self._empty = Rule("{count} sessions in a row called no tool", warn_at=most - 1, end_at=most, warn=warn)
        self._last: tuple[str, str, str] | None = None
        self._known = set[str]()

    def called(self, name: str, given: str | Mapping[str, Any] | None, *, result: str, failed: bool) -> None:
        """A call was carried out or refused. Raises GivenUp."""
        if any(word in result for word in WAITING) and name == "submit_verify":
            return
        call = name, given if isinstance(given, str) else json.dumps(given, sort_keys=True), result
        self._same.saw(again=call == self._last)
        self._last = call
        self._failing.saw(again=failed)
        if name in HANDED_IN and not failed:
            key = " ".join(result.split()[:2])
            self._known_again.saw(again=key in self._known)
            self._known.add(key)

    def session(self, *, worked: bool) -> None:
        """A session has ended. Raises GivenUp."""
        self._empty.saw(again=not worked)
