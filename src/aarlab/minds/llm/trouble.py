"""What a failed call of a model means: to be tried again, to be said shorter, to be left, or a person's business.

Nothing of the provider's own words is passed on: some repeat the key.
"""

import re
from dataclasses import dataclass
from typing import NoReturn

from aarlab.errors import OperatorError, UserError
from aarlab.minds.llm.names import Name

PASSES = frozenset({408, 409, 425, 429})
"""With all from 500 on, the HTTP statuses that may be another one next time."""
TOO_LARGE = 413
_OVERFLOW = re.compile(r"context.{0,20}(size|length|window)|exceeds? .{0,40}context|prompt is too long", re.IGNORECASE)
"""How servers say that a conversation is too long, where the library does not know their words."""


class TooLong(Exception):  # noqa: N818 - it is no failure: the conversation is cut and sent again
    """The provider says that the conversation does not fit into the model's context."""


class Refused(Exception):  # noqa: N818 - the session ends, the researcher goes on
    """The provider does not let the model answer this conversation."""


@dataclass(frozen=True)
class Trouble:
    """A failed attempt that may be repeated."""

    words: str
    """What happened, in our words."""
    pause: float | None = None
    """Seconds that the provider wants."""
    sent: bool = True
    """Whether it may have been paid for."""


def judged(error: Exception, name: Name) -> Trouble:
    """What may pass. Raises TooLong, UserError for what a person must put right, OperatorError for what stays away."""
    from pydantic_ai import exceptions

    if isinstance(error, exceptions.ModelContextWindowExceededError):
        raise TooLong from None
    status = error.status_code if isinstance(error, exceptions.ModelHTTPError) else None
    _stop_if_permanent(error, name, status)
    pause = error.retry_after if isinstance(error, exceptions.ModelAPIError) else None
    if isinstance(error, exceptions.ModelAPIError) and error.in_stream:
        return Trouble(f"the provider broke its answer off ({type(error).__name__})", pause)
    if isinstance(error, exceptions.ModelHTTPError):
        if error.provider_retry_hint is False:
            raise OperatorError(f"{name.words}: the provider answered with status {status} and wants no other attempt")
        return Trouble(f"the provider answered with status {status}", pause, sent=False)
    if isinstance(error, exceptions.ModelTimeoutError | exceptions.ModelRequestTimeout):
        connecting = isinstance(error, exceptions.ModelTimeoutError) and error.phase in ("pool", "connect")
        return Trouble("nothing came from the provider for too long", pause, sent=not connecting)
    if isinstance(error, exceptions.ModelConnectionError):
        sent = error.phase not in ("pool", "connect")
        return Trouble("the connection was lost" if sent else "there was no connection", pause, sent=sent)
    return Trouble(f"the answer was no answer ({type(error).__name__})", pause)


def _stop_if_permanent(error: Exception, name: Name, status: int | None) -> None:
    """Raises for what no repetition cures."""
    from pydantic_ai import exceptions

    if isinstance(error, exceptions.ModelAuthenticationError):
        _ask_a_person(name, f"the provider refused the key; set {name.key}")
    if isinstance(error, exceptions.ModelNotFoundError):
        _ask_a_person(name, f"the provider knows no such model; correct the name, or {name.base}")
    if isinstance(error, exceptions.ModelQuotaExceededError):
        _ask_a_person(name, f"the account of {name.key} has no credit left")
    rejected = isinstance(error, exceptions.ModelRequestRejectedError)
    if rejected or (status is not None and status < 500 and status not in PASSES):
        body = error.body if isinstance(error, exceptions.ModelAPIError) else None
        if status == TOO_LARGE or _OVERFLOW.search(str(body)):
            raise TooLong from None
        _ask_a_person(name, f"the provider refused the request (status {status}); does the model know tools?")


def _ask_a_person(name: Name, why: str) -> NoReturn:
    raise UserError(f"{name.words}: {why}") from None
